"""StyleGAN's synthesis network against an independent computation, the published count, and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY
from laws.small import derivative_errors, double
from networks.chirps import applied

from jgan.convolution.filtering import BINOMIAL, downsample_filtered, resample, upsample_filtered
from jgan.networks import count_parameters
from jgan.networks.layers import average_pool, upsample
from jgan.networks.stylegan1 import adaptive_instance_norm, stylegan1_synthesis
from jgan.networks.stylegan2 import style_count, style_mapping

X = jax.random.normal(KEY, (2, 8, 8, 3))


def test_moments_are_those_of_the_style():
    scale, bias = jax.random.normal(jax.random.key(1), (2, 2, 3))
    found = adaptive_instance_norm(5 + 30 * X, scale, bias)
    np.testing.assert_allclose(found.mean((1, 2)), bias, atol=1e-5)
    np.testing.assert_allclose(found.std((1, 2)), jnp.abs(scale), rtol=1e-4)


def test_repeating_and_blurring_is_one_filter_but_at_the_borders():
    blur = lambda x: resample(x, (0.25, 0.5, 0.25), padding=1)
    inner = (slice(None), slice(2, -2), slice(2, -2))
    np.testing.assert_allclose(blur(upsample(X))[inner], upsample_filtered(X)[inner], atol=1e-6)
    inner = (slice(None), slice(1, -1), slice(1, -1))
    found = downsample_filtered(X, BINOMIAL)[inner]
    np.testing.assert_allclose(average_pool(blur(X))[inner], found, atol=1e-6)


def test_outputs_are_those_of_an_independent_program():
    """As in `test_stylegan2`, but that a style's bias starts at 0."""
    styles = 1.4 * np.sin(1 + 0.7 * np.arange(60) ** 1.5).reshape(2, 6, 5)
    network = stylegan1_synthesis((28, 28, 1), width=4, most=16)
    image = applied(network, jnp.asarray(styles, jnp.float32), style=0.0)
    expected = """-0.5719018 -3.1787967 0.1936707 -1.2635485 3.1459694 0.120283 -3.8513276 1.9044484 1.2644015
        1.5645835 -1.2730535 1.3787993 0.7654923 0.9512337 1.5403663 0.8105265"""
    expected = np.array(expected.split(), float)
    found = image.ravel()[:: image.size // 16 + 1]
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_without_normalization_a_style_only_scales_and_shifts():
    """Twice the constant makes twice the image where biases are 0, which AdaIN would undo."""
    networks = [
        stylegan1_synthesis((8, 8, 1), width=2, most=4, normalize=on) for on in (True, False)
    ]
    styles = jnp.zeros((1, 4, 3))
    for network, ratio in zip(networks, (1.0, 2.0), strict=True):
        made = network.init(KEY, styles, 0.0)
        larger = {**made["params"], "constant": 2 * jax.random.normal(KEY, (4, 4, 4))}
        smaller = {**larger, "constant": larger["constant"] / 2}
        images = [
            network.apply({**made, "params": params}, styles, 0.0, train=False)[0]
            for params in (smaller, larger)
        ]
        np.testing.assert_allclose(images[1], ratio * images[0], atol=1e-5)


def test_parameters_at_1024_pixels_are_those_of_the_paper():
    """26.2 million (section 2), with a mapping network of 8 layers."""
    shape = (1024, 1024, 3)
    inputs = style_count(shape)
    made = lambda network, x: count_parameters(jax.eval_shape(network.init, KEY, x))
    found = made(stylegan1_synthesis(shape), jnp.zeros((1, inputs, 512)))
    found += made(style_mapping(inputs), jnp.zeros((1, 512)))
    assert round(found / 1e6, 1) == 26.2


@pytest.mark.full
@pytest.mark.usefixtures("double")
def test_gradients_have_exact_derivatives():
    network = stylegan1_synthesis((8, 8, 1), width=1, most=2)
    styles = jax.random.normal(KEY, (2, 4, 2), jnp.float64)
    made = double(network.init(KEY, styles))
    total = lambda params, x: jnp.sum(jnp.sin(network.apply({**made, "params": params}, x)[0]))
    point = made["params"], styles
    errors = derivative_errors(lambda point: jax.grad(total, (0, 1))(*point), point)
    assert max(errors) < 1e-6, errors


def test_mistakes():
    with pytest.raises(ValueError, match="4, 5, 6 or 7 times a power of two"):
        stylegan1_synthesis((30, 30, 1))
    with pytest.raises(ValueError, match="most is 0"):
        stylegan1_synthesis((28, 28, 1), most=0)
