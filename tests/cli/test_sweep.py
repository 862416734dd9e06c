"""A sweep that is interrupted gives the tables of one that is not."""

import csv
import json
import math
import re
import signal
from dataclasses import replace

import jax
import numpy as np
import pytest
from helpers import Heard

import jgan
from jgan.cli import sweep as command
from jgan.cli.main import main
from jgan.commands import sweep as function
from jgan.commands.notebook import Table
from jgan.commands.sweep_members import MemberMeasures
from jgan.display import Task
from jgan.display.current import shown_on
from jgan.errors import UserError
from jgan.evaluation.score import scorer
from jgan.metrics.subsets import draw_rows, stream
from jgan.runs.run import RunDirectory
from jgan.sweeps import batch_training
from jgan.sweeps import sweep as module
from jgan.sweeps.axes import parse_axis
from jgan.sweeps.histories import RowLog
from jgan.sweeps.member_tables import summary
from jgan.sweeps.plans import Batch, Member, batch_from_json, member_folder, plan, remaining
from jgan.sweeps.records import Record
from jgan.sweeps.search import settings
from jgan.sweeps.sweep import sweep
from jgan.training.experiment import Trained, load_experiment
from jgan.training.fit import fit

TINY = '''
"""A tiny game of points."""
import optax
from jgan.data import load
from jgan.gans.gan import gan
from jgan.game import PLAYERS
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.rules import alternating
from jgan.training.experiment import Experiment


def experiment(*, lr: float = 0.05, loss: str = "hinge", width: int = 4) -> Experiment:
    """Build it."""
    game = gan(mlp_generator((2,), (width,)), mlp_discriminator((width,)), get_loss(loss), normal(2))
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.sgd(lr)))
    return Experiment(game, rule, load("ring", size=200), steps=8, batch_size=10)
'''


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sweep") / "tiny.py"
    path.write_text(TINY)
    return path


def words(file, out, *more):
    over = ["--over", "lr=0.05,0.01,1e30", "loss=hinge,wasserstein", "--seeds", "2"]
    cadence = ["--log-every", "2", "--save-every", "4", "--at-once", "4", "--samples", "50"]
    return [str(file), "--out", str(out), *cadence, *over, *more]


@pytest.fixture(scope="module")
def whole(file, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "sweep"
    assert command.main(words(file, out)) == 0
    return out


@pytest.mark.full
def test_members_are_single_runs(whole, file):
    with open(whole / "members.csv") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12
    build = load_experiment(file).build
    for row in (rows[0], rows[7]):
        single = fit(build(lr=float(row["lr"]), loss=row["loss"]), int(row["seed"]))
        score = MemberMeasures(50)(single)["score"]
        assert float(row["score"]) == pytest.approx(score, rel=1e-3)
    wild = [row for row in rows if float(row["lr"]) == 1e30]
    assert len(wild) == 4
    assert all(row["score"] == "" and int(row["diverged at step"]) <= 8 for row in wild)
    assert [row["diverged at step"] == "" for row in rows] == [row not in wild for row in rows]
    assert all(math.isfinite(float(row["score"])) for row in rows if row not in wild)


def test_the_summary_is_mean_and_deviation_over_seeds(whole):
    with open(whole / "members.csv") as stream:
        members = list(csv.DictReader(stream))
    with open(whole / "summary.csv") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 6
    for row in rows:
        own = [m for m in members if (m["lr"], m["loss"]) == (row["lr"], row["loss"])]
        assert int(row["members"]) == len(own) == 2
        assert int(row["diverged"]) == sum(int(m["diverged"]) for m in own)
        scores = [float(m["score"]) for m in own if m["score"]]
        if scores:
            assert float(row["score mean"]) == pytest.approx(np.mean(scores))
            assert float(row["score std"]) == pytest.approx(np.std(scores, ddof=1))
        else:
            assert row["score mean"] == ""


def test_killed_twice_and_stopped_once(whole, file, tmp_path, monkeypatch, capsys):
    out, calls = tmp_path / "sweep", []

    class Killed(Exception):
        pass

    def kill(self, *arguments):
        calls.append(arguments)
        if len(calls) in (3, 6):
            raise Killed
        if len(calls) == 12:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(batch_training.Clock, "update", kill)
    for _ in range(2):
        with pytest.raises(Killed):
            command.main(words(file, out))
    assert main(["sweep", *words(file, out)]) == 130
    assert "stopped; the same command goes on from here" in capsys.readouterr().out
    assert main(["sweep", *words(file, out)]) == 0
    # The second and third population were begun anew or went on from their checkpoints.
    assert 12 < len(calls) < 24
    names = ["members.csv", "summary.csv"]
    names += [str(path.relative_to(whole)) for path in sorted(whole.glob("batches/*"))]
    assert len(names) == 2 + 2 * 4
    for name in names:
        assert (out / name).read_text().splitlines() == (whole / name).read_text().splitlines(), (
            name
        )
    assert not (out / "current").exists()


def lengths(trained):
    own = trained.state.variables["generator"]["params"]
    total = sum(float(np.square(leaf).sum()) for leaf in jax.tree.leaves(own))
    return {"length": math.sqrt(total), "at": int(trained.state.step)}


def measured(build, folder, stop=lambda: False, observe=lambda member, trained: None):
    axes = [parse_axis("lr=0.05,1e30", build)]
    batches = plan({"loss": "hinge", "width": 4}, axes, settings(axes, None), [0, 1], lambda own: 4)
    with RunDirectory(folder) as run:
        cadence = {"log_every": 3, "measure_times": 2}
        return sweep(build, batches, run, lengths, **cadence, observe=observe, stop=stop)


@pytest.mark.full
def test_members_are_measured_on_the_way_and_stopped_sweeps_go_on(file, tmp_path):
    build = load_experiment(file).build
    shown = []
    observe = lambda member, trained: shown.append((member.seed, int(trained.state.step)))
    whole = measured(build, tmp_path / "whole", observe=observe)
    fine, wild = whole[:2], whole[2:]
    for record in fine:
        assert record.diverged is None
        assert [row["step"] for row in record.learning_curve] == [4, 8]
        assert all(row["at"] == row["step"] for row in record.learning_curve)
        assert {"step": 8, **record.measures} == record.learning_curve[-1]
        assert record.learning_curve[0]["length"] != record.learning_curve[1]["length"]
    assert all(record.diverged == 3 and record.learning_curve == [] for record in wild)
    assert shown == [(0, 4), (1, 4), (0, 8), (1, 8)]
    single = fit(replace(build(lr=0.05, loss="hinge"), steps=4), 1)
    assert fine[1].learning_curve[0]["length"] == pytest.approx(lengths(single)["length"], rel=1e-5)

    # Stopped after a chunk, between two members of a mark, and in the last chunk; the rows of metrics are
    # torn as a kill would tear them.
    calls = []
    stops = {1, 3, 6}

    def stop():
        calls.append(None)
        return len(calls) in stops

    parts = tmp_path / "parts"
    shown.clear()
    for _ in stops:
        assert measured(build, parts, stop, observe) == []
        assert not (parts / "summary.csv").exists()
        with (parts / "batches" / "0000.jsonl").open("a") as log:
            log.write('{"step": 9, "gener')
    assert measured(build, parts, stop, observe) == whole
    assert shown == [(0, 4), (1, 4), (0, 8), (1, 8)]
    for name in ("summary.csv", "batches/0000.json", "batches/0000.jsonl"):
        assert (parts / name).read_text() == (tmp_path / "whole" / name).read_text()


def test_a_row_is_appended_without_writing_those_before_it(tmp_path):
    rows = RowLog(tmp_path / "rows.jsonl", 0)
    rows.append({"step": 1, "loss": [1.0, float("inf")]})
    before = (tmp_path / "rows.jsonl").stat().st_ino
    rows.append({"step": 2, "loss": [2.0, 3.0]})
    assert (tmp_path / "rows.jsonl").stat().st_ino == before
    assert RowLog(tmp_path / "rows.jsonl", 1).rows == [{"step": 1, "loss": [1.0, float("inf")]}]
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 1


def test_no_measurements_are_a_mistake(file, tmp_path):
    with RunDirectory(tmp_path) as run, pytest.raises(UserError, match="measure_times is 0, but"):
        sweep(load_experiment(file).build, [], run, lengths, measure_times=0)


def test_the_time_left_counts_what_an_earlier_call_did():
    now = [0.0]
    shown = Task("", 10, "members", clock=lambda: now[0])
    shown.skip(4)
    clock = batch_training.Clock(shown, 2)
    clock.begin(4, 8)  # half of a population of two
    now[0] = 60.0
    clock.update(8, 8)  # its other half took a minute
    assert shown.line() == ["6/10 members", "4:00 left", "60 s per member", "step 8/8 of 2 at once"]


def test_members_of_a_program_share_what_cannot_be_traced(file):
    build = load_experiment(file).build
    axes = [parse_axis(text, build) for text in ("lr=0.1,0.2,0.3", "width=2,3")]
    batches = plan({"lr": 1.0, "loss": "hinge"}, axes, settings(axes, None), [0, 1], lambda own: 4)
    assert [len(batch.members) for batch in batches] == [4, 2, 4, 2]
    assert [batch.arguments["width"] for batch in batches] == [2, 2, 3, 3]
    assert all(batch.traced == ["lr"] and "lr" not in batch.arguments for batch in batches)
    members = [
        (m.setting["lr"], batch.arguments["width"], m.seed)
        for batch in batches
        for m in batch.members
    ]
    assert len(set(members)) == 12


def test_one_seed_has_no_deviation():
    (row,) = summary([Record({"lr": 1.0}, 0, None, {"score": 2.0}, {})])
    assert (row["score mean"], row["score std"]) == (2.0, None)


def test_the_table_begins_with_the_best(capsys):
    rows = [{"lr": lr, "score mean": score} for lr, score in ((1, 3.0), (2, 1.5), (3, 2.0))]
    lines = str(Table([*rows, {"lr": 4, "diverged": 2}]).sorted_by("score mean")).splitlines()
    assert [line.split()[0] for line in lines] == ["lr", "2", "3", "1", "4"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--seeds", "0"], "--seeds: is 0, but must be at least 1"),
        (["--over", "beta=1"], "^--over names 'beta', which is no setting of this experiment"),
        (["--over", "lr="], "^--over gives lr no values"),
        (["--over", "lr=uniform(0,1)"], "needs --trials N"),
        (["--steps", "9"], "was made with steps = 8, not 9"),
        (["--over", "lr=1e-3,0.001"], "^--over gives lr the value 0.001 twice"),
        (["--lr", "1"], "^--lr would change nothing, because --over gives the values of lr"),
        (["--samples", "60"], "was made with samples = 50, not 60; use the same value"),
        (["--measure-times", "2"], "was made with measure_times = 1, not 2; use the same value"),
        (
            ["--width", "5"],
            "made with width = 4, not 5; .* or start another sweep with another --out.$",
        ),
    ],
)
def test_mistakes(change, message, whole, file):
    with pytest.raises(UserError, match=message) as caught:
        command.main(words(file, whole, *change))
    assert "--fork" not in str(caught.value)


def test_a_sweep_is_scored_by_one_distance(whole, file, monkeypatch):
    real = function.scorer_of
    other = lambda *args: real(*args)._replace(protocol={"distance": "other"})
    monkeypatch.setattr(function, "scorer_of", other)
    with pytest.raises(
        UserError, match="was made with distance = 'sliced Wasserstein', not 'other'"
    ):
        command.main(words(file, whole))


def test_a_setting_without_effect_is_refused_before_anything_is_trained(file, tmp_path):
    over = ["--over", "loss=hinge,wasserstein", "unused=1,2"]
    idle = tmp_path / "idle.py"
    idle.write_text(TINY.replace("width: int = 4)", "width: int = 4, unused: int = 1)"))
    with pytest.raises(UserError, match=r"^--over gives unused the values 1 and 2, but both train"):
        command.main([str(idle), "--out", str(tmp_path / "sweep"), *over])
    assert not (tmp_path / "sweep" / "settings.json").exists()


def test_a_finished_sweep_says_which_flags_have_no_effect(whole, file, capsys):
    assert main(["sweep", *words(file, whole, "--way", "vmap")]) == 0
    said = capsys.readouterr().out
    assert "all 12 members are finished, so nothing is trained: no effect of --log-every" in said
    assert "--save-every, --way" in said
    assert "score: sliced Wasserstein, lower is better; std: standard deviation over seeds" in said


@pytest.mark.parametrize("damage", ['[{"setting": {"lr', "[]", "[1]", "{}"])
def test_a_damaged_batch_is_trained_again(damage, file, tmp_path):
    build = load_experiment(file).build
    first = measured(build, tmp_path) if damage == "[]" else None
    (tmp_path / "batches").mkdir(exist_ok=True)
    kept = tmp_path / "batches" / "0000.json"
    before = kept.read_text() if first else None
    kept.write_text(damage)
    heard = Heard()
    if first is None:
        with shown_on(heard):
            assert module.finished_records(tmp_path, repair=True) == {}
        assert not kept.exists()
    else:
        with shown_on(heard):
            assert measured(build, tmp_path) == first
        assert kept.read_text() == before
    assert re.search(r"0000.json' is damaged, so its members are trained again\.$", heard.lines[0])


def test_a_directory_of_another_experiment(whole, tmp_path):
    other = tmp_path / "other.py"
    other.write_text(TINY)
    with pytest.raises(UserError, match=r"was made with experiment = 'tiny.py', not 'other.py'"):
        command.main(words(other, whole))
    assert json.loads((whole / "settings.json").read_text())["experiment"] == "tiny.py"


def test_from_a_finished_sweep_to_a_table_and_a_figure_of_a_paper(whole, tmp_path, capsys):
    choice = ["--by", "loss", "--choose", "score@seeds=0:1", "--report", "seeds=1:2"]
    assert main(["table", str(whole), *choice, "--out", str(tmp_path / "sweep.tex")]) == 0
    assert main(["table", str(whole), *choice, "--out", str(tmp_path / "sweep.pdf")]) == 0
    assert "settings tried" in capsys.readouterr().out
    assert (tmp_path / "sweep.tex").read_text().count("hinge") == 1
    assert (tmp_path / "sweep.pdf").read_bytes().startswith(b"%PDF")


def test_samples_that_were_made_elsewhere_are_a_row(whole, tmp_path):
    points = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    for name in ("one", "two"):
        np.savez(tmp_path / f"{name}.npz", image=points)
    sets = [f"noise={tmp_path / name}.npz" for name in ("one", "two")]
    found = jgan.table(whole, pictures=sets)
    assert found[-1]["loss"] == "-"
    assert (found[-1]["lr"], found[-1]["seeds"]) == ("noise", "2")
    (entry,) = [own for own in found.comparison.entries["score"] if own.row.name == "lr=noise"]
    score = scorer(load_experiment(whole / "experiment.py").build(), count=50)
    expected = score.of_samples(iter([points[draw_rows(60, 50, stream(0, "compared"))]]))
    assert list(entry.values.values()) == [pytest.approx(expected)] * 2
    np.savez(tmp_path / "few.npz", image=points[:20])
    with pytest.raises(
        UserError, match=r"few.npz' holds 20 examples, but the sweep's score is of 50"
    ):
        jgan.table(whole, pictures=[f"few={tmp_path}/few.npz"])
    with pytest.raises(UserError, match=r"^pictures has 'few', but must have NAME=FOLDER"):
        jgan.table(whole, pictures=["few"])


@pytest.mark.full
def test_eight_seeds_added_to_four_give_the_table_of_twelve(file, tmp_path):
    more = ["--log-every", "8", "--samples", "20", "--steps", "2", "--at-once", "12"]
    grown, whole = tmp_path / "grown", tmp_path / "whole"
    for folder, over, seeds in (
        (grown, ["lr=1e-2", "batch_size=5"], ["--seeds", "4:12", "--keep", "final"]),
        (grown, ["lr=0.010", "batch_size=5"], ["--seeds", "0:4", "--keep", "final"]),
        (whole, ["batch_size=5", "lr=0.01"], ["--seeds", "12"]),
    ):
        assert command.main([str(file), "--out", str(folder), *more, "--over", *over, *seeds]) == 0
    read = lambda folder, name: [
        sorted(row.items()) for row in csv.DictReader((folder / name).read_text().splitlines())
    ]
    for name in ("members.csv", "summary.csv"):
        assert read(grown, name) == read(whole, name)
    (row,) = jgan.table(grown)
    assert row["seeds"] == "12"

    scores = {
        int(dict(one)["seed"]): float(dict(one)["score"]) for one in read(grown, "members.csv")
    }
    rows = jgan.evaluate(grown, metrics="sw", samples=20)
    assert [own["seed"] for own in rows] == list(range(12)) == list(scores)
    (name,) = (name for name in rows.columns if name.startswith("sliced"))
    for own in (rows[0], rows[7]):
        kept = jgan.load(member_folder(grown, {"lr": 0.01, "batch_size": 5}, own["seed"]))
        assert kept.settings["batch_size"] == 5
        measured = MemberMeasures(20)(Trained(kept.experiment, kept.state, []))
        assert measured["score"] == pytest.approx(scores[own["seed"]], rel=1e-5)
        assert own[name] == pytest.approx(scores[own["seed"]], rel=1e-5)
    assert f"{name} ↓" in jgan.table(grown, report=name).columns


def test_what_remains_of_a_plan_is_as_full_as_it_was():
    members = [Member({"lr": float(lr)}, seed) for lr in range(3) for seed in range(2)]
    batches = [Batch({"width": (2, 3)}, own, ["lr"]) for own in (members[:4], members[4:])]
    left = remaining(batches, {members[0].key, members[3].key})
    assert [batch.members for batch in left] == [[members[n] for n in (1, 2, 4, 5)]]
    assert remaining(batches, {member.key for member in members}) == []
    assert batch_from_json(json.loads(json.dumps(batches[0].as_json()))) == batches[0]
    assert members[0].key == Member({"lr": 0.0}, 0).key != members[1].key
