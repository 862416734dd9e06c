"""Trainings of several stages: nothing is lost between them, whenever they are interrupted."""

import functools
import json
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import Heard, as_file, assert_close, assert_same
from staged import STAGED

from jgan.claims.verify import verify
from jgan.display.current import shown_on
from jgan.errors import UserError
from jgan.rules.rule import Rule
from jgan.runs.saved import load_state, shape_of_state
from jgan.runs.train import Options, train
from jgan.sweeps.population import member, population
from jgan.training import feed as feeds
from jgan.training.compiler import _equations as equations
from jgan.training.experiment import Experiment, load_experiment
from jgan.training.fit import all_chunks, begin, fit
from jgan.training.resources import estimate

FULL = functools.partial(pytest.param, marks=pytest.mark.full)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("experiment") / "growing.py"
    path.write_text(STAGED)
    return path


@pytest.fixture(scope="module")
def build(file):
    return load_experiment(file).build


@pytest.fixture(scope="module")
def whole(build):
    """The training that is not interrupted, in memory."""
    return fit(build(), seed=0, every=3)


class Killed(Exception):
    """A process that dies."""


def run(experiment, file, out, *, kill=None, loader="device"):
    """Train in a directory, and die when the row of step ``kill`` is logged, before its state is saved."""

    def die(row):
        if row["step"] == kill:
            raise Killed

    options = Options(log_every=1, sample_every=3, save_every=3, loader=loader)
    return train(experiment, file, {}, seed=0, out=out, options=options, after_row=die)


@pytest.fixture(scope="module")
def uninterrupted(build, file, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "whole"
    assert run(build(), file, out)
    return out


def test_a_step_has_a_stage(build):
    experiment = build()
    small, large = experiment.stages
    assert (experiment.steps, experiment.ends) == (8, [4, 8])
    assert [experiment.at(step).batch_size for step in (0, 3, 4, 5, 8, 99)] == [
        10,
        10,
        10,
        20,
        20,
        20,
    ]
    assert (experiment.game, experiment.source) == (large.game, large.source)
    assert experiment.until(4).game is small.game
    assert experiment.until(5) is experiment
    assert experiment.until(4).claims is experiment.claims
    assert build(growing=False).stages[0].steps == build(growing=False).steps == 4


@pytest.mark.parametrize(
    ("steps", "batch_size", "expected"),
    [
        (None, None, {"batch_size": [10, 20], "steps": 8, "stages": [4, 8]}),
        (3, None, {"batch_size": 10, "steps": 3}),
        (4, 7, {"batch_size": 7, "steps": 4}),
        (5, 7, {"batch_size": [7, 7], "steps": 5, "stages": [4, 5]}),
        (12, [5], {"batch_size": [5, 20], "steps": 12, "stages": [4, 12]}),
    ],
)
def test_other_numbers_of_steps_and_examples(build, steps, batch_size, expected):
    assert build().resized(steps, batch_size).sizes() == expected


def test_mistakes(build):
    small, large = build().stages
    with pytest.raises(UserError, match=r"^an experiment has 0 stages, but must have at least 1"):
        Experiment.of_stages()
    with pytest.raises(UserError, match=r"^steps is 0 in stage 2, but must be at least 1"):
        Experiment.of_stages(small, large._replace(steps=0))
    with pytest.raises(UserError, match=r"^batch_size is 0 in stage 1, but must be at least 1"):
        Experiment.of_stages(small._replace(batch_size=0), large)


def test_a_mistake_in_a_later_stage_is_told_at_once(build, file, tmp_path):
    small, large = build().stages
    many = Experiment.of_stages(small, large._replace(batch_size=70))
    with pytest.raises(UserError, match=r"^batch_size is 70, but the source 'grid' has only 60"):
        run(many, file, tmp_path / "many")

    def broken(fresh, past, source):
        raise ValueError("the carry cannot be.")

    with pytest.raises(UserError, match=r"^the carry cannot be\.$"):
        run(Experiment.of_stages(small, large._replace(carry=broken)), file, tmp_path / "broken")
    assert not (tmp_path / "broken").exists()


def test_networks_grow_and_the_fade_begins_anew(build, whole):
    assert [row["step"] for row in whole.history] == [3, 4, 6, 8]
    # Means over the steps since the row before: (0 + 1 + 2)/3/4, 3/4, then the same from the boundary on.
    fades = [row["generator/fade"] for row in whole.history]
    np.testing.assert_allclose(fades, [0.25, 0.75, 0.125, 0.625])
    assert (int(whole.state.step), int(whole.state.began)) == (8, 4)
    first = fit(build(growing=False), seed=0, every=3)
    assert_same(jax.random.key_data(whole.state.key), jax.random.key_data(first.state.key))
    assert set(whole.state.variables["generator"]["params"]) == {"layer_3", "layer_5", "out_5"}
    assert [row for row in whole.history if row["step"] <= 4] == first.history
    shape = shape_of_state(build())
    assert jax.tree.map(lambda a: (a.shape, a.dtype), whole.state) == jax.tree.map(
        lambda a: (a.shape, a.dtype), shape
    )


def test_the_first_state_of_a_stage(build):
    experiment = build().resized(5)
    past = fit(experiment.until(4)).state
    kept = jax.tree.map(jnp.copy, past)
    steps = experiment.stages[1].rule
    still = Rule(steps.init, lambda state, batch: (state, steps.update(state, batch)[1]), 1)
    unmoved = Experiment.of_stages(experiment.stages[0], experiment.stages[1]._replace(rule=still))
    ((state, _),) = list(all_chunks(unmoved, past, 100))
    own, before = state.variables["generator"]["params"], kept.variables["generator"]["params"]
    assert_same(own["layer_3"], before["layer_3"])
    average = state.averages["generator"]["params"]
    assert_same(average["layer_3"], kept.averages["generator"]["params"]["layer_3"])
    assert_same(average["layer_5"], own["layer_5"])
    assert int(state.optimizers["generator"][0].count) == 0
    assert (int(state.step), int(state.began)) == (4, 4)


@pytest.mark.full
@pytest.mark.parametrize("kill", [3, 4, 5])
def test_killed_around_the_boundary_is_bitwise_never_killed(
    build, file, uninterrupted, tmp_path, kill
):
    out = tmp_path / "killed"
    with pytest.raises(Killed):
        run(build(), file, out, kill=kill)
    assert run(build(), file, out)
    assert_same(load_state(build(), out), load_state(build(), uninterrupted))
    for name in ("metrics.jsonl", "metrics.csv", "samples.png", "samples/samples-000004.png"):
        assert (out / name).read_bytes() == (uninterrupted / name).read_bytes()


@pytest.mark.parametrize(("steps", "loader"), [FULL(3, "device"), (4, "stream"), FULL(5, "stream")])
def test_stopped_around_the_boundary_goes_on_bitwise(
    build, file, uninterrupted, tmp_path, steps, loader
):
    out = tmp_path / "parts"
    assert run(build().resized(steps), file, out, loader=loader)
    assert run(build(), file, out, loader=loader)
    parts, one = load_state(build(), out), load_state(build(), uninterrupted)
    assert_same(parts, one) if loader == "device" else assert_close(parts, one, 1e-6)
    rows = (out / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(row)["step"] for row in rows] == list(range(1, 9))


def test_boundaries_are_saved_and_belong_to_what_ended(build, file, tmp_path):
    options = Options(log_every=100, sample_every=100, save_every=100)
    train(build(), file, {}, seed=0, out=tmp_path, options=options)
    assert sorted(int(path.name) for path in (tmp_path / "checkpoints").iterdir()) == [0, 4, 8]
    state = load_state(build().until(4), tmp_path, 4)
    assert set(state.variables["generator"]["params"]) == {"layer_3", "out_3"}
    with pytest.raises(UserError, match="does not fit this experiment"):
        load_state(build(), tmp_path, 4)


def test_scores_of_one_stage_are_not_compared_with_those_of_another(build, file, tmp_path):
    scores = iter([1.0, 2.0, 30.0, 20.0])
    names = []

    class Fixed:
        protocol = {"distance": "none"}

        @staticmethod
        def measure(variables, step):
            return next(scores)

    def scorer(stage):
        names.append(stage.source.name)
        return Fixed

    options = Options(log_every=2, evaluate_every=2)
    heard = Heard()
    with shown_on(heard):
        train(build(), file, {}, seed=0, out=tmp_path, options=options, score=scorer)
    assert names == ["grid", "ring", "grid"]  # the first is asked for what the settings tell
    best = {"step": 8, "score": 20.0, "protocol": Fixed.protocol}
    assert json.loads((tmp_path / "best.json").read_text()) == best
    stages = [field for fields in heard.updates for field in fields if field.startswith("stage ")]
    assert stages == ["stage 1/2"] * 2 + ["stage 2/2"] * 2


@pytest.mark.full
def test_frozen_layers_are_held(build):
    trained = fit(build(frozen=True), seed=0)
    before = fit(build(frozen=True).until(4), seed=0).state
    own = trained.state.variables["generator"]
    assert_same(own["frozen"], {"layer_3": before.variables["generator"]["params"]["layer_3"]})
    assert set(own["params"]) == {"layer_5", "out_5"}
    stage = build(frozen=True).stages[1]
    found = estimate(stage.rule, stage.source.arrays, 20, state=trained.state)
    assert found.frozen == {"generator": 2 * 3 + 3}
    assert found.parameters["generator"] == 3 * 5 + 5 + 5 * 2 + 2


def test_a_carry_may_compute_from_the_source_of_its_stage(build):
    small, large = build().stages

    def centred(fresh, past, source):
        fresh = large.carry(fresh, past, source)
        own = fresh.variables["generator"]
        mean = jnp.asarray(source.arrays["image"].mean(0))
        layer = {**own["params"]["out_5"], "bias": mean}
        params = {**own["params"], "out_5": layer}
        return fresh.replace(variables={**fresh.variables, "generator": {**own, "params": params}})

    still = large.rule._replace(
        update=lambda state, batch: (state, large.rule.update(state, batch)[1])
    )
    experiment = Experiment.of_stages(small, large._replace(carry=centred, rule=still, steps=1))
    found = fit(experiment).state.variables["generator"]["params"]["out_5"]["bias"]
    np.testing.assert_allclose(found, large.source.arrays["image"].mean(0), rtol=1e-6)


@pytest.mark.full
def test_eight_devices_and_batches_that_four_can_share(eight_devices, build):
    small, large = build(optimizer="sgd").stages
    sizes = (small._replace(batch_size=16), large._replace(batch_size=20))
    several = fit(Experiment.of_stages(*sizes)).state
    assert several.step.sharding.num_devices == 5 or several.step.sharding.num_devices == 4
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jgan.training.devices.all_devices", lambda: jax.devices()[:1])
        single = fit(Experiment.of_stages(*sizes)).state
    assert_close(several, single, 1e-5)


@pytest.mark.parametrize("way", [FULL("map"), FULL("vmap")])
def test_a_population_of_a_staged_experiment_is_its_single_runs(build, way):
    rates = [0.05, 0.01]
    own = ({"optimizer": "sgd"}, [0, 1], {"lr": rates}, way)
    small, large = (population(build, *own, stage=number) for number in (0, 1))
    states, _ = small.run(small.init(), 4)
    states, metrics = large.run(large.init(states), 4)
    assert states.step.shape == states.began.shape == metrics["generator/loss"].shape[1:] == ()
    assert jax.tree.map(lambda a: a.shape, states) == jax.tree.map(
        lambda a: a.shape, large.shapes[0]
    )
    for index, lr in enumerate(rates):
        single = fit(build(optimizer="sgd", lr=lr), index).state
        assert_close(member(states, index), single, 2e-5 if way == "vmap" else 1e-6)


def lazily(rule):
    """The rule with a term that is due at every fourth step."""

    def update(state, batch):
        state, metrics = rule.update(state, batch)
        own = state.variables["generator"]
        shrunk = lambda params: jax.tree.map(lambda leaf: jnp.sin(leaf), params)
        params = jax.lax.cond(state.step % 4 == 0, shrunk, lambda params: params, own["params"])
        own = {**state.variables, "generator": {**own, "params": params}}
        return state.replace(variables=own), metrics

    return Rule(rule.init, update, rule.minibatches)


@pytest.mark.parametrize("way", ["map", "vmap"])
def test_a_lazy_term_of_a_population_is_computed_when_it_is_due(build, way):
    def lazy(**arguments):
        experiment = build(growing=False, optimizer="sgd", **arguments)
        return replace(experiment, rule=lazily(experiment.rule))

    made = population(lazy, {}, [0, 1], {"lr": [0.1, 0.2]}, way)
    program = jax.make_jaxpr(lambda states: made.run(states, 2))(made.init())
    assert any(equation.primitive.name == "cond" for equation in equations(program.jaxpr))


@pytest.mark.full
def test_claims_are_measured_of_all_stages(build, tmp_path):
    (verdict,) = verify(as_file(build), {}, out=tmp_path)
    assert (verdict.system, verdict.control, verdict.proven) == ({0: 4}, {0: 0}, True)


@pytest.mark.full
def test_a_feed_ends_with_its_stage(build, monkeypatch):
    spans = []
    stream = feeds.batches
    monkeypatch.setattr(feeds, "batches", lambda *a, **k: spans.append(a[3:5]) or stream(*a, **k))
    list(all_chunks(build(), begin(build(), 0), 100, loader="stream"))
    assert spans == [(0, 4), (4, 8)]
