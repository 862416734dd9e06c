"""Nothing is lost: kills, damaged files, full disks, forks, divergence, other numbers of processes."""

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import assert_close, assert_same

from benchmarks.interruptions import EXPERIMENT, command, differences, readers, train_with_kills
from jgan.cli.main import main
from jgan.errors import UserError
from jgan.game import PLAYERS
from jgan.runs.checkpoint import Checkpoints
from jgan.runs.fingerprint import fingerprint
from jgan.runs.saved import experiment_of_run, shape_of_state

ROOT = Path(__file__).parents[2]
FULL = pytest.mark.full
CADENCE = ["--log-every", "2", "--save-every", "4", "--sample-every", "8"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("experiment") / "small.py"
    path.write_text(EXPERIMENT)
    return path


@pytest.fixture
def train(file):
    """The command in this process."""

    def run(out, *flags):
        return main(["train", str(file), "--out", str(out), *CADENCE, *flags])

    return run


@pytest.fixture(scope="module")
def made(file):
    out = file.parent / "run"
    assert main(["train", str(file), "--out", str(out), *CADENCE, "--steps", "8"]) == 0
    return out


@pytest.fixture
def trained(made, tmp_path):
    """A copy of a run of eight steps, to be harmed."""
    return shutil.copytree(made, tmp_path / "run")


def final(run):
    experiment, _ = experiment_of_run(run)
    with Checkpoints(run / "checkpoints") as checkpoints:
        return checkpoints.load(shape_of_state(experiment))


@pytest.mark.parametrize(
    ("loader", "kills", "count"),
    [
        ("device", 1, 1),
        pytest.param("device", 2, 1, marks=FULL),
        pytest.param("stream", 1, 2, marks=FULL),
    ],
)
def test_killed_and_read_is_bitwise_undisturbed(file, tmp_path, loader, kills, count):
    flags = ["--steps", "160", "--loader", loader]
    # In this process, whose JAX is loaded.
    assert main(command(file, tmp_path / "whole", flags)[3:]) == 0
    with readers(tmp_path / "killed", count) as steps:
        killed = train_with_kills(file, tmp_path / "killed", flags, kills, seed=1, steps=160)
    assert len(killed) == kills
    assert len(steps) > 1
    assert differences(tmp_path / "whole", tmp_path / "killed") == []


# A load that fails leaves tasks of Orbax behind, whose loop is closed.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        pytest.param("state/d/*", 0.5, marks=FULL),
        ("state/manifest.ocdbt", 0.0),
        pytest.param("state/_METADATA", 0.5, marks=FULL),
        pytest.param("state/d/*", 0.0, marks=FULL),
        pytest.param("state/manifest.ocdbt", 0.5, marks=FULL),
        pytest.param("state/_METADATA", 0.0, marks=FULL),
    ],
)
def test_a_damaged_checkpoint_falls_back(pattern, left, trained, train, capsys):
    (victim,) = (trained / "checkpoints" / "8").glob(pattern)
    data = victim.read_bytes()
    victim.write_bytes(data[: int(left * len(data))])
    assert train(trained, "--steps", "12") == 0
    said = capsys.readouterr().out
    assert "the checkpoint of step 8 in" in said
    assert "damaged-checkpoint-8; going on from step 4." in said
    assert "resuming at step 4" in said
    assert (trained / "damaged-checkpoint-8").is_dir()
    whole = trained.parent / "whole"
    assert train(whole, "--steps", "12") == 0
    assert_same(final(trained), final(whole))
    assert (trained / "metrics.csv").read_bytes() == (whole / "metrics.csv").read_bytes()


def test_an_altered_array_is_found_out(trained, monkeypatch):
    experiment, _ = experiment_of_run(trained)
    like = shape_of_state(experiment)
    place = trained / "altered"
    with Checkpoints(place) as checkpoints:
        checkpoints.save(final(trained))
    other = lambda state: fingerprint(state) + jnp.uint32(1)
    monkeypatch.setattr("jgan.runs.checkpoint.fingerprint", other)
    with (
        Checkpoints(place) as checkpoints,
        pytest.raises(UserError, match=r"of step 8 in '.*' is damaged: its arrays are not those"),
    ):
        checkpoints.load(like)


@pytest.mark.full
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_all_checkpoints_damaged(trained, train, capsys):
    for victim in (trained / "checkpoints").glob("*/state/d/*"):
        victim.write_bytes(b"")
    assert train(trained, "--steps", "12") == 2
    assert "the checkpoint of step 8 in" in capsys.readouterr().err
    assert sorted(path.name for path in (trained / "checkpoints").iterdir()) == ["0", "4", "8"]


def test_a_full_disk_is_one_sentence(trained, file):
    """Files may grow to a size that no checkpoint fits in, as on a disk that is full."""
    program = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (6000, 6000))\n"
        "from jgan.cli.main import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    words = ["train", str(file), "--out", str(trained), *CADENCE, "--sample-every", "99"]
    done = subprocess.run(
        [sys.executable, "-c", program, *words, "--steps", "40"],
        capture_output=True,
        text=True,
        env={**os.environ, "JAX_PLATFORMS": "cpu", "JGAN_CACHE": ""},
    )
    assert done.returncode == 2
    # Threads of the storage library may print that their loop is closed; the last line is the sentence.
    *noise, sentence = done.stderr.splitlines()
    assert not any("jgan" in line for line in noise)
    assert sentence.startswith("jgan: a checkpoint in ")
    assert "File too large" in sentence  # of which file is told or not, by which write fails first
    assert sentence.endswith("); that of step 8 is intact.")
    assert int(final(trained).step) == 8


@pytest.mark.full
def test_other_settings_are_refused_and_forked(trained, train, capsys):
    assert train(trained, "--lr", "0.01") == 2
    message = capsys.readouterr().err
    assert (
        "was made with lr = 0.001, not 0.01; use the same value to continue it, or start" in message
    )
    fork = trained.parent / "fork"
    flags = ["--lr", "0.01", "--fork", str(trained)]
    assert train(fork, *flags, "--steps", "8") == 0
    assert f"starting from step 8 of {trained}" in capsys.readouterr().out
    assert_same(final(fork), final(trained))
    assert train(fork, "--lr", "0.01", "--steps", "12") == 0
    settings = json.loads((fork / "settings.json").read_text())
    assert (settings["forked_from"], settings["arguments"]["lr"]) == (str(trained), 0.01)
    assert int(final(fork).step) == 12
    assert int(final(trained).step) == 8


def test_divergence_names_the_last_finite_checkpoint(trained, train, capsys):
    wild = trained.parent / "wild"
    assert train(wild, "--lr", "1e30", "--fork", str(trained), "--steps", "40") == 2
    message = capsys.readouterr().err
    assert "the training has diverged" in message
    assert "The last finite checkpoint is that of step 8." in message
    assert int(final(wild).step) == 8
    last = (wild / "metrics.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["step"] > 8
    assert "null" in last  # how a value that is not finite is written
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(final(wild).variables))


def test_kept_by_policy(train, tmp_path):
    out = tmp_path / "run"
    assert train(out, "--steps", "24", "--keep", "1", "--keep-every", "8") == 0
    assert sorted(int(path.name) for path in (out / "checkpoints").iterdir()) == [0, 8, 16, 24]


def test_a_pinned_checkpoint_is_kept(trained):
    state = final(trained)
    with Checkpoints(trained / "pins", keep=1) as checkpoints:
        for step in range(5):
            if step in (1, 3):
                checkpoints.pin(step)
            checkpoints.save(state.replace(step=jnp.int32(step)))
        assert checkpoints.steps() == [3, 4]


@pytest.mark.full
@pytest.mark.parametrize("loader", [pytest.param("device", marks=FULL), "stream"])
def test_two_processes_are_one(file, tmp_path, loader):
    """Two processes with two devices each begin, one process goes on, and one alone does the same."""
    flags = ["--optimizer", "sgd", "--lr", "0.05", "--loader", loader]
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": "2"}
    together = ["--coordinator", f"localhost:{port}", "--processes", "2", "--process"]
    processes = [
        subprocess.Popen(
            [*command(file, tmp_path / "two", [*flags, "--steps", "40"]), *together, str(number)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=environment,
        )
        for number in range(2)
    ]
    said = [process.communicate(timeout=240)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert "40/40 steps" in said[0]
    assert "step" not in said[1]
    assert json.loads((tmp_path / "two" / "settings.json").read_text())["device"] == "4 x cpu"
    shutil.copytree(tmp_path / "two", tmp_path / "more")
    for name in ("more", "one"):
        words = command(file, tmp_path / name, [*flags, "--steps", "80"])[4:]
        assert main(["train", *words]) == 0
    assert int(final(tmp_path / "two").step) == 40
    assert_close(final(tmp_path / "more"), final(tmp_path / "one"), 1e-5)
    rows = [
        [json.loads(line) for line in (tmp_path / name / "metrics.jsonl").read_text().splitlines()]
        for name in ("more", "one")
    ]
    for first, second in zip(*rows, strict=True):
        for player in PLAYERS:
            key = f"{player}/loss"
            np.testing.assert_allclose(first[key], second[key], rtol=1e-4)
