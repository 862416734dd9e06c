"""A sweep by Sobol's sequence with rungs, in two parts, by a metric: from the command line to the report."""

import csv
import json
import re

import numpy as np
import pytest

import jgan
from jgan.cli import sweep as command
from jgan.cli.main import main
from jgan.commands.sweep_members import MemberMeasures
from jgan.errors import UserError
from jgan.evaluation.metric_score import score_metric
from jgan.sweeps.plans import member_folder
from jgan.sweeps.sweep import finished_records
from jgan.training.experiment import Trained

TINY = '''
"""A tiny game of points."""
import optax
from jgan.data import load
from jgan.gans.gan import gan
from jgan.game import PLAYERS
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.rules import alternating
from jgan.training.experiment import Experiment


def experiment(*, lr: float = 0.05) -> Experiment:
    """Build it."""
    game = gan(mlp_generator((2,), (3,)), mlp_discriminator((3,)), non_saturating(), normal(2))
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.sgd(lr, 0.5)))
    return Experiment(game, rule, load("ring", size=100), steps=8, batch_size=9)
'''
OVER = "lr=loguniform(1e-3,1)"
METRIC = "precision (coordinates)"


def words(folder, *more):
    made = ["--over", OVER, "--trials", "4", "--search", "sobol", "--search-seed", "5"]
    made += ["--seeds", "2", "--rungs", "4", "--rung-seeds", "1", "--metric", "prdc:precision"]
    made += ["--samples", "40", "--measure-times", "2", "--keep", "best", "--at-once", "2"]
    return ["sweep", str(folder / "tiny.py"), "--out", str(folder / "sweep"), *made, *more]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("searched")
    (folder / "tiny.py").write_text(TINY)
    return folder


@pytest.fixture(scope="module")
def made(folder):
    """The exit codes of both parts, until the sweep is finished."""
    order = ["1/2", "2/2", "1/2"]
    return [main(words(folder, "--part", part)) for part in order]


def test_parts_wait_at_a_rung_and_the_last_writes_the_tables(folder, made, capsys):
    assert made == [75, 0, 0]
    assert main(words(folder)) == 0
    said = capsys.readouterr().out
    assert f"score: {METRIC}, higher is better" in said
    assert "halved at step: the updates after which a setting ended" in said
    with open(folder / "sweep" / "members.csv") as stream:
        rows = list(csv.DictReader(stream))
    kept = json.loads((folder / "sweep" / "search.json").read_text())["settings"]
    assert {float(row["lr"]) for row in rows} == {setting["lr"] for setting in kept}
    assert sorted(row["halved at step"] for row in rows) == [""] * 4 + ["4"] * 2
    scores = {row["lr"]: [] for row in rows}
    for row in rows:
        scores[row["lr"]].append(row["score"])
    assert sorted(map(len, scores.values())) == [1, 1, 2, 2]
    at_rung = [
        (own.learning_curve[0]["score"], own.halved is None)
        for own in finished_records(folder / "sweep").values()
        if own.seed == 0
    ]
    assert min(score for score, on in at_rung if on) >= max(s for s, on in at_rung if not on)
    lines = [line for line in said.splitlines() if re.match(r" *0\.\d+ +[12] +0 ", line)]
    assert [line.split()[-1] for line in lines] == ["-", "-", "4", "4"]


def test_the_state_with_the_best_score_is_kept(folder, made):
    checked = 0
    for own in finished_records(folder / "sweep").values():
        scores = {int(row["step"]): row["score"] for row in own.learning_curve}
        best = min(step for step in scores if scores[step] == max(scores.values()))
        kept = jgan.load(member_folder(folder / "sweep", own.setting, own.seed))
        assert kept.step == best
        checked += best < max(scores)
        if checked == 1 and own.halved is None:
            trained = Trained(kept.experiment, kept.state, [])
            metric = score_metric("prdc:precision", kept.experiment.source, 40)
            assert MemberMeasures(40, metric)(trained)["score"] == pytest.approx(scores[best])
    assert checked
    rows = jgan.evaluate(folder / "sweep", metrics="sw", samples=40)
    assert len(rows) == 4  # those that ended at the rung are not measured


def test_tables_choose_among_all_and_report_other_seeds(folder, made):
    (row,) = jgan.table(folder / "sweep", by="experiment", choose="score@seeds=0:1")
    assert (row["settings tried"], row["seeds"]) == ("4", "1")
    every = jgan.table(folder / "sweep")
    assert sorted(every.column("budget")) == ["a", "a", "b", "b"]
    assert any("2 of 6 trainings ended at a rung" in note for note in every.notes)
    assert f"score: {METRIC} of 40 samples." in every.notes
    assert next(name for name in every.columns if name.startswith("score")) == "score ↑"
    with pytest.raises(
        UserError, match=r"^seed 0 decided at the rungs of .* and is to be reported"
    ):
        jgan.table(folder / "sweep", by="experiment", choose="score@seeds=1:2", report="seeds=0:1")
    with pytest.raises(UserError, match=r"^best_of needs settings that were trained to the end"):
        jgan.table(folder / "sweep", by="experiment", choose="score@seeds=0:1", best_of=[1])
    with pytest.raises(UserError, match=r"^the numbers differ in budget"):
        jgan.table(folder / "sweep", mark="none")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ["--metric", "prdc:recall"],
            "made with metric = 'prdc:precision', not 'prdc:recall'; use the",
        ),
        (["--samples", "30"], "was made with samples = 40, not 30"),
        (["--trials", "5"], "was made with trials = 4, not 5; use the same value"),
        (["--rungs", "2"], r"was made with rungs = \[4\], not \[2\]"),
        (["--rung-seeds", "2"], r"was made with rung_seeds = \[0, 1\], not \[0, 2\]"),
        (["--rung-seeds", "4"], "^--rung-seeds has 0 to 3, but must be of the seeds 0 to 1"),
        (["--metric", "prdc"], r"^--metric is 'prdc', which is 4 numbers, .* precision \(coord"),
        (["--metric", "c2st:1-NN"], "^--metric is 'c2st:1-NN', but neither side of '1-NN two-samp"),
        (
            ["--metric", "kl"],
            r"needs more than samples and data \(probabilities\); a sweep's may be",
        ),
        (["--metric", "swd"], r"needs more than samples and data \(pictures\)"),
        (["--metric", "fdd"], r"^there is no metric 'fdd' \(did you mean 'fd'\?\)"),
        (["--part", "3/2"], "^argument --part: is '3/2', but must be K/N, the K-th of N parts"),
    ],
)
def test_mistakes(folder, made, change, message):
    with pytest.raises(UserError, match=message):
        command.main(words(folder, *change)[1:])


@pytest.mark.full
def test_more_seeds_are_added_to_a_halved_sweep(folder, made):
    assert main(words(folder, "--seeds", "4")) == 0
    found = finished_records(folder / "sweep").values()
    assert sum(own.halved is None for own in found) == 8
    assert np.isfinite([own.measures["score"] for own in found]).all()
