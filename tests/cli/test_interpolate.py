import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jgan.cli import interpolate
from jgan.cli.main import main
from jgan.errors import UserError

TINY = '''
"""A tiny GAN."""
import numpy as np
import optax
from jgan.data import Source, load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import pair
from jgan.rules import alternating, averaged
from jgan.training.experiment import Experiment


def experiment(*, images: bool = True, latent: bool = True) -> Experiment:
    """Build it."""
    source = Source({"image": np.arange(20 * 64, dtype=np.uint8).reshape(20, 8, 8, 1)}, "grey")
    source = source if images else load("ring").take(20)
    game = gan(*pair(source.shape, width=2), get_loss("hinge"), normal(2))
    if not latent:
        game = game._replace(sampler=None)
    rule = averaged(alternating(game, {p: optax.adam(1e-3) for p in (GENERATOR, DISCRIMINATOR)}))
    return Experiment(game, rule, source, 2, 10)
'''


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("interpolate")
    (folder / "tiny.py").write_text(textwrap.dedent(TINY))
    found = {}
    for name, flags in (("images", []), ("points", ["--no-images"]), ("bare", ["--no-latent"])):
        found[name] = folder / name
        words = ["train", str(folder / "tiny.py"), "--out", str(found[name]), *flags]
        assert main(words) == 0
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
