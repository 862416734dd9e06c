"""Generators that repeat pixels before their convolutions have no checkerboard built in."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.convolution.convolution import conv
from jgan.networks import conditional_generator, dcgan_generator, generator_for
from jgan.networks.layers import ConvTranspose, ResizeConv, upsample

KEY = jax.random.key(0)


def output(layer, x):
    return layer.apply(layer.init(KEY, x, train=False), x, train=False)


def test_a_flat_image_stays_flat_behind_repeated_pixels_alone():
    flat = jnp.ones((1, 6, 6, 2))
    inner = lambda layer: np.asarray(output(layer, flat))[0, 3:-3, 3:-3]
    assert np.ptp(inner(ResizeConv(3)), axis=(0, 1)).max() < 1e-6
    # Five weights a side under a stride of two: pixels are reached by four, six or nine of them.
    assert np.ptp(inner(ConvTranspose(3)), axis=(0, 1)).min() > 0.1


def test_it_is_a_convolution_of_repeated_pixels_cut_to_size():
    x = jax.random.normal(KEY, (2, 4, 5, 3))
    layer = ResizeConv(2, output_size=(7, 10))
    variables = layer.init(KEY, x, train=False)
    found = layer.apply(variables, x, train=False)
    expected = conv(upsample(x), variables["params"]["kernel"])[:, :7]
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "inputs"),
    [
        (lambda kind: dcgan_generator((28, 20, 1), width=2, resampling=kind), 1),
        (lambda kind: generator_for((28, 20, 1), width=2, resampling=kind), 1),
        (lambda kind: conditional_generator((28, 20, 1), 3, width=2, resampling=kind), 2),
    ],
)
def test_generators_are_asked_for_either(make, inputs):
    given = (jnp.ones((4, 5)), jnp.arange(4) % 3)[:inputs]
    sizes = {}
    for kind in ("strided", "smooth"):
        network = make(kind)
        variables = jax.eval_shape(network.init, KEY, *given)
        images, _ = jax.eval_shape(network.apply, variables, *given)
        assert images.shape == (4, 28, 20, 1)
        sizes[kind] = sum(leaf.size for leaf in jax.tree.leaves(variables["params"]))
    assert sizes["smooth"] < sizes["strided"]
    with pytest.raises(
        ValueError, match=r"^resampling is 'cubic', but must be one of strided, smooth\.$"
    ):
        make("cubic")
