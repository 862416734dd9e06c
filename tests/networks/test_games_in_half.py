"""How near games in bfloat16 stay to float32's."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, STEP, images, points
from jax.flatten_util import ravel_pytree

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import (
    Network,
    mlp_discriminator,
    mlp_generator,
    pair,
)
from jgan.rules import alternating
from jgan.rules.rule import gradient
from jgan.terms.penalties import r1, wgan_gp

HALF, SINGLE = jnp.dtype("bfloat16"), jnp.dtype("float32")


def flat_gradients(networks, variables, batch, penalties):
    """``{player: (loss, gradient as one vector)}``."""
    game = gan(*networks, get_loss("non_saturating"), normal(6)).add(penalties)

    def run(variables):
        found = {}
        for player in PLAYERS:
            loss, _, slope = gradient(game, player, variables, batch, KEY, STEP)
            found[player] = loss, ravel_pytree(slope)[0]
        return found

    variables = variables or jax.jit(game.init)(KEY, batch)
    return variables, jax.jit(run)(variables)


def distance(found, expected):
    """Of gradients: the relative error and the cosine."""
    a, b = (np.asarray(z, np.float64) for z in (found, expected))
    length = np.linalg.norm(b)
    return np.linalg.norm(a - b) / length, a @ b / (np.linalg.norm(a) * length)


def with_rounded_weights(network):
    """Computes in single precision with weights of half: an error that no half computation avoids."""

    def apply(own, *inputs, **options):
        params = jax.tree.map(lambda leaf: leaf.astype(HALF).astype(SINGLE), own["params"])
        return network.apply({**own, "params": params}, *inputs, **options)

    return Network(network.init, apply)


def smooth(kind):
    options = {"activation": "tanh", "dtype": kind}
    return mlp_generator((2,), (32,), **options), mlp_discriminator((32,), **options)


def test_a_smooth_game_has_the_gradients_of_single_precision():
    batch, penalties = points(128), (r1(2.0), wgan_gp(1.0))
    variables, expected = flat_gradients(smooth("float32"), None, batch, penalties)
    _, found = flat_gradients(smooth("bfloat16"), variables, batch, penalties)
    for player in PLAYERS:
        np.testing.assert_allclose(found[player][0], expected[player][0], rtol=0.01)
        error, cosine = distance(found[player][1], expected[player][1])
        assert 1e-6 < error < 0.02
        assert cosine > 0.999


@pytest.mark.full
@pytest.mark.parametrize(("norm", "penalties"), [("batch", ()), ("spectral", (r1(1.0),))])
def test_games_of_rectifiers_err_like_rounded_weights(norm, penalties):
    """A rectifier near its kink flips on any rounding, so the measure is one that cannot be avoided."""
    batch = images(32, (12, 12, 3))
    networks = lambda kind: pair((12, 12, 3), width=8, discriminator_norm=norm, dtype=kind)
    variables, expected = flat_gradients(networks("float32"), None, batch, penalties)
    _, found = flat_gradients(networks("bfloat16"), variables, batch, penalties)
    rounded = tuple(map(with_rounded_weights, networks("float32")))
    _, measure = flat_gradients(rounded, variables, batch, penalties)
    for player in PLAYERS:
        np.testing.assert_allclose(found[player][0], expected[player][0], rtol=2e-3)
        error, cosine = distance(found[player][1], expected[player][1])
        assert error < 3 * distance(measure[player][1], expected[player][1])[0]
        assert error < 0.06
        assert cosine > 0.998


def train(networks, batches, steps, penalty=None):
    """The discriminator's losses at every step."""
    game = gan(*networks, get_loss("non_saturating"), normal(4))
    if penalty:
        game = game.add(penalty)
    adam = optax.adam(1e-3, b1=0.0, b2=0.9)
    rule = alternating(game, {GENERATOR: adam, DISCRIMINATOR: adam})

    def step(state, index):
        state, metrics = rule.update(state, {"image": batches[index % len(batches)]})
        return state, metrics["discriminator/loss"]

    run = lambda: jax.lax.scan(step, rule.init(KEY, {"image": batches[0]}), jnp.arange(steps))
    return np.asarray(jax.jit(run)()[1])


@pytest.mark.full
def test_a_perceptron_trains_as_in_single_precision():
    batches = jax.random.normal(KEY, (10, 64, 2)) + jnp.array([3.0, -1.0])
    single, half = (
        train(pair((2,), width=4, dtype=kind), batches, 300, r1(1.0))
        for kind in ("float32", "bfloat16")
    )
    assert not np.array_equal(single, half)
    assert abs(single[:20].mean() - single[-50:].mean()) > 3
    np.testing.assert_allclose(half[-50:].mean(), single[-50:].mean(), rtol=0.02)


@pytest.mark.full
def test_a_dcgan_trains_as_in_single_precision():
    batches = 0.6 + 0.2 * images(64, (8, 8, 1))["image"].reshape(4, 16, 8, 8, 1)
    single, half = (
        train(pair((8, 8, 1), width=4, dtype=kind), batches, 60) for kind in ("float32", "bfloat16")
    )
    assert not np.array_equal(single, half)
    assert single.max() - single.min() > 0.04
    np.testing.assert_allclose(half, single, rtol=2e-3)
