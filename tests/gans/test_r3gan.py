"""R3GAN as a game, with networks of one number each."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.r3gan import r3gan
from jgan.networks.network import Network
from jgan.schedules import cosine_schedule
from jgan.terms.penalties import r1_r2

IMAGES = np.array([0.4, -1.0, 2.5]).reshape(3, 1, 1, 1)
BATCH = {"image": jnp.asarray(IMAGES, jnp.float32), "label": jnp.array([2, 0, 1])}
SLOPE, SHIFT = 1.5, 0.7


def hand_made(conditional=False, shift=SHIFT):
    """G(z, y) = 3 (z₁ + y) and D(x, y) = x² slope + shift + y."""
    number = lambda label: sum((own.astype(jnp.float32) for own in label), jnp.zeros(()))
    generator = Network(
        lambda key, z, *label: {"params": jnp.array(3.0)},
        lambda own, z, *label, key=None, train=False: (
            own["params"] * (z[:, 0] + number(label))[:, None, None, None],
            {},
        ),
    )
    judge = Network(
        lambda key, x, *label: {"params": jnp.array([SLOPE, shift])},
        lambda own, x, *label, key=None, train=False: (
            own["params"][0] * x[:, 0, 0, 0] ** 2 + own["params"][1] + number(label),
            {},
        ),
    )
    return r3gan(generator, judge, latent=2, conditional=conditional)


@pytest.fixture(scope="module")
def played():
    game = hand_made().add(r1_r2(cosine_schedule(2.0, 0.0, 10)))
    variables = game.init(KEY, BATCH)
    fake = np.asarray(game.scene(variables, BATCH, KEY, 0).meeting["fake"].values, np.float64)
    return game, variables, fake


@pytest.mark.parametrize("step", [0, 5, 30])
def test_losses_by_hand(step, played):
    game, variables, fake = played
    gap = SLOPE * (IMAGES**2 - fake**2).ravel()
    slopes = (2 * SLOPE * IMAGES) ** 2 + (2 * SLOPE * fake) ** 2
    gamma = 1 + np.cos(np.pi * min(step / 10, 1))
    found = {
        player: float(loss)
        for player, (loss, _) in game.losses(variables, BATCH, KEY, jnp.array(step)).items()
    }
    softplus = lambda t: np.log1p(np.exp(t))
    penalties = gamma / 2 * slopes.mean()
    assert found[DISCRIMINATOR] == pytest.approx(softplus(-gap).mean() + penalties, rel=1e-5)
    assert found[GENERATOR] == pytest.approx(softplus(gap).mean(), rel=1e-5)


def test_a_constant_added_to_all_answers_changes_nothing(played):
    game, variables, _ = played

    @jax.jit
    def found(shift):
        own = variables[DISCRIMINATOR]["params"].at[1].add(shift)
        shifted = {**variables, DISCRIMINATOR: {"params": own}}
        total = lambda variables: sum(
            loss for loss, _ in game.losses(variables, BATCH, KEY, STEP).values()
        )
        return jax.value_and_grad(total)(shifted)

    for one, other in zip(*map(jax.tree.leaves, (found(0.0), found(100.0))), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_samples_are_clipped_and_what_is_trained_is_not():
    game = hand_made(conditional=True)
    variables = game.init(KEY, BATCH)
    scene = game.scene(variables, BATCH, KEY, 0)
    assert float(jnp.abs(scene.meeting["fake"].values).max()) > 1
    latent = jnp.array([[0.1, 0.0], [-0.2, 0.0], [-5.0, 0.0]])
    made = game.sampler.for_batch(variables, BATCH, latent)
    np.testing.assert_allclose(made.ravel(), [1.0, -0.6, -1.0], rtol=1e-5)
    assert set(game.views) == {"samples", "classes"}
    assert float(jnp.abs(game.views["classes"](variables, BATCH, KEY)).max()) <= 1
