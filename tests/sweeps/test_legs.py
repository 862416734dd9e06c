"""Members that go on at a rung end as if they had been trained straight, whatever is killed on the way."""

import csv
import itertools
import math
import shutil

import jax
import numpy as np
import optax
import pytest
from helpers import Heard

from jgan.data import load
from jgan.display.current import shown_on
from jgan.errors import UserError
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Aux, Game
from jgan.rules import alternating
from jgan.runs.run import RunDirectory, read_settings
from jgan.sweeps import batch_training
from jgan.sweeps import sweep as module
from jgan.sweeps.axes import parse_axis
from jgan.sweeps.halving import NONE, Rungs
from jgan.sweeps.parts import WHOLE, Part, SweepDirectory
from jgan.sweeps.plans import plan
from jgan.sweeps.search import settings
from jgan.sweeps.sweep import all_finished, finished_records, sweep
from jgan.training.experiment import Experiment
from jgan.training.stages import Stage

RUNGS = Rungs((3, 6), end=9)


def init(key, batch):
    keys = dict(zip(PLAYERS, jax.random.split(key), strict=True))
    return {player: {"params": jax.random.normal(keys[player], (2,))} for player in PLAYERS}


def losses(variables, batch, key, step, held=None):
    """A game of four numbers that meets every batch and every key."""
    theta, psi = (variables[player]["params"] for player in PLAYERS)
    made = theta + 0.1 * jax.random.normal(key, batch["image"].shape)
    value = ((batch["image"] - made) @ psi).mean() - 0.1 * psi @ psi
    return {GENERATOR: (value, Aux()), DISCRIMINATOR: (-value, Aux())}


def experiment(*, lr: float = 0.05) -> Experiment:
    """Two stages, of which the first ends at a rung."""
    game, source = Game(init, losses), load("ring", size=100)
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.adam(lr)))
    return Experiment.of_stages(Stage(game, rule, source, 6, 7), Stage(game, rule, source, 3, 5))


def length(trained):
    """Of the generator's parameters: every bit of the state's history counts."""
    own = trained.state.variables["generator"]["params"]
    return {"score": math.sqrt(sum(float(np.square(x).sum()) for x in jax.tree.leaves(own)))}


def trained(folder, rungs=RUNGS, size=4, later=(), part=WHOLE, stop=lambda: False):
    axes = [parse_axis("lr=0.3,0.05,0.01,0.1", experiment)]
    chosen = settings(axes, None)
    first, others = (plan({}, axes, chosen, own, lambda own: size) for own in ((0, 1), later))
    with SweepDirectory(folder, part) as run:
        options = {"log_every": 2, "save_every": 2, "rungs": rungs, "later": others, "part": part}
        return sweep(experiment, first, run, length, **options, stop=stop)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """All members trained to the end, as one program."""
    records = trained(tmp_path_factory.mktemp("straight") / "sweep", NONE, size=8)
    return {record.member.key: record for record in records}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A sweep that was halved and never disturbed."""
    folder = tmp_path_factory.mktemp("halved") / "sweep"
    trained(folder)
    return folder


def tables(folder):
    """The tables byte for byte."""
    return [(folder / name).read_text() for name in ("members.csv", "summary.csv")]


def test_members_that_go_on_are_those_that_were_trained_straight(whole, straight):
    found = finished_records(whole)
    assert set(found) == set(straight)
    ends = [own.halved for own in found.values()]
    assert [ends.count(step) for step in (3, 6, None)] == [4, 2, 2]
    for key, own in found.items():
        steps = [row["step"] for row in own.learning_curve]
        if own.halved is None:
            assert steps == [3, 6, 9]
            assert own.measures == straight[key].measures
            assert own.metrics == straight[key].metrics
        else:
            assert steps == [step for step in (3, 6) if step <= own.halved]
            assert own.measures != straight[key].measures
    mean = lambda lr, step: np.mean(
        [
            next(row["score"] for row in own.learning_curve if row["step"] == step)
            for own in found.values()
            if own.setting["lr"] == lr
        ]
    )
    rates = sorted({own.setting["lr"] for own in found.values()}, key=lambda lr: mean(lr, 3))
    out = {own.setting["lr"] for own in found.values() if own.halved == 3}
    assert out == set(rates[2:])
    with open(whole / "summary.csv") as stream:
        rows = list(csv.DictReader(stream))
    assert sorted(row["halved at step"] for row in rows) == ["", "3", "3", "6"]
    assert not (whole / "current").exists()
    assert not list(whole.glob("rungs/*/states"))


def test_killed_anywhere_it_ends_with_the_same_table(whole, tmp_path, monkeypatch):
    class Killed(Exception):
        pass

    def deadly(function, at):
        """The same, which kills at some of its calls, before or after it has acted."""

        def killing(*arguments, **options):
            number = next(calls)
            if number in at and number % 2:
                raise Killed
            found = function(*arguments, **options)
            if number in at:
                raise Killed
            return found

        calls = itertools.count()
        return killing

    out = tmp_path / "sweep"
    for place, name, at in (
        (batch_training.Clock, "update", {1, 6}),
        (module, "settle", {0, 3}),
        (batch_training, "carry_over", {0}),
        (module, "write_atomically", {3}),
    ):
        monkeypatch.setattr(place, name, deadly(getattr(place, name), at))
    kills = 0
    while True:
        try:
            trained(out)
            break
        except Killed:
            kills += 1
    assert kills == 6
    assert tables(out) == tables(whole)
    for file in sorted(whole.glob("batches/*")):
        assert (out / "batches" / file.name).read_text() == file.read_text()


@pytest.mark.full
def test_without_its_states_a_rung_is_trained_to_again(whole, tmp_path):
    out, calls = tmp_path / "sweep", []
    last = lambda: calls.append(None) or (out / "rungs" / "6" / "decision.json").exists()
    trained(out, stop=last)
    for place in (out / "rungs" / "6" / "states", out / "current"):
        shutil.rmtree(place)
    heard = Heard()
    with shown_on(heard):
        trained(out)
    assert "are missing or damaged; their members are trained from the beginning." in heard.lines[0]
    assert tables(out) == tables(whole)


@pytest.mark.full
def test_other_seeds_are_trained_of_those_that_come_to_the_end(whole, tmp_path):
    out = tmp_path / "sweep"
    trained(out, later=(2, 3))
    found = finished_records(out)
    before = finished_records(whole)
    assert {key: found[key] for key in before} == before
    more = [own for key, own in found.items() if key not in before]
    best = {own.setting["lr"] for own in before.values() if own.halved is None}
    assert {(own.setting["lr"], own.seed) for own in more} == {
        (lr, s) for lr in best for s in (2, 3)
    }
    assert all(own.halved is None for own in more)
    trained(out, later=(2, 3, 4))
    assert len(finished_records(out)) == len(found) + 1


def test_parts_in_any_order_are_the_whole(whole, tmp_path):
    out = tmp_path / "sweep"
    parts = [Part(number, 2) for number in (1, 2)]
    assert trained(out, part=parts[1]) == []
    assert not (out / "rungs" / "3" / "decision.json").exists()
    for part in (parts[1], parts[0], parts[1], parts[0]):
        trained(out, part=part)
    assert tables(out) == tables(whole)


@pytest.mark.full
def test_what_a_part_has_left_in_training_a_whole_sweep_goes_on_with(whole, tmp_path):
    calls = itertools.count()
    trained(tmp_path, part=Part(1, 2), stop=lambda: next(calls) == 1)
    assert list(tmp_path.glob("rungs/3/current/1-of-2/*.json"))
    trained(tmp_path)
    assert tables(tmp_path) == tables(whole)


def test_a_directory_is_held_whole_or_shared_by_its_parts(tmp_path):
    settings_of_one = {"arguments": {}, "seed": 0, "batch_size": 1, "steps": 9, "experiment": "e"}
    settings_of_one |= {"experiment_sha256": None, "sweep": {"over": ["lr=1"], "samples": 5}}
    others = {**settings_of_one, "sweep": {"over": ["lr=1,2"], "samples": 5}}
    busy = "in use by another process; choose another --out"
    with SweepDirectory(tmp_path, Part(1, 2)) as one:
        with one.beginning() as joins:
            assert not joins
            one.write_settings(settings_of_one, "e", joins=joins)
        for mine in (
            lambda: SweepDirectory(tmp_path),
            lambda: SweepDirectory(tmp_path, Part(1, 2)),
        ):
            with pytest.raises(UserError, match=busy):
                mine()
        with SweepDirectory(tmp_path, Part(2, 2)) as two, two.beginning() as joins:
            assert joins
            two.write_settings(settings_of_one, "e", joins=joins)
            with pytest.raises(
                UserError, match=r"with over = \['lr=1'\], not \['lr=1,2'\]; use the"
            ):
                two.write_settings(others, "e", joins=joins)
    with SweepDirectory(tmp_path), pytest.raises(UserError, match=busy):
        SweepDirectory(tmp_path, Part(2, 2))
    with RunDirectory(tmp_path) as run:
        run.write_settings(others, "e")
    assert read_settings(tmp_path)["sweep"] == others["sweep"]


@pytest.mark.full
def test_a_damaged_leg_is_trained_again(whole, tmp_path):
    out, calls = tmp_path / "sweep", []
    trained(
        out, stop=lambda: calls.append(None) or (out / "rungs" / "3" / "decision.json").exists()
    )
    (out / "rungs" / "3" / "0001.json").write_text("[{")
    with shown_on(Heard()):
        trained(out)
    assert tables(out) == tables(whole)


def test_nothing_is_finished_before_all_rungs_are_decided():
    assert not all_finished({}, [], [], None)
    assert all_finished({}, [], [], [])


def test_a_rung_beyond_the_end_is_a_mistake(tmp_path):
    with pytest.raises(UserError, match=r"^--rungs has 9, but must be below the 9 updates of"):
        trained(tmp_path / "sweep", Rungs((9,), end=12))
