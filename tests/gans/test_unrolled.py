"""The unrolled game against finite differences through NumPy's optimizers."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import (
    KEY,
    STEP,
    assert_same,
    central_differences,
    critic_game,
    differ,
    mlp_game,
    points,
)

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.unrolled import unrolled
from jgan.losses import minimax
from jgan.rules.rule import gradient

RATE, BETAS, ROOT = 0.1, (0.5, 0.9), 1e-16
INNER = {
    "sgd": optax.sgd(RATE),
    "momentum": optax.sgd(RATE, momentum=0.6),
    "adam": optax.adam(RATE, *BETAS, 1e-8, eps_root=ROOT),
}
ZERO_SUM = minimax()._replace(generator=lambda r, f: -minimax().discriminator(r, f))
REAL, THETA, PSI = np.array([0.7, -1.1]), np.array([0.3, 0.4]), np.array([0.2, 0.5])


def value(theta, psi):
    """The discriminator's minimax loss with D(x) = psi · x, a data point and a generated one."""
    return np.logaddexp(0, -psi @ REAL) + np.logaddexp(0, psi @ theta)


def foreseen(theta, name, steps, fake=None):
    """psi after ``steps`` against fakes at ``fake``, by default ``theta``."""
    fake = theta if fake is None else fake
    psi, mean, square = PSI, np.zeros(2), np.zeros(2)
    for step in range(1, steps + 1):
        slopes = 1 / (1 + np.exp(psi @ REAL)), 1 / (1 + np.exp(-psi @ fake))
        grads = -slopes[0] * REAL + slopes[1] * fake
        if name == "adam":
            mean = BETAS[0] * mean + (1 - BETAS[0]) * grads
            square = BETAS[1] * square + (1 - BETAS[1]) * grads**2
            root = np.sqrt(square / (1 - BETAS[1] ** step) + ROOT)
            psi = psi - RATE * mean / (1 - BETAS[0] ** step) / (root + 1e-8)
        else:
            mean = grads + (0.6 * mean if name == "momentum" else 0)
            psi = psi - RATE * mean
    return psi


def slope(name, steps, second_order=True):
    batch = {"image": jnp.asarray(REAL[None])}
    plain = critic_game(lambda psi, x: x @ psi, PSI, ZERO_SUM, theta=THETA[None])
    game = unrolled(plain, steps, INNER[name], second_order=second_order)
    variables = game.init(KEY, batch)
    return np.asarray(gradient(game, GENERATOR, variables, batch, KEY, STEP)[2])[0]


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", INNER)
@pytest.mark.parametrize("steps", [0, 1, 4])
def test_the_generator_follows_the_slope_of_the_foreseen_value(name, steps):
    expected = central_differences(lambda x: -value(x, foreseen(x, name, steps)), THETA)
    np.testing.assert_allclose(slope(name, steps), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.usefixtures("double")
def test_without_second_order_the_foreseen_discriminator_is_a_constant():
    expected = central_differences(lambda x: -value(x, foreseen(x, "sgd", 4, fake=THETA)), THETA)
    np.testing.assert_allclose(slope("sgd", 4, second_order=False), expected, rtol=1e-6)
    assert not np.allclose(slope("sgd", 4), expected, rtol=1e-2)


def test_the_minimax_generator_does_not_see_the_data_through_the_foreseen_discriminator():
    batch = {"image": jnp.asarray(REAL[None], jnp.float32)}
    grads = []
    for loss in (minimax(), ZERO_SUM):
        game = critic_game(lambda psi, x: x @ psi, jnp.asarray(PSI), loss, theta=THETA[None])
        for steps in (0, 2):
            ahead = unrolled(game, steps, optax.sgd(RATE))
            variables = ahead.init(KEY, batch)
            grads.append(gradient(ahead, GENERATOR, variables, batch, KEY, STEP)[2])
    assert np.allclose(grads[0], grads[2], rtol=1e-5)
    assert not np.allclose(grads[1], grads[3], rtol=1e-2)


@pytest.mark.full
def test_the_discriminators_own_loss_is_untouched():
    plain = mlp_game(norm="spectral")
    game = unrolled(plain, 3, optax.sgd(RATE))
    variables = plain.init(KEY, points())
    one, other = (gradient(g, DISCRIMINATOR, variables, points(), KEY, STEP) for g in (game, plain))
    assert_same(one, other)
    mine, theirs = (
        gradient(g, GENERATOR, variables, points(), KEY, STEP)[2] for g in (game, plain)
    )
    assert differ(mine, theirs)


def test_adam_with_eps_root_passes_through_dead_units():
    # The second input of D is always 0, so that its weight never has a gradient.
    batch = {"image": jnp.array([[0.7, 0.0]])}
    game = critic_game(
        lambda psi, x: (x * jnp.array([1.0, 0.0])) @ psi, PSI, ZERO_SUM, theta=THETA[None]
    )
    variables = game.init(KEY, batch)
    for root, finite in ((ROOT, True), (0.0, False)):
        ahead = unrolled(game, 2, optax.adam(RATE, eps_root=root))
        grads = gradient(ahead, GENERATOR, variables, batch, KEY, STEP)[2]
        assert bool(jnp.isfinite(grads).all()) == finite
