"""What an experiment decides by its data and the device: told, kept by its run, and the same on resuming."""

import json

import pytest

import jgan
from jgan.cli.main import main
from jgan.commands import train as command
from jgan.training.decisions import Decision, with_decisions

FILE = '''
"""A small game whose width is decided by a machine, and whose strength by the batch size."""
import os
import jgan
from jgan.data import load
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.training.decisions import Decision


def experiment(*, width: int | None = None, adam: jgan.Adam = jgan.Adam()) -> jgan.Experiment:
    machine = int(os.environ["MACHINE"])

    def built(batch: int = 4 * machine) -> jgan.Experiment:
        decisions = [Decision("gamma", 1.0 / batch, f"because a batch has {batch}")]
        if width is None:
            decisions.append(Decision("width", 2 * machine, f"because this is machine {machine}"))
        nets = mlp_generator((2,), (width or 2 * machine,)), mlp_discriminator((4,))
        game = jgan.gan(*nets, jgan.non_saturating(), jgan.normal(2)).add(jgan.r1(1.0 / batch))
        return jgan.Experiment(
            game, adam.alternating(game), load("ring", size=64), 8, batch,
            decisions=decisions, for_batch=built, evaluate_every=6,
        )

    return built()
'''
CADENCE = ["--log-every", "2", "--save-every", "4", "--evaluate-samples", "20"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("decisions") / "adapting.py"
    path.write_text(FILE)
    return path


@pytest.fixture
def train(file, tmp_path, monkeypatch):
    def run(machine, *flags):
        monkeypatch.setenv("MACHINE", str(machine))
        return main(["train", str(file), "--out", str(tmp_path / "run"), *CADENCE, *flags])

    return run


def settings(folder):
    return json.loads((folder / "run" / "settings.json").read_text())


def test_a_run_keeps_what_was_decided_and_goes_on_with_it_elsewhere(train, tmp_path, capsys):
    assert train(1, "--steps", "4") == 0
    said = capsys.readouterr().out
    assert "width: 2, because this is machine 1" in said
    assert "gamma: 0.25, because a batch has 4" in said
    found = settings(tmp_path)
    # Gamma is no argument of the function.
    assert (found["arguments"]["width"], found["decided"]) == (2, ["width"])
    assert train(3) == 0
    assert settings(tmp_path)["arguments"]["width"] == 2
    run = jgan.load(tmp_path / "run")
    assert (run.step, run.settings["batch_size"]) == (8, 4)
    assert run.sample(count=3).shape == (3, 2)
    assert run.game.composition.terms[-1].weight == pytest.approx(0.125)
    # Scores are the experiment's own: at step 6, and at the ends.
    assert [row["step"] for row in run.history if "score" in row] == [4, 6, 8]
    assert (tmp_path / "run" / "best.json").is_file()


@pytest.mark.full
def test_what_is_given_must_not_differ(train, tmp_path, capsys):
    assert train(1, "--width", "3", "--steps", "4", "--batch-size", "5") == 0
    said = capsys.readouterr().out
    assert "width: " not in said
    assert "gamma: 0.2, because a batch has 5" in said
    assert "decided" not in settings(tmp_path)
    assert train(1, "--batch-size", "5") == 2
    assert "was made with width = 3, not 2; " in capsys.readouterr().err


def test_a_dry_run_tells_what_was_decided_and_how_long_it_takes(
    train, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(command, "steps_per_second", lambda experiment, seed, **options: 0.5)
    assert train(2, "--dry-run", "--quiet") == 0
    said = capsys.readouterr().out.splitlines()
    assert "width: 4, because this is machine 2" in said
    assert "time: about 16 s for 8 steps, at 2 s per step" in said
    # The steps that were timed are the only program.
    assert any(line.startswith("memory: ") and "temporary not known here" in line for line in said)
    assert said[-1] == "nothing was trained: this was a dry run"
    assert not (tmp_path / "run").exists()


def test_decisions_stand_in_place_of_arguments():
    decisions = [Decision("width", 3, "because"), Decision("steps", 5, "because")]
    assert with_decisions({"width": None, "lr": 0.1}, decisions) == {"width": 3, "lr": 0.1}
    assert str(Decision("lr", 0.00250001, "as usual")) == "lr: 0.0025, as usual"
    assert str(Decision("augmentation", "ada", "as usual")) == "augmentation: ada, as usual"
