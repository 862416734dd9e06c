import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import DIRAC_BATCH, KEY, STEP, critic_game, linear, mlp_game, points

from jgan.augmentation import flip_and_shift
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.losses import minimax
from jgan.numerics.toy_games import dirac
from jgan.rules.rule import gradient
from jgan.terms.regularizers import consistency, latent_consistency, lecam, orthogonal

W = np.array([1.5, -0.5, 2.0], np.float32)
M = np.array([[1.0, 0.5], [-0.3, 2.0], [0.7, 0.1]], np.float32)


def metric(game, batch, player=DISCRIMINATOR, name=None, variables=None):
    variables = game.init(KEY, batch) if variables is None else variables
    return game.losses(variables, batch, KEY, STEP)[player][1].metrics[name]


# Orthogonality.


@pytest.mark.parametrize("player", [GENERATOR, DISCRIMINATOR])
def test_orthogonal_value_and_gradient(player):
    kernels = {
        "dense": np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32),
        "conv": np.random.default_rng(1).normal(size=(2, 2, 3, 4)).astype(np.float32),
        "bias": np.ones(3, np.float32),
        "norm": {"gain": np.ones((4, 3), np.float32), "bias": np.ones((4, 3), np.float32)},
        "embedding": np.ones((4, 3), np.float32),
    }
    own = {"theta": kernels} if player == GENERATOR else {"params": kernels}
    game = critic_game(
        lambda params, x: x[:, 0],
        own.get("params", 0.0),
        theta=0.0,
        generate=lambda theta, z: z,
    ).add(orthogonal(0.25, player))
    batch = {"image": jnp.ones((2, 3))}
    variables = game.init(KEY, batch)
    variables[player] = {"params": kernels}
    loss, _, slopes = gradient(game, player, variables, batch, KEY, STEP)
    total = 0.0
    for name in ("dense", "conv"):
        matrix = kernels[name].reshape(-1, kernels[name].shape[-1]).astype(np.float64)
        off = (matrix.T @ matrix) * (1 - np.eye(matrix.shape[1]))
        total += 0.25 * np.sum(off**2)
        expected = 0.25 * 4 * matrix @ off
        np.testing.assert_allclose(
            slopes[name].reshape(matrix.shape), expected, rtol=1e-5, atol=1e-5
        )
    np.testing.assert_allclose(loss, total, rtol=1e-5)
    for table in jax.tree.leaves((slopes["bias"], slopes["norm"], slopes["embedding"])):
        np.testing.assert_array_equal(table, 0)


def test_orthogonal_is_zero_for_orthogonal_filters():
    matrix = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 4)))[0].astype(np.float32) * 3
    game = critic_game(lambda params, x: x[:, 0], matrix).add(orthogonal(1.0, DISCRIMINATOR))
    assert abs(float(metric(game, {"image": jnp.ones((2, 1))}, name="orthogonal"))) < 1e-3


# LeCam.


def test_lecam_follows_its_averages():
    weight, decay = 0.3, 0.9
    game = critic_game(linear, W, theta=np.float32(0.5)).add(lecam(weight, decay))
    batches = [points(4, 3, seed)["image"] for seed in range(4)]
    variables = game.init(KEY, {"image": batches[0]})
    anchor_real = anchor_fake = 0.0
    for x in batches:
        value, aux = game.losses(variables, {"image": x}, KEY, STEP)[DISCRIMINATOR]
        real, fake = np.asarray(x, np.float64) @ W, np.full(4, 0.5 * W.sum())
        expected = np.mean((real - anchor_fake) ** 2) + np.mean((fake - anchor_real) ** 2)
        np.testing.assert_allclose(value, weight * expected, rtol=1e-5)
        anchor_real = decay * anchor_real + (1 - decay) * real.mean()
        anchor_fake = decay * anchor_fake + (1 - decay) * fake.mean()
        np.testing.assert_allclose(aux.state["terms"]["lecam"]["real"], anchor_real, rtol=1e-5)
        np.testing.assert_allclose(aux.state["terms"]["lecam"]["fake"], anchor_fake, rtol=1e-5)
        variables[DISCRIMINATOR] = {**variables[DISCRIMINATOR], **aux.state}


def test_lecam_gradient_holds_the_averages_still():
    x = np.asarray(points(4, 3)["image"], np.float64)
    game = critic_game(linear, W, theta=np.float32(0.5)).add(lecam(0.3))
    variables = game.init(KEY, {"image": points(4, 3)["image"]})
    memory = {"real": jnp.float32(0.7), "fake": jnp.float32(-0.4)}
    variables[DISCRIMINATOR] = {**variables[DISCRIMINATOR], "terms": {"lecam": memory}}
    slope = gradient(game, DISCRIMINATOR, variables, {"image": points(4, 3)["image"]}, KEY, STEP)[2]
    fake = np.full(3, 0.5)
    expected = 0.3 * 2 * ((x @ W + 0.4) @ x / 4 + (fake @ W - 0.7) * fake)
    np.testing.assert_allclose(slope, expected, rtol=1e-5)


# Consistency.


def shifted(key, values):
    return values + jnp.array([1.0, 0.0, -2.0])


@pytest.mark.parametrize(
    ("real", "fake", "factor"), [(10.0, 0.0, 10), (0.0, 4.0, 4), (10.0, 5.0, 15)]
)
def test_consistency_of_a_linear_critic(real, fake, factor):
    game = critic_game(linear, W, theta=0.3).add(consistency(shifted, real=real, fake=fake))
    gap = W @ np.array([1.0, 0.0, -2.0])
    value = metric(game, points(4, 3), name="consistency")
    np.testing.assert_allclose(value, factor * gap**2, rtol=1e-5)
    # The gradient reaches D through both of its answers.
    variables = game.init(KEY, points(4, 3))
    slope = gradient(game, DISCRIMINATOR, variables, points(4, 3), KEY, STEP)[2]
    np.testing.assert_allclose(
        slope, 2 * factor * gap * np.array([1, 0, -2.0]), rtol=1e-4, atol=1e-4
    )


def test_consistency_spares_the_passes_of_weight_zero():
    shapes = []

    def transform(key, values):
        shapes.append(values.shape)
        return values

    game = mlp_game().add(consistency(transform))
    metric(game, points(), name="consistency")
    assert len(shapes) == 1


@pytest.mark.parametrize("player", [DISCRIMINATOR, GENERATOR])
def test_latent_consistency_of_linear_networks(player):
    sigma = 0.2
    game = critic_game(
        linear,
        W,
        theta=M,
        generate=lambda theta, z: z @ theta.T,
        latent=lambda key, image: jax.random.normal(key, (image.shape[0], 2)),
    ).add(*latent_consistency(sigma, discriminator=5.0, generator=0.5))
    batch = {"image": jnp.ones((40_000, 3))}
    value = metric(game, batch, player, "latent_consistency")
    if player == DISCRIMINATOR:
        expected = 5.0 * sigma**2 * np.sum((M.T @ W) ** 2)
    else:
        expected = -0.5 * sigma**2 * np.sum(M**2) / 3
    np.testing.assert_allclose(value, expected, rtol=0.03)


def test_latent_consistency_lets_the_generator_spread():
    game = critic_game(
        linear,
        W,
        theta=M,
        generate=lambda theta, z: z @ theta.T,
        latent=lambda key, image: jax.random.normal(key, (image.shape[0], 2)),
    ).add(*latent_consistency())
    batch = {"image": jnp.ones((500, 3))}
    slope = gradient(game, GENERATOR, game.init(KEY, batch), batch, KEY, STEP)[2]
    assert np.sum(slope * M) < 0, "a descent step must make G more sensitive to z"


def test_latent_consistency_needs_latents():
    blind = dirac(minimax()).add(latent_consistency())
    with pytest.raises(ValueError, match=r"needs a game with latents, but this game has none"):
        metric(blind, DIRAC_BATCH, name="latent_consistency")


# The transformation of CR-GAN.


def test_flip_and_shift_draws_from_all_flips_and_shifts():
    image = np.arange(4 * 5, dtype=np.float32).reshape(4, 5)
    candidates = []
    for flipped, row, column in itertools.product((False, True), range(3), range(3)):
        padded = np.pad(image[:, ::-1] if flipped else image, 1, "reflect")
        candidates.append(padded[row : row + 4, column : column + 5])
    moved = flip_and_shift(1)(KEY, jnp.tile(image[None, :, :, None], (1800, 1, 1, 1)))
    same = (np.asarray(moved)[:, None, :, :, 0] == np.stack(candidates)).all(axis=(2, 3))
    np.testing.assert_array_equal(same.sum(axis=1), 1)
    # Eighteen outcomes, 100 expected each, standard deviation 10.
    assert same.sum(axis=0).min() > 50
    assert same.sum(axis=0).max() < 150
