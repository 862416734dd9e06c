"""PixelCNN: causality, normalisation and sampling, by brute force."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP

from jgan.game import GENERATOR
from jgan.gans.pixelcnn import log_probability, pixelcnn
from jgan.networks.masked import mask, pixelcnn_network
from jgan.terms.quantized import to_levels, to_values

RNG = np.random.default_rng(0)


def random_weights(network, x):
    """Collections of a network whose every parameter is random, the ones that start at 0 too."""
    rng = np.random.default_rng(1)  # of its own, so that no test depends on those before it
    draw = lambda leaf: rng.normal(0, 0.8, leaf.shape).astype(np.float32)
    return jax.tree.map(draw, jax.eval_shape(network.init, KEY, x))


def log_probabilities(network, own, images, levels):
    return jax.jit(lambda images: log_probability(network, own, images, levels))(images)


@pytest.mark.parametrize("shape", [(6, 5, 1), (3, 2, 3), (7,)])
def test_an_element_sees_all_that_come_before_it_and_nothing_else(shape):
    network = pixelcnn_network(3, layers=3, width=12, size=5)
    x = jnp.asarray(RNG.uniform(-1, 1, (1, *shape)), jnp.float32)
    own = random_weights(network, x)
    size = x.size
    changed = np.repeat(np.asarray(x).reshape(1, -1), size + 1, axis=0)
    changed[np.arange(size), np.arange(size)] += 0.5
    logits = np.asarray(jax.jit(network.apply)(own, changed.reshape(-1, *shape))[0])
    gaps = np.abs(logits[:-1] - logits[-1]).reshape(size, size, 3).max(axis=2)
    reached = gaps > 0  # [changed element, element whose logits are looked at]
    assert not np.tril(reached).any()
    # Three layers of 5x5 kernels reach everything before an element of so small an image: no blind spot.
    if len(shape) == 3 and shape[2] == 1:
        assert reached[np.triu_indices(size, 1)].all()


def test_without_layers_elements_are_independent():
    network = pixelcnn_network(3, layers=0)
    x = jnp.asarray(RNG.uniform(-1, 1, (4, 5, 5, 1)), jnp.float32)
    logits, _ = jax.jit(network.apply)(random_weights(network, x), x)
    assert logits.shape == (4, 5, 5, 1, 3)
    np.testing.assert_array_equal(logits[1:], logits[:-1])


def test_probabilities_of_all_images_sum_to_one():
    network = pixelcnn_network(3, layers=2, width=3, size=3)
    every = np.array(list(itertools.product(range(3), repeat=4))).reshape(-1, 2, 2, 1)
    images = to_values(jnp.asarray(every), 3)
    own = random_weights(network, images[:1])
    log_p = np.asarray(log_probabilities(network, own, images, 3))
    assert log_p.shape == (81,)
    assert np.sum(np.exp(log_p)) == pytest.approx(1, abs=1e-5)
    assert log_p.max() - log_p.min() > 0.5


def test_samples_have_the_probabilities():
    network = pixelcnn_network(2, layers=1, width=3, size=3)
    game = pixelcnn(network, 2)
    batch = {"image": jnp.zeros((4000, 2, 2, 1))}
    own = random_weights(network, batch["image"][:1])
    variables = {GENERATOR: own}
    latent = game.sampler.latent(KEY, batch)
    made = jax.jit(lambda z: game.sampler.generate(variables, (), z))(latent)
    every = np.array(list(itertools.product(range(2), repeat=4)))
    expected = np.exp(
        log_probabilities(network, own, to_values(jnp.asarray(every), 2).reshape(-1, 2, 2, 1), 2)
    )
    codes = np.asarray(to_levels(made, 2)).reshape(-1, 4) @ [8, 4, 2, 1]
    found = np.bincount(codes, minlength=16) / 4000
    assert np.abs(found - expected).max() < 4 * np.sqrt(0.25 / 4000)
    assert expected.max() > 2 / 16  # not the uniform distribution


def test_temperature_is_an_option_of_the_sampler():
    network = pixelcnn_network(3, layers=1, width=3, size=3)
    game = pixelcnn(network, 3)
    assert game.sampler.options["temperature"].default == 1.0
    batch = {"image": jnp.zeros((200, 2, 2, 1))}
    variables = {GENERATOR: random_weights(network, batch["image"][:1])}
    latent = game.sampler.latent(KEY, batch)
    made = jax.jit(
        lambda temperature: game.sampler.generate(variables, (), latent, temperature=temperature)
    )
    usual = jax.jit(lambda: game.sampler.generate(variables, (), latent))()
    np.testing.assert_array_equal(made(1.0), usual)
    # Near 0 each level is the likeliest, whatever is drawn; far above 1 all are equally likely.
    cold, hot = np.asarray(made(1e-4)), np.asarray(to_levels(made(1e6), 3))
    np.testing.assert_array_equal(cold, np.broadcast_to(cold[:1], cold.shape))
    logits, _ = jax.jit(network.apply)(variables[GENERATOR], cold[:1])
    np.testing.assert_array_equal(np.argmax(logits, axis=-1), to_levels(cold[:1], 3))
    np.testing.assert_array_equal(hot, np.minimum(np.asarray(latent) * 3, 2.999).astype(int))


def test_the_loss_is_the_mean_over_elements():
    network = pixelcnn_network(4, layers=1, width=3, size=3)
    game = pixelcnn(network, 4)
    batch = {"image": jnp.asarray(RNG.uniform(-1, 1, (5, 3, 3, 2)), jnp.float32)}
    variables = {GENERATOR: random_weights(network, batch["image"][:1])}
    value, aux = jax.jit(lambda own: game.losses(own, batch, KEY, STEP))(variables)[GENERATOR]
    log_p = log_probabilities(network, variables[GENERATOR], batch["image"], 4)
    assert float(value) == pytest.approx(-float(log_p.mean()) / 18, rel=1e-5)
    assert float(aux.metrics["bits"]) == pytest.approx(float(value) / np.log(2), rel=1e-6)


def test_untrained_it_is_uniform():
    network = pixelcnn_network(4, layers=2, width=3, size=3)
    game = pixelcnn(network, 4)
    batch = {"image": jnp.zeros((2, 3, 3, 1))}
    run = jax.jit(lambda key: game.losses(game.init(key, batch), batch, key, STEP))
    _, aux = run(KEY)[GENERATOR]
    assert float(aux.metrics["bits"]) == pytest.approx(2, rel=1e-6)


def test_levels():
    assert to_values(jnp.arange(3), 3).tolist() == [-1, 0, 1]
    exact = jnp.arange(256)
    assert (to_levels(to_values(exact, 256), 256) == exact).all()
    assert mask(3, 3, "above").tolist() == [[1, 1, 1], [0, 0, 0], [0, 0, 0]]


def test_mistakes():
    with pytest.raises(ValueError, match="size is 4"):
        pixelcnn_network(2, size=4)
    with pytest.raises(ValueError, match="levels is 1"):
        pixelcnn_network(1)
    game = pixelcnn(pixelcnn_network(3, layers=0), 4)
    with pytest.raises(ValueError, match=r"must return \(2, 3, 3, 1, 4\)"):
        game.init(KEY, {"image": jnp.zeros((4, 3, 3, 1))})
