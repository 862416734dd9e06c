"""Runs of jgan 0.1 are read, or refused in a sentence that names the version which made them."""

import json
import shutil
import sys

import pytest

import jgan
from jgan.cli.main import main

WORDS = ("train", "r1", "--data", "ring", "--width", "2", "--batch-size", "8")
NAMED = f"; the run was made by jgan 0.1.0, and not all of its runs can be read by jgan {jgan.__version__}."


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run whose settings say that jgan 0.1.0 made it."""
    out = tmp_path_factory.mktemp("run") / "run"
    assert main([*WORDS, "--steps", "1", "--out", str(out)]) == 0
    settings = json.loads((out / "settings.json").read_text())
    settings["versions"]["jgan"] = "0.1.0"
    (out / "settings.json").write_text(json.dumps(settings))
    return out


@pytest.fixture
def run(made, tmp_path):
    return shutil.copytree(made, tmp_path / "run")


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def refused(words, capsys):
    capsys.readouterr()
    assert main(words) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert message.endswith(NAMED + "\n")
    return message


def test_one_that_fits_is_read_and_goes_on(run):
    assert jgan.load(run).sample(count=3).shape == (3, 2)
    assert main([*WORDS, "--steps", "2", "--out", str(run)]) == 0
    assert jgan.load(run).settings["versions"]["jgan"] == jgan.__version__


def test_settings_without_what_is_needed(run, capsys):
    settings = json.loads((run / "settings.json").read_text())
    del settings["batch_size"]
    (run / "settings.json").write_text(json.dumps(settings))
    assert "it has no 'batch_size'" in refused(["sample", str(run)], capsys)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "from typing import Literal",
            "from jgan.penalties import r1\nfrom typing import Literal",
            "cannot be imported",
        ),
        ("gamma: float = 10.0", "strength: float = 10.0", "unexpected keyword argument 'gamma'"),
        ("normal(latent)", "normal(latent + 1)", "does not fit this experiment or is damaged"),
    ],
)
def test_its_experiment_and_its_checkpoint(run, old, new, message, capsys, monkeypatch):
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    change(run / "experiment.py", old, new)
    assert message in refused(["sample", str(run), "--out", str(run.parent / "a.png")], capsys)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_going_on(run, capsys):
    settings = json.loads((run / "settings.json").read_text())
    settings["experiment_sha256"] = "0" * 64
    whole = (run / "settings.json").read_text()
    (run / "settings.json").write_text(json.dumps(settings))
    words = [*WORDS, "--steps", "2", "--out", str(run)]
    assert "another version of the file 'r1.py'" in refused(words, capsys)
    (run / "settings.json").write_text(whole)
    for manifest in (run / "checkpoints").rglob("manifest.ocdbt"):
        manifest.write_bytes(b"of another format")
    assert "does not fit this experiment or is damaged" in refused(words, capsys)
