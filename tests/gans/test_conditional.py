import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.conditional import conditional
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import mlp, mlp_discriminator, mlp_generator
from jgan.networks.conditional import (
    ConditionalNorm,
    conditional_generator,
    labelled,
    projection_discriminator,
    unlabelled,
)
from jgan.networks.network import Network

BATCH = {
    "image": jnp.array([[1.0, 2.0], [0.0, -1.0], [3.0, 0.5]]),
    "label": jnp.array([2, 0, 2], jnp.int32),
}


def hand_made():
    """G(z, y) = z + g_y and D(x, y) = Σx · d_y."""
    generator = Network(
        lambda key, z, label: {"params": jnp.array([0.5, -1.0, 2.0])},
        lambda own, z, label, key=None, train=False: (z + own["params"][label][:, None], {}),
    )
    judge = Network(
        lambda key, x, label: {"params": jnp.array([1.0, 3.0, -0.5])},
        lambda own, x, label, key=None, train=False: (x.sum(1) * own["params"][label], {}),
    )
    prior = lambda key, count: jnp.arange(2.0 * count).reshape(count, 2) / 10
    return conditional(generator, judge, non_saturating(), prior)


def test_losses_by_hand():
    game = hand_made()
    variables = game.init(KEY, BATCH)
    label = np.asarray(BATCH["label"])
    gains, shifts = np.array([1.0, 3.0, -0.5])[label], np.array([0.5, -1.0, 2.0])[label]
    fake = np.arange(6.0).reshape(3, 2) / 10 + shifts[:, None]
    real_logits = np.asarray(BATCH["image"]).sum(1) * gains
    fake_logits = fake.sum(1) * gains
    softplus = lambda t: np.log1p(np.exp(t))
    expected = {
        DISCRIMINATOR: np.mean(softplus(-real_logits) + softplus(fake_logits)),
        GENERATOR: np.mean(softplus(-fake_logits)),
    }
    for player, value in expected.items():
        found, _ = game.losses(variables, BATCH, KEY, STEP)[player]
        assert float(found) == pytest.approx(value, rel=1e-6)
    np.testing.assert_allclose(game.views["samples"](variables, BATCH, KEY), fake, rtol=1e-6)
    shown = game.views["classes"](variables, BATCH, KEY)
    np.testing.assert_allclose(
        shown - np.arange(6.0).reshape(3, 2) / 10, [[0.5] * 2] + 2 * [[2.0] * 2]
    )


def test_labels_are_joined_to_points_and_pictures():
    shown = []
    inner = Network(lambda key, x: {"params": {}}, lambda own, x, **_: (shown.append(x), {}))
    network = labelled(inner, 3)
    label = jnp.array([1, 2])
    network.apply({"params": {}}, jnp.full((2, 2), 7.0), label)
    network.apply({"params": {}}, jnp.full((2, 4, 5, 1), 7.0), label)
    np.testing.assert_array_equal(shown[0], [[7, 7, 0, 1, 0], [7, 7, 0, 0, 1]])
    assert shown[1].shape == (2, 4, 5, 4)
    np.testing.assert_array_equal(shown[1][1, 3, 2], [7, 0, 0, 1])


def test_an_embedding_is_learned():
    network = labelled(mlp((4,), 2), 3, embedding=5)
    own = network.init(KEY, jnp.ones((2, 3)), jnp.array([0, 2]))
    assert own["params"]["embedding"].shape == (3, 5)
    loss = lambda params: network.apply({"params": params}, jnp.ones((2, 3)), jnp.array([0, 2]))[0]
    slopes = jax.grad(lambda params: loss(params).sum())(own["params"])["embedding"]
    assert (np.abs(slopes).max(axis=1) > 0).tolist() == [True, False, True]


def test_conditional_norm_by_hand():
    x = jax.random.normal(KEY, (6, 2)) * 3 + 1
    label = jnp.array([0, 1, 1, 0, 2, 2])
    module = ConditionalNorm(3)
    variables = module.init(KEY, x, label, train=False)
    gains = jnp.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.0]])
    biases = jnp.array([[0.0, 1.0], [2.0, 0.0], [-1.0, 4.0]])
    variables = {**variables, "params": {"gain": gains, "bias": biases}}
    found, renewed = module.apply(variables, x, label, train=True, mutable=["batch_stats"])
    values = np.asarray(x)
    normed = (values - values.mean(0)) / np.sqrt(values.var(0) + 1e-5)
    expected = normed * np.asarray(gains)[label] + np.asarray(biases)[label]
    np.testing.assert_allclose(found, expected, atol=1e-5)
    mean = renewed["batch_stats"]["BatchNorm_0"]["mean"]
    np.testing.assert_allclose(mean, 0.1 * values.mean(0), rtol=1e-5)


def test_projection_by_hand():
    network = projection_discriminator(3, width=1, norm="none")
    x, label = jax.random.normal(KEY, (4, 2)), jnp.array([2, 0, 1, 2])
    own = network.init(KEY, x, label)
    found, _ = network.apply(own, x, label)
    params = jax.tree.map(np.asarray, own["params"])
    hidden = np.asarray(x)
    for name in ("Dense_0", "Dense_1"):
        layer = params["Trunk_0"][name]
        hidden = hidden @ layer["kernel"] + layer["bias"]
        hidden = np.where(hidden > 0, hidden, 0.2 * hidden)
    linear = hidden @ params["Dense_0"]["kernel"][:, 0] + params["Dense_0"]["bias"][0]
    expected = linear + np.sum(params["Dense_1"]["kernel"][np.asarray(label)] * hidden, axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("body", ["dcgan", "mlp"])
def test_pictures_of_any_shape(body):
    network = conditional_generator((7, 10, 3), 2, width=2, body=body)
    z, label = normal(3)(KEY, 4), jnp.array([0, 1, 0, 1])
    own = network.init(KEY, z, label)
    assert network.apply(own, z, label)[0].shape == (4, 7, 10, 3)


def test_data_without_labels_are_told():
    networks = labelled(mlp_generator((2,)), 3), unlabelled(mlp_discriminator())
    game = conditional(*networks, non_saturating(), normal(2))
    with pytest.raises(
        ValueError, match=r"^the data have no labels, but this game needs one label for each"
    ):
        game.init(KEY, {"image": BATCH["image"]})
    with pytest.raises(ValueError, match=r"^the data have labels of shape \(4, 1\), but this"):
        game.init(KEY, {**BATCH, "label": jnp.zeros((3, 4, 1), jnp.int32)})
