"""Who only reads a run writes nothing in it, and bears with the training that goes on there."""

import json
import shutil
import subprocess

import pytest
from helpers import assert_same

from benchmarks.interruptions import EXPERIMENT, command, environment
from jgan.cli.main import main
from jgan.errors import UserError
from jgan.runs.checkpoint import Gone, SavedCheckpoints
from jgan.runs.saved import (
    at_checkpoint,
    load_run,
    retried,
    shape_of_state,
    whole_experiment_of_run,
)

READINGS = 200


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("experiment") / "small.py"
    path.write_text(EXPERIMENT)
    return path


@pytest.fixture(scope="module")
def made(file):
    out = file.parent / "run"
    words = ["--log-every", "2", "--save-every", "2", "--sample-every", "9", "--keep", "9"]
    assert main(["train", str(file), "--out", str(out), *words, "--steps", "6"]) == 0
    return out


@pytest.fixture
def run(made, tmp_path):
    return shutil.copytree(made, tmp_path / "run")


def shape_of(run):
    experiment, _ = whole_experiment_of_run(run)
    return shape_of_state(at_checkpoint(experiment, experiment.steps))


# A load that fails leaves tasks of Orbax behind, whose loop is closed.
@pytest.mark.full
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_training_that_is_read_all_the_time_ends_as_if_alone(file, tmp_path):
    """It saves at every step, and every reading takes the newest checkpoint or one that is about to go."""
    unread, out = tmp_path / "alone", tmp_path / "out"
    flags = ["--steps", "60", "--save-every", "1", "--log-every", "1"]
    quiet = {"stdout": subprocess.DEVNULL, "env": environment()}
    subprocess.run(command(file, unread, flags), check=True, **quiet)
    like, steps = shape_of(unread), []
    training = subprocess.Popen(command(file, out, flags), **quiet)
    reader = SavedCheckpoints(out / "checkpoints")
    while training.poll() is None or len(steps) < READINGS:
        if known := reader.steps():
            oldest = len(steps) % 2 and training.poll() is None
            try:
                steps.append(int(reader.load(like, known[0] if oldest else None).step))
            except Gone:
                steps.append(-1)
    assert training.wait() == 0
    assert len(set(steps)) > 5
    assert_same(load_run(unread).state, load_run(out).state)
    for name in ("metrics.jsonl", "samples.png"):
        assert (unread / name).read_bytes() == (out / name).read_bytes()


def test_nothing_is_written_or_removed(run):
    (run / "checkpoints" / "9.orbax-checkpoint-tmp").mkdir()  # what a save in progress looks like
    before = {path: path.stat().st_mtime_ns for path in (run / "checkpoints").rglob("*")}
    assert load_run(run).step == 6
    out = ["--out", str(run.parent / "s.npz")]
    assert main(["sample", str(run), "--count", "2", *out]) == 0
    fork = ["--lr", "0.01", "--fork", str(run), "--steps", "6", "--out", str(run.parent / "fork")]
    assert main(["train", str(run / "experiment.py"), *fork]) == 0
    after = {path: path.stat().st_mtime_ns for path in (run / "checkpoints").rglob("*")}
    assert after == before


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_the_newest_that_is_left_is_read(run, monkeypatch):
    """The training deletes a checkpoint between its choice and its reading, and while it is read."""
    attempt = SavedCheckpoints._attempt

    def racing(self, step, shapes):
        if step == 6:
            (run / "checkpoints" / "6").rename(run / "away")
        return attempt(self, step, shapes)

    monkeypatch.setattr(SavedCheckpoints, "_attempt", racing)
    assert load_run(run).step == 4
    (run / "away").rename(run / "checkpoints" / "6")
    with pytest.raises(
        Gone, match=r"step 6 in .* was deleted .*; there are now those of \[0, 2, 4\]\."
    ):
        load_run(run, 6)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_damaged_checkpoint_is_no_deleted_one(run):
    for victim in (run / "checkpoints" / "6").glob("state/d/*"):
        victim.write_bytes(b"")
    with pytest.raises(UserError, match="does not fit this experiment or is damaged") as caught:
        load_run(run)
    assert not isinstance(caught.value, Gone)


def test_retrying_ends():
    calls = []

    def look():
        calls.append(1)
        raise Gone("gone.")

    with pytest.raises(Gone):
        retried(look)
    assert 10 < len(calls) < 1000


@pytest.mark.full
def test_best_scores_of_other_protocols_are_not_compared(file, tmp_path, capsys):
    out = tmp_path / "run"
    words = ["train", str(file), "--out", str(out), "--log-every", "2", "--save-every", "2"]
    words += ["--sample-every", "99", "--evaluate-every", "2", "--keep", "1"]
    assert main([*words, "--steps", "4", "--evaluate-samples", "50"]) == 0
    first = json.loads((out / "best.json").read_text())
    assert first["protocol"]["samples"] == 50
    assert main([*words, "--steps", "6", "--evaluate-samples", "50"]) == 0
    assert "another protocol" not in capsys.readouterr().out
    kept = json.loads((out / "best.json").read_text())
    assert main([*words, "--steps", "8", "--evaluate-samples", "20"]) == 0
    said = capsys.readouterr().out
    assert (
        f"at step {kept['step']}, is of another protocol and not compared; a new best starts"
        in said
    )
    last = json.loads((out / "best.json").read_text())
    assert (last["step"], last["protocol"]["samples"]) == (8, 20)
    del last["protocol"]  # as earlier versions wrote it
    (out / "best.json").write_text(json.dumps({**last, "score": -1.0}))
    assert main([*words, "--steps", "10", "--evaluate-samples", "20"]) == 0
    assert json.loads((out / "best.json").read_text())["step"] == 10
