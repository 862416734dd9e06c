"""A run knows its data: it is sampled without them, and refuses others; what is read is left as it was."""

import json
import shutil
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from jgan.cli.main import main
from jgan.evaluation.samples import fields_read
from jgan.runs.saved import load_run, without_data

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
SMALL = ["--width", "2", "--batch-size", "8"]


def folder(path, classes=("cat", "dog", "emu"), count=9):
    for number, name in enumerate(classes):
        (path / name).mkdir(parents=True)
        for i in range(count):
            Image.new("RGB", (16, 16), (60 * number,) * 3).save(path / name / f"{i}.png")
    return path


def train(name, data, out, *flags):
    words = ["train", str(EXPERIMENTS / f"{name}.py"), "--data", str(data), "--out", str(out)]
    return main([*words, *SMALL, *flags])


def settings(run):
    return json.loads((run / "settings.json").read_text())


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A conditional game on three classes of pictures and a game on points, of data named by relative paths."""
    place = tmp_path_factory.mktemp("kept")
    folder(place / "d")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert train("cgan", "folder:d", place / "run", "--body", "mlp", "--steps", "4") == 0
        points = np.random.default_rng(0).normal(size=(64, 2)).astype(np.float32)
        np.savez("x.npz", image=points)
        assert train("r1", "x.npz", place / "points", "--steps", "4") == 0
    return place


@pytest.fixture
def place(kept, tmp_path, monkeypatch):
    """A copy of it, from where the path leads to the data."""
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    for name in ("run", "points"):
        path = tmp_path / name / "settings.json"
        path.write_text(path.read_text().replace(str(kept), str(tmp_path)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_settings_tell_of_the_data(place):
    kept = settings(place / "run")
    assert kept["arguments"]["data"] == f"folder:{place}/d"
    data = kept["data"]
    assert (data["name"], data["examples"], data["classes"]["counts"]) == ("d", 27, [9, 9, 9])
    assert data["classes"]["names"] == ["cat", "dog", "emu"]
    assert data["fields"]["image"]["shape"] == [16, 16, 3]
    assert data["fields"]["image"]["range"] == [0, 120]
    assert len(data["fields"]["image"]["sha256"]) == 64


def resume(place, *flags):
    return train("cgan", "folder:d", place / "run", "--body", "mlp", "--steps", "6", *flags)


@pytest.mark.full
def test_a_run_goes_on_by_the_same_words(place):
    assert resume(place) == 0


@pytest.mark.full
def test_a_run_goes_on_where_its_data_were_moved(place):
    (place / "d").rename(place / "elsewhere")
    words = ["cgan", "folder:elsewhere", place / "run", "--body", "mlp", "--steps", "6"]
    assert train(*words) == 0
    assert settings(place / "run")["arguments"]["data"] == f"folder:{place}/elsewhere"


def test_a_run_without_the_key_goes_on(place):
    kept = settings(place / "run")
    del kept["data"]
    kept["arguments"]["data"] = "folder:d"  # as it was typed
    (place / "run" / "settings.json").write_text(json.dumps(kept))
    (place / "d" / "emu").rename(place / "d" / "ape")
    assert main(["sample", str(place / "run"), "--count", "2"]) == 0
    assert resume(place) == 0
    assert settings(place / "run")["data"]["classes"]["names"] == ["ape", "cat", "dog"]


OTHER = "the classes ape, cat, dog, not the classes cat, dog, emu; give those"


def test_other_data_are_refused_or_accepted(place, capsys):
    run = str(place / "run")
    (place / "d" / "emu").rename(place / "d" / "ape")
    assert resume(place) == 2
    assert (
        f"run directory {run!r} was trained on other data: 'd' has {OTHER}"
        in capsys.readouterr().err
    )
    assert main(["neighbours", run, "--count", "2", "--k", "1"]) == 2
    assert f"run {run!r} was trained on other data: 'd' has {OTHER}" in capsys.readouterr().err
    fork = ["cgan", "folder:d", place / "fork", "--body", "mlp", "--steps", "6", "--fork", run]
    assert train(*fork) == 2
    assert OTHER in capsys.readouterr().err
    assert train(*fork, "--accept-data") == 0
    assert resume(place, "--accept-data") == 0
    assert settings(place / "run")["data"]["classes"]["names"][0] == "ape"


def test_classes_that_were_added_are_named(place, capsys):
    folder(place / "d", ["bee"], 2)
    assert resume(place) == 2
    assert "the classes bee, cat, dog, emu, not the classes cat" in capsys.readouterr().err


def test_samples_need_no_data(place, capsys):
    run, there = str(place / "run"), place / "with.npz"
    assert (
        main(["sample", run, "--count", "20", "--out", str(there), "--data", f"folder:{place}/d"])
        == 0
    )
    shutil.rmtree(place / "d")
    gone = place / "without.npz"
    assert main(["sample", run, "--count", "20", "--out", str(gone)]) == 0
    assert "(step 4, averaged generator)" in capsys.readouterr().out
    both = [np.load(path)["image"] for path in (there, gone)]
    np.testing.assert_array_equal(*both)
    assert main(["sample", run, "--view", "classes", "--out", str(place / "g.png")]) == 0
    assert main(["interpolate", run, "--frames", "2", "--rows", "2"]) == 0
    capsys.readouterr()
    assert main(["neighbours", run]) == 2
    assert "; if the data lie elsewhere now, give their place by --data." in capsys.readouterr().err


def test_data_that_lie_elsewhere_are_compared(place, capsys):
    run = str(place / "run")
    (place / "d").rename(place / "e")
    words = ["neighbours", run, "--count", "2", "--k", "1", "--data"]
    assert main([*words, "folder:e"]) == 0
    folder(place / "f", ["cat", "dog"])
    assert main([*words, "folder:f"]) == 2
    assert "'f' has the classes cat, dog, not the classes cat, dog, emu" in capsys.readouterr().err


def test_points_are_drawn_over_the_data(place, capsys, monkeypatch):
    run = str(place / "points")
    monkeypatch.chdir("/")
    assert main(["sample", run]) == 0
    (place / "x.npz").rename(place / "y.npz")
    capsys.readouterr()
    assert main(["sample", run]) == 2
    assert "x.npz does not exist; if the data lie elsewhere now" in capsys.readouterr().err
    assert main(["sample", run, "--out", str(place / "s.npz")]) == 0
    assert main(["sample", run, "--data", str(place / "y.npz")]) == 0


@pytest.mark.full
def test_an_encoder_needs_the_data(tmp_path, monkeypatch):
    """The view of reconstructions looks at pictures, that of samples does not."""
    monkeypatch.chdir(tmp_path)
    image = np.random.default_rng(0).integers(0, 255, (32, 8, 8, 1), dtype=np.uint8)
    np.savez("x.npz", image=image)
    assert train("vae", "x.npz", tmp_path / "run", "--steps", "2") == 0
    saved = without_data(lambda data: load_run(tmp_path / "run", data=data))
    batch = {"image": np.zeros((4, 8, 8, 1), np.float32)}
    variables = saved.state.variables
    read = {
        name: fields_read(jax.jit(view), variables, batch, jax.random.key(0))
        for name, view in saved.experiment.game.views.items()
    }
    assert read == {"samples": set(), "reconstructions": {"image"}}
    (tmp_path / "x.npz").unlink()
    assert main(["sample", str(tmp_path / "run")]) == 0
    assert main(["sample", str(tmp_path / "run"), "--view", "reconstructions"]) == 2


def test_a_read_only_run_is_evaluated(place, capsys):
    run = place / "points"
    (run / "evaluations").write_text("")  # stands for a place that cannot be written
    words = ["evaluate", str(run), "--metrics", "sw", "--samples", "20"]
    assert main([*words, "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["protocol"]["step"] == 4
    assert "the result was not kept: " in said.err
    assert "Another place can be given by --out." in said.err
    assert main([*words, "--out", str(place / "new" / "e.json")]) == 0
    assert "step 4, averaged generator\nwrote " in capsys.readouterr().out
    assert json.loads((place / "new" / "e.json").read_text())["evaluations"]
    assert main([*words, "--out", str(place / "e.txt")]) == 2
    assert "must end in .json" in capsys.readouterr().err
