import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, assert_same, differ, points

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Aux, Game
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.rules import (
    alternating,
    averaged,
    changing_half_life,
    half_life_decay,
    half_life_schedule,
)

SGD = {player: optax.sgd(1.0) for player in PLAYERS}


def walk():
    """A game whose generator goes 0, 1, 2, ..., with a statistic 0, 10, 20, ... and a counter."""

    def init(key, batch):
        own = {"params": jnp.zeros(()), "stats": {"level": jnp.zeros(()), "count": jnp.int32(0)}}
        return {GENERATOR: own, DISCRIMINATOR: {"params": jnp.zeros(())}}

    def losses(variables, batch, key, step, held=None):
        stats = variables[GENERATOR]["stats"]
        state = {"stats": {"level": stats["level"] + 10, "count": stats["count"] + 1}}
        return {
            GENERATOR: (-variables[GENERATOR]["params"], Aux(state)),
            DISCRIMINATOR: (0 * variables[DISCRIMINATOR]["params"], Aux()),
        }

    return Game(init, losses)


def after(rule, steps):
    state = rule.init(KEY, {})
    update = jax.jit(rule.update)
    for _ in range(steps):
        state, _ = update(state, {})
    return state


@pytest.mark.parametrize("warmup", [0.0, 1.0])
def test_average_of_a_known_path(warmup):
    decay, steps = 0.8, 12
    state = after(averaged(alternating(walk(), SGD), decay, warmup), steps)
    average = state.averages[GENERATOR]
    # (1 - d) sum over t of d^(n - t) t, in closed form.
    expected = steps - decay * (1 - decay**steps) / (1 - decay)
    assert float(average["params"]) == pytest.approx(expected, rel=1e-5)
    assert float(average["stats"]["level"]) == pytest.approx(10 * expected, rel=1e-5)
    assert int(average["stats"]["count"]) == steps, "what is not a float is copied"
    assert float(state.variables[GENERATOR]["params"]) == steps


def test_warm_up_follows_closely_at_first():
    decay, warmup, steps = 0.9, 10.0, 200
    state = averaged(alternating(walk(), SGD), decay, warmup).init(KEY, {})
    update = jax.jit(averaged(alternating(walk(), SGD), decay, warmup).update)
    expected = 0.0
    for t in range(steps):
        state, _ = update(state, {})
        kept = min(decay, (1 + t) / (warmup + t))
        expected = kept * expected + (1 - kept) * (t + 1)
        if t in (0, 5, 79, 80, 81, steps - 1):
            assert float(state.averages[GENERATOR]["params"]) == pytest.approx(expected, rel=1e-5)


def test_half_life():
    # A step from 0 to 1 is half forgotten after the half-life.
    decay = half_life_decay(50.0)
    assert decay**50 == pytest.approx(0.5)
    assert half_life_decay(1.0) == 0.5
    with pytest.raises(ValueError, match=r"half_life is 0\.0"):
        half_life_decay(0.0)


def test_a_half_life_that_grows_with_the_run():
    ramp, most, steps = 0.5, 4.0, 30
    rule = averaged(alternating(walk(), SGD), half_life_schedule(most, ramp))
    state, update, expected = rule.init(KEY, {}), jax.jit(rule.update), 0.0
    for t in range(steps):
        state, _ = update(state, {})
        kept = 0.5 ** (1 / min(ramp * t, most)) if t else 0.0
        expected = kept * expected + (1 - kept) * (t + 1)
        assert float(state.averages[GENERATOR]["params"]) == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match=r"ramp is 0"):
        half_life_schedule(10.0, 0)


def test_a_half_life_that_changes():
    """By hand, from a half-life of 0, with which nothing is averaged."""
    half_life, steps = lambda count: 0.2 * count**2, 12
    rule = averaged(alternating(walk(), SGD), changing_half_life(half_life))
    state, update, expected = rule.init(KEY, {}), jax.jit(rule.update), 0.0
    for t in range(steps):
        state, _ = update(state, {})
        kept = 0.5 ** (1 / half_life(t)) if t else 0.0
        expected = kept * expected + (1 - kept) * (t + 1)
        assert float(state.averages[GENERATOR]["params"]) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("decay", [1.0, -0.1])
def test_decay_lies_below_one(decay):
    with pytest.raises(ValueError, match=f"decay is {decay}"):
        averaged(alternating(walk(), SGD), decay)


def test_averaging_leaves_the_run_alone_and_includes_statistics():
    game = gan(
        mlp_generator((2,), (8,), norm="batch"),
        mlp_discriminator((4,)),
        get_loss("non_saturating"),
        normal(3),
    )
    bare = alternating(game, {player: optax.sgd(0.1) for player in PLAYERS}, discriminator_steps=2)
    rule = averaged(bare, 0.5, 0)
    assert rule.minibatches == 2
    first = rule.init(KEY, points())
    assert_same(first.averages[GENERATOR], first.variables[GENERATOR])
    plain, _ = jax.jit(bare.update)(bare.init(KEY, points()), points())
    state, _ = jax.jit(rule.update)(first, points())
    assert_same(state.variables, plain.variables)
    halfway = jax.tree.map(lambda a, b: (a + b) / 2, first.variables, state.variables)[GENERATOR]
    for name in ("params", "batch_stats"):
        for mean, expected in zip(
            jax.tree.leaves(state.averages[GENERATOR][name]),
            jax.tree.leaves(halfway[name]),
            strict=True,
        ):
            np.testing.assert_allclose(mean, expected, rtol=1e-5, atol=1e-7)
    shown = state.averaged_variables()
    assert_same(shown[GENERATOR], state.averages[GENERATOR])
    assert_same(shown[DISCRIMINATOR], state.variables[DISCRIMINATOR])
    assert differ(shown[GENERATOR], state.variables[GENERATOR])


def test_a_fresh_average_can_be_donated_with_its_run():
    rule = averaged(alternating(walk(), SGD))
    state, _ = jax.jit(rule.update, donate_argnums=0)(rule.init(KEY, {}), {})
    assert int(state.step) == 1
