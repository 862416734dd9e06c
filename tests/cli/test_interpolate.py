import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jgan.cli import interpolate
from jgan.errors import UserError


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, points: Path, pictures: Path) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("interpolate")
    found = {"images": pictures, "points": points, "bare": pictures}
    found = {name: shutil.copytree(run, folder / name) for name, run in found.items()}
    settings = json.loads((pictures / "settings.json").read_text())
    settings["arguments"]["kind"] = "bare"
    (found["bare"] / "settings.json").write_text(json.dumps(settings))
    return found


def test_a_strip_and_a_loop(runs: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    words = f"{runs['images']} --rows 3 --steps 4 --frames 5 --kind linear".split()
    assert interpolate.main(words) == 0
    out = runs["images"] / "interpolation"
    assert sorted(path.name for path in out.iterdir()) == ["loop.gif", "strip.png"]
    with Image.open(out / "strip.png") as file:
        assert file.size == ((4 * 9 - 1) * 8, (3 * 9 - 1) * 8)
    with Image.open(out / "loop.gif") as file:
        assert file.format == "GIF"
        assert file.size == ((2 * 9 - 1) * 8,) * 2
    output = capsys.readouterr().out
    assert "3 linear paths of 4 examples" in output
    assert str(out / "loop.gif") in output


def test_kinds_seeds_and_folders(runs: dict[str, Path], tmp_path: Path) -> None:
    strips = []
    for index, flags in enumerate((["--seed", "1"], ["--seed", "2"], ["--seed", "1"])):
        out = tmp_path / str(index)
        words = [str(runs["images"]), "--out", str(out), "--frames", "2", *flags]
        assert interpolate.main(words) == 0
        with Image.open(out / "strip.png") as file:
            strips.append(np.asarray(file))
    assert not np.array_equal(strips[0], strips[1])
    np.testing.assert_array_equal(strips[0], strips[2])


def test_points(runs: dict[str, Path], tmp_path: Path) -> None:
    words = [str(runs["points"]), "--out", str(tmp_path), "--frames", "3", "--step", "2"]
    assert interpolate.main(words) == 0
    with Image.open(tmp_path / "strip.png") as file:
        assert file.size == (384, 384)


@pytest.mark.parametrize(
    ("run", "flags", "sentence"),
    [
        ("bare", "", "has no latent to interpolate"),
        ("images", "--kind cubic", "invalid choice: 'cubic'"),
        ("images", "--steps 1", "is 1, but must be at least 2"),
        ("images", "--rows 0", "is 0, but must be at least 1"),
        ("images", "--step 77", "no checkpoint of step 77"),
    ],
)
def test_mistakes(runs: dict[str, Path], run: str, flags: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        interpolate.main([str(runs[run]), *flags.split()])
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a run directory"):
        interpolate.main([str(tmp_path)])
