"""Every command on a training of several stages: a checkpoint has its stage's own game and data."""

import csv
import json
import shutil

import numpy as np
import pytest

from jgan.cli.main import main
from jgan.commands import spectrum
from jgan.commands.sweep_members import MemberMeasures
from jgan.reports.runs import read
from jgan.runs.saved import experiment_of_run, load_state
from jgan.sweeps import batch_training
from jgan.training.experiment import load_experiment
from jgan.training.fit import fit

CADENCE = ["--log-every", "2", "--save-every", "2", "--sample-every", "4", "--keep", "9"]


@pytest.fixture
def file(staged):
    return staged / "growing.py"


@pytest.fixture(scope="module")
def trained(staged, tmp_path_factory):
    return shutil.copytree(staged / "whole", tmp_path_factory.mktemp("trained") / "run")


def test_a_dry_run_has_a_line_a_stage(file, tmp_path, capsys):
    words = ["train", str(file), "--frozen", "--dry-run", "--out", str(tmp_path / "run")]
    assert main(words) == 0
    said = capsys.readouterr().out.splitlines()
    first, second = [line for line in said if line.startswith("stage ") and "parameters" in line]
    assert first.startswith(
        "stage 1/2: steps 1 to 4 on ring in batches of 10; parameters generator 17, discriminator 13; memory "
    )
    assert second.startswith(
        "stage 2/2: steps 5 to 8 on grid in batches of 20; parameters generator 32 (and 9 frozen), "
    )
    assert second.endswith("devices 1, by jit; the data on every device")
    assert any(line.startswith("stage 2/2: steps to 8 on grid: 60 examples") for line in said)
    assert not (tmp_path / "run").exists()


def test_the_settings_tell_the_stages(trained):
    settings = json.loads((trained / "settings.json").read_text())
    assert (settings["stages"], settings["batch_size"], settings["steps"]) == ([4, 8], [10, 20], 8)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--batch-size", "10"], "was made with batch_size = [10, 20], not [10, 10]"),
        (["--lr", "0.5"], "was made with lr = 0.01, not 0.5"),
    ],
)
def test_other_settings_are_refused(trained, file, flags, message, capsys):
    assert main(["train", str(file), "--out", str(trained), *flags]) == 2
    assert message in capsys.readouterr().err


def test_samples_are_those_of_the_stage_of_the_checkpoint(trained, tmp_path, capsys):
    kept = {}
    for step in ("4", "6"):
        out = tmp_path / f"{step}.npz"
        words = ["sample", str(trained), "--step", step, "--count", "20", "--out", str(out)]
        assert main(words) == 0
        kept[step] = np.load(out)["image"]
        assert np.isfinite(kept[step]).all()
    assert not np.array_equal(kept["4"], kept["6"])
    assert main(["sample", str(trained), "--step", "5"]) == 2
    assert "no checkpoint of step 5, only of [0, 2, 4, 6, 8]" in capsys.readouterr().err


def test_evaluations_are_against_the_data_of_the_stage(trained, capsys):
    for step, source in (("4", "ring"), ("8", "grid")):
        words = [
            "evaluate",
            str(trained),
            "--step",
            step,
            "--samples",
            "40",
            "--metrics",
            "sw",
            "--json",
        ]
        assert main(words) == 0
        evaluations = json.loads((trained / "evaluations" / f"{step}.json").read_text())
        assert source in json.dumps(evaluations["evaluations"][0]["protocol"])
    capsys.readouterr()


def test_spectra_are_of_the_game_and_the_data_of_the_stage(trained, tmp_path, monkeypatch, capsys):
    calls = []

    def analyse(experiment, state, batches, *options):
        layers = set(state.variables["generator"]["params"])
        count = len(batches[0]["image"])
        calls.append((int(state.step), experiment.source.name, count, len(layers)))
        return {"step": int(state.step), "operator": {}}

    monkeypatch.setattr(spectrum, "analyse", analyse)
    monkeypatch.setattr("jgan.cli.spectrum.write_report", lambda run, report: None)
    assert main(["spectrum", str(trained), "--all", "--json"]) == 0
    assert main(["spectrum", str(trained), "--step", "6", "--json"]) == 0
    capsys.readouterr()
    small, large = ("ring", 10, 2), ("grid", 20, 3)
    assert calls == [(0, *small), (2, *small), (4, *small), (6, *large), (8, *large), (6, *large)]


def test_the_report_tells_stages_apart(trained, tmp_path):
    (run,), _ = read([trained])
    assert run.boundaries == [4]
    assert run.state == "finished"
    run.settings["steps"] = 12
    assert run.state == "at step 8 of 12, stage 2 of 2"
    out = tmp_path / "report.html"
    assert main(["report", str(trained), "--out", str(out)]) == 0
    assert "stages" in out.read_text()


def test_a_fork_inherits_what_fits_and_says_what_does_not(trained, file, tmp_path, capsys):
    out = tmp_path / "fork"
    words = ["train", str(file), "--wide", "4", "--out", str(out), *CADENCE, "--fork", str(trained)]
    assert main([*words, "--steps", "10"]) == 0
    said = capsys.readouterr().out
    assert (
        f"starting from step 8 of {trained}: 4 of 12 arrays of its variables are taken over, new are "
        "discriminator/params/layer_4/bias, discriminator/params/layer_4/kernel, "
        "discriminator/params/out_4/bias and 5 more, and the optimizer of the discriminator and of the "
        "generator starts anew."
    ) in said
    start = load_state(experiment_of_run(out, 8)[0], out, 8)
    past = load_state(experiment_of_run(trained)[0], trained)
    own, before = (state.variables["generator"]["params"]["layer_3"] for state in (start, past))
    np.testing.assert_array_equal(own["kernel"], before["kernel"])
    assert (int(start.step), int(start.began)) == (8, 4)


@pytest.mark.full
def test_a_sweep_is_its_single_runs_and_goes_on_where_it_was_killed(file, tmp_path, monkeypatch):
    words = ["sweep", str(file), "--over", "lr=0.05,0.01", "--optimizer", "sgd", "--samples", "50"]
    words += ["--log-every", "3", "--save-every", "100", "--measure-times", "2", "--out"]
    assert main([*words, str(tmp_path / "whole")]) == 0
    with (tmp_path / "whole" / "members.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        single = fit(load_experiment(file).build(optimizer="sgd", lr=float(row["lr"])), 0)
        assert float(row["score"]) == pytest.approx(MemberMeasures(50)(single)["score"], rel=1e-3)

    class Killed(Exception):
        pass

    steps = []

    def update(self, step, *rest):
        steps.append(step)
        if len(steps) == 4:
            raise Killed

    monkeypatch.setattr(batch_training.Clock, "update", update)
    with pytest.raises(Killed):
        main([*words, str(tmp_path / "killed")])
    assert main([*words, str(tmp_path / "killed")]) == 0
    assert steps == [3, 4, 6, 8, 6, 8]
    for name in ("members.csv", "batches/0000.json", "batches/0000.jsonl"):
        assert (tmp_path / "killed" / name).read_text() == (tmp_path / "whole" / name).read_text()
