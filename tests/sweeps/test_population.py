"""A member of a population is the run that its seed and its settings make alone."""

from dataclasses import replace

import jax
import numpy as np
import optax
import pytest
from helpers import assert_close

from jgan.data import load
from jgan.errors import UserError
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import (
    dcgan_discriminator,
    dcgan_generator,
    mlp_discriminator,
    mlp_generator,
)
from jgan.rules import alternating
from jgan.sweeps.population import member, population
from jgan.terms.penalties import r1
from jgan.training.experiment import Experiment, load_experiment
from jgan.training.fit import begin, fit

SEEDS = [3, 1, 1]
VALUES = {"lr": [0.05, 0.05, 0.01], "gamma": [1.0, 0.1, 0.1]}


def build(*, data="ring", lr=0.05, gamma=1.0, checked=False, optimizer=optax.sgd):
    source = load(data).take(100)
    if checked and lr > 1:
        raise ValueError("too fast")
    networks = (
        (mlp_generator((2,), (8,)), mlp_discriminator((8,)))
        if data == "ring"
        else (dcgan_generator(source.shape, width=2), dcgan_discriminator(width=2, norm="none"))
    )
    game = gan(*networks, non_saturating(), normal(3))
    if data == "ring":  # with convolutions it would take a minute to compile
        game = game.add(r1(gamma))
    rule = alternating(game, dict.fromkeys(PLAYERS, optimizer(lr)))
    return Experiment(game, rule, source, steps=5, batch_size=10)


@pytest.mark.parametrize(
    ("data", "way", "tolerance"),
    [
        ("ring", "vmap", 2e-5),
        pytest.param("ring", "map", 1e-6, marks=pytest.mark.full),
        pytest.param("fashion", None, 1e-6, marks=pytest.mark.full),
    ],
)
def test_members_are_single_runs(data, way, tolerance):
    members = SEEDS if way == "vmap" else SEEDS[:2]
    values = {name: column[: len(members)] for name, column in VALUES.items()}
    made = population(build, {"data": data}, members, values, way)
    states, metrics = made.run(made.init(), 2)
    states, metrics = made.run(states, 3)
    for index, seed in enumerate(members):
        own = {name: column[index] for name, column in values.items()}
        single = fit(build(data=data, **own), seed, every=2)
        assert_close(member(states, index), single.state, tolerance)
    assert metrics["generator/loss"].shape == (len(members),)


@pytest.mark.full
def test_fifty_steps_of_adam_leave_members_equal_to_single_runs():
    made = population(build, {"optimizer": optax.adam}, [0, 1], {"lr": [1e-2, 1e-3]})
    states, _ = made.run(made.init(), 50)
    for index, lr in enumerate([1e-2, 1e-3]):
        single = fit(replace(build(optimizer=optax.adam, lr=lr), steps=50), index).state
        assert_close(member(states, index), single, 1e-5)


@pytest.mark.full
@pytest.mark.parametrize("way", ["vmap", "map"])
def test_members_are_spread_over_devices(eight_devices, way):
    made = population(build, {}, list(range(8)), way=way)
    states = made.init()
    states, _ = made.run(states, 3)
    leaf = jax.tree.leaves(states.variables)[0]
    assert len(leaf.sharding.device_set) == 8
    assert {shard.data.shape[0] for shard in leaf.addressable_shards} == {1}
    single = fit(replace(build(), steps=3), 5)
    assert_close(member(states, 5), single.state, 2e-5)


def test_one_that_diverges_disturbs_no_other():
    lr = [0.05, float("inf")]
    made = population(build, {}, [0, 0], {"lr": lr})
    states, metrics = made.run(made.init(), 4)
    assert np.isfinite(metrics["generator/loss"]).tolist() == [True, False]
    single = fit(replace(build(), steps=4), 0).state
    assert_close(member(states, 0), single, 2e-5)


def test_a_population_begins_as_its_members(eight_devices):
    states = population(build, {}, SEEDS).init()
    for index, seed in enumerate(SEEDS[:2]):
        assert_close(member(states, index), begin(build(), seed), 1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({}, []), "^a population has 0 seeds, but must have at least 1"),
        (({}, [1, 2], {"lr": [0.1]}), "^lr has 1 values, but there are 2 members"),
        (({}, [1], None, "pmap"), "^way is 'pmap', but must be one of vmap, map"),
        (
            ({"checked": True}, [1], {"lr": [0.1]}),
            "^the settings lr cannot differ within one program, because the experiment decides",
        ),
    ],
)
def test_mistakes(arguments, message):
    with pytest.raises(UserError, match=message):
        population(build, *arguments).init()


def test_an_experiment_file_that_decides_by_a_setting(tmp_path):
    file = tmp_path / "picky.py"
    file.write_text("def experiment(*, lr: float = 0.1):\n    assert lr > 0\n")
    plain = build()

    def loaded(**arguments):
        if isinstance(arguments["lr"], float):  # the first member, before any tracing
            return plain
        return load_experiment(file).build(**arguments)

    with pytest.raises(UserError, match=r"^the settings lr cannot differ within one program"):
        population(loaded, {}, [1, 2], {"lr": [0.1, 0.2]}).init()
