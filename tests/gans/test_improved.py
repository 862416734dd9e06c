"""The techniques of Salimans et al. 2016, and packing."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, STEP, assert_close, bilinear_game, mlp_game, points

from jgan.augmentation import with_augmentation
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.gans.feature_matching import feature_matching_gan
from jgan.gans.gan import gan
from jgan.gans.packing import pack, packed
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.networks.heads import heads
from jgan.networks.minibatch import closeness
from jgan.networks.network import Network
from jgan.networks.virtual import VirtualNorm, virtual_generator
from jgan.rules import alternating
from jgan.terms.historical import historical_average, historical_averages
from jgan.terms.penalties import r1

BATCH = {"image": jnp.array([[1.0, 2.0], [-3.0, 0.5], [0.0, 4.0]])}
LATENT = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
PRIOR = lambda key, count: jnp.asarray(LATENT[:count])
SHIFT = Network(
    lambda key, z: {"params": jnp.array(0.5)},
    lambda own, z, key=None, train=False: (z + own["params"], {}),
)
softplus = lambda t: np.log1p(np.exp(t))


def test_minibatch_statistics_by_hand():
    codes = np.random.default_rng(0).normal(size=(4, 3, 2))
    expected = np.zeros((4, 3))
    for i in range(4):
        for j in range(4):
            if i != j:
                expected[i] += np.exp(-np.abs(codes[i] - codes[j]).sum(axis=1))
    np.testing.assert_allclose(closeness(codes, codes), expected, rtol=1e-5)
    # A collapsed batch is as close as can be.
    np.testing.assert_allclose(closeness(np.ones((4, 3, 2)), np.ones((4, 3, 2))), 3.0)


def test_minibatch_discrimination_joins_the_features():
    network = heads({"logit": 1}, body="mlp", width=1, norm="none", kernels=5)
    x = jax.random.normal(KEY, (4, 3))
    own = network.init(KEY, x)
    answers, _ = network.apply(own, x)
    assert answers["features"].shape == (4, 8 + 5)
    single, _ = network.apply(own, x[:1])
    np.testing.assert_allclose(single["features"][0, :8], answers["features"][0, :8], rtol=1e-5)
    np.testing.assert_array_equal(single["features"][0, 8:], 0)


def test_feature_matching_by_hand():
    judge = Network(
        lambda key, x: {"params": jnp.array(2.0)},
        lambda own, x, key=None, train=False: (
            {"logit": x[:, 0], "features": own["params"] * x**2},
            {},
        ),
    )
    game = feature_matching_gan(SHIFT, judge, non_saturating(), PRIOR, weight=0.1)
    variables = game.init(KEY, BATCH)
    real, fake = np.asarray(BATCH["image"]), LATENT + 0.5
    gap = 2 * (real**2).mean(0) - 2 * (fake**2).mean(0)
    found, _ = game.losses(variables, BATCH, KEY, STEP)[GENERATOR]
    assert float(found) == pytest.approx(0.1 * np.sum(gap**2), rel=1e-6)
    found, _ = game.losses(variables, BATCH, KEY, STEP)[DISCRIMINATOR]
    expected = np.mean(softplus(-real[:, 0]) + softplus(fake[:, 0]))
    assert float(found) == pytest.approx(expected, rel=1e-6)


def test_pictures_are_packed_by_channels():
    images = jnp.arange(4 * 2 * 3 * 2.0).reshape(4, 2, 3, 2)
    found = pack(images, 2)
    assert found.shape == (2, 2, 3, 4)
    np.testing.assert_array_equal(found[1, ..., :2], images[2])
    np.testing.assert_array_equal(found[1, ..., 2:], images[3])


def test_packing_by_hand():
    judge = Network(
        lambda key, x: {"params": jnp.arange(1.0, x.shape[1] + 1)},
        lambda own, x, key=None, train=False: ((x * own["params"][: x.shape[1]]).sum(1), {}),
    )
    latent = np.concatenate([LATENT, [[1.0, -1.0]]])
    prior = lambda key, count: jnp.asarray(latent[:count])
    batch = {"image": jnp.concatenate([BATCH["image"], jnp.array([[2.0, 2.0]])])}
    game = packed(gan(SHIFT, judge, non_saturating(), prior), 2)
    variables = game.init(KEY, batch)
    weights = np.arange(1.0, 5)
    real = np.asarray(batch["image"]).reshape(2, 4) @ weights
    fake = (latent + 0.5).reshape(2, 4) @ weights
    found, _ = game.losses(variables, batch, KEY, STEP)[DISCRIMINATOR]
    assert float(found) == pytest.approx(np.mean(softplus(-real) + softplus(fake)), rel=1e-6)
    # The gradient of a pack's logit is the weights: R1 is gamma/2 of their squared norm.
    penalised = game.add(r1(0.2))
    _, aux = penalised.losses(variables, batch, KEY, STEP)[DISCRIMINATOR]
    assert float(aux.metrics["r1"]) == pytest.approx(0.1 * 30, rel=1e-6)


def test_packs_are_augmented():
    judge = mlp_discriminator((4,))
    game = packed(gan(mlp_generator((2,)), judge, non_saturating(), normal(2)), 2)
    shapes = []
    augment = lambda key, values, moment: shapes.append(values.shape) or values
    twice = with_augmentation(with_augmentation(game, augment), augment)
    batch = {"image": jax.random.normal(KEY, (8, 2))}
    variables = twice.init(KEY, batch)
    for player in PLAYERS:
        value, _ = twice.losses(variables, batch, KEY, STEP)[player]
        plain, _ = game.losses(variables, batch, KEY, STEP)[player]
        assert_close(value, plain)
    assert set(shapes) == {(4, 4)}


def test_packing_mistakes():
    judge = mlp_discriminator((4,))
    game = gan(mlp_generator((2,), (4,)), judge, non_saturating(), normal(2))
    with pytest.raises(ValueError, match=r"^size is 0, but a pack must hold at least 1 example\.$"):
        packed(game, 0)
    three = packed(game, 3)
    variables = three.init(KEY, points(6))
    with pytest.raises(ValueError, match=r"has 8 examples on a device, but packing needs a mult"):
        three.losses(variables, points(8), KEY, STEP)[DISCRIMINATOR]
    with pytest.raises(ValueError, match=r"^packing needs a game with a discriminator, but"):
        packed(bilinear_game([[1.0]]), 2)


def test_historical_average_by_hand():
    game = bilinear_game([[2.0]]).add(historical_averages(0.3))
    variables = game.init(KEY, {})
    trail = []
    for theta in (1.0, 4.0, -2.0):
        variables[GENERATOR] = {**variables[GENERATOR], "params": jnp.array([theta])}
        (value, aux), slope = jax.value_and_grad(
            lambda params: game.losses(
                {**variables, GENERATOR: {**variables[GENERATOR], "params": params}}, {}, KEY, STEP
            )[GENERATOR],
            has_aux=True,
        )(jnp.array([theta]))
        trail.append(theta)
        gap = theta - np.mean(trail)
        assert float(value) == pytest.approx(2 * theta + 0.3 * gap**2, rel=1e-6)
        assert float(slope[0]) == pytest.approx(2 + 0.6 * gap, rel=1e-6)
        variables[GENERATOR] = {**variables[GENERATOR], **aux.state}


def test_historical_averaging_finds_the_saddle_that_descent_circles():
    sgd = dict.fromkeys(PLAYERS, optax.sgd(0.05))

    def radius(game):
        rule = alternating(game, sgd)
        state = rule.init(KEY, {})
        end = jax.lax.fori_loop(0, 2000, lambda _, state: rule.update(state, {})[0], state)
        return float(sum(jnp.sum(end.variables[p]["params"] ** 2) for p in PLAYERS)) ** 0.5

    game = bilinear_game([[1.0]])
    assert radius(game) > 1.3
    assert radius(game.add(historical_averages(0.5))) < 0.2


def test_only_the_named_players_are_drawn():
    game = mlp_game().add(historical_average(1.0, DISCRIMINATOR))
    variables = game.init(KEY, points())
    assert set(variables[DISCRIMINATOR]["terms"]) == {"historical_average"}
    assert "terms" not in variables[GENERATOR]
    with pytest.raises(ValueError, match=r"player is 'both', but must be one of"):
        mlp_game().add(historical_average(1.0, "both"))


def test_virtual_norm_by_hand():
    x = np.random.default_rng(0).normal(2, 3, size=(3 + 2, 4, 2)).astype(np.float32)
    module = VirtualNorm(3)
    variables = {"params": {"scale": jnp.array([2.0, 1.0]), "bias": jnp.array([0.0, -1.0])}}
    found = np.asarray(module.apply(variables, x))
    for index in range(5):
        batch = x[:3] if index < 3 else np.concatenate([x[:3], x[index : index + 1]])
        normed = (x[index] - batch.mean((0, 1))) / np.sqrt(batch.var((0, 1)) + 1e-5)
        np.testing.assert_allclose(found[index], normed * [2, 1] + [0, -1], atol=1e-4)


def test_a_virtually_normalised_sample_depends_on_its_latent_alone():
    network = virtual_generator((2,), normal(3), width=1, reference=6)
    z = normal(3)(KEY, 4)
    own = network.init(KEY, z)
    made, state = network.apply(own, z, train=True)
    assert made.shape == (4, 2)
    np.testing.assert_array_equal(state["reference"]["rows"], own["reference"]["rows"])
    np.testing.assert_allclose(network.apply(own, z[:1], train=True)[0][0], made[0], rtol=1e-5)
    moved = jax.tree.map(lambda leaf: leaf + 1, own["reference"])
    assert float(jnp.abs(network.apply({**own, "reference": moved}, z)[0] - made).max()) > 1e-2
