import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage

from jgan.convolution.pyramid import (
    down,
    gaussian_pyramid,
    laplacian_pyramid,
    level_count,
    reconstruct,
    up,
)

KINDS = pytest.mark.parametrize("kind", [np.asarray, jnp.asarray])


def compiled(function, kind):
    """One program, where each operation would be one; NumPy's arrays stay with NumPy."""
    return function if kind is np.asarray else jax.jit(function)


@KINDS
@pytest.mark.parametrize("shape", [(64, 64), (32, 48), (33, 37), (28, 28)])
def test_pyramids_reconstruct(shape, kind):
    images = kind(np.random.default_rng(0).uniform(-1, 1, (2, *shape, 3)).astype(np.float32))
    levels = level_count(*shape) + 1
    pyramid = compiled(lambda images: laplacian_pyramid(images, levels), kind)(images)
    assert len(pyramid) == levels
    assert min(pyramid[-1].shape[1:3]) >= 7
    found = compiled(reconstruct, kind)(pyramid)
    assert type(found) is type(images)
    np.testing.assert_allclose(found, images, atol=1e-6)


@KINDS
@pytest.mark.parametrize("shape", [(8, 8), (7, 5), (3, 4)])
def test_scales_of_a_pyramid(shape, kind):
    """Scipy's convolution by the 5x5 binomial filter, mirrored, every second pixel; and back."""
    image = np.random.default_rng(0).normal(size=(1, *shape, 1)).astype(np.float32)
    taps = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    smaller = scipy.ndimage.convolve(image[0, :, :, 0], taps, mode="mirror")[::2, ::2]
    found = compiled(down, kind)(kind(image))
    np.testing.assert_allclose(np.asarray(found)[0, :, :, 0], smaller, atol=1e-6)
    sparse = np.zeros(shape)
    sparse[::2, ::2] = np.asarray(found)[0, :, :, 0]
    larger = scipy.ndimage.convolve(sparse, 4 * taps, mode="mirror")
    back = compiled(lambda found: up(found, *shape), kind)(found)
    np.testing.assert_allclose(np.asarray(back)[0, :, :, 0], larger, atol=1e-6)


def test_a_flat_image_has_no_details():
    details, more, small = laplacian_pyramid(np.full((1, 64, 64, 1), 5.0), 3)
    np.testing.assert_allclose(details, 0, atol=1e-12)
    np.testing.assert_allclose(more, 0, atol=1e-12)
    np.testing.assert_allclose(small, 5, atol=1e-12)
    assert [level_count(s, s) for s in (16, 31, 32, 64, 128)] == [1, 1, 2, 3, 4]


def test_scales_follow_each_other_under_compilation():
    images = jax.random.normal(jax.random.key(0), (2, 12, 10, 1))
    scales = jax.jit(lambda images: gaussian_pyramid(images, 3))(images)
    assert [scale.shape[1:3] for scale in scales] == [(12, 10), (6, 5), (3, 3)]
    np.testing.assert_allclose(scales[2], down(np.asarray(scales[1])), atol=1e-6)
