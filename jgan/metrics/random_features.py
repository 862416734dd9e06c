"""Features of a small random convolutional network: a yardstick that needs no weights.

Random filters of several sizes, rectified and averaged over a coarse grid, tell blurred, empty or
repeated images from real ones, and need no download. Distances in them rank models on one data set;
they are not FID and are never called so.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jgan.convolution.convolution import conv
from jgan.metrics.frechet import Moments, frechet_distance, moments

CHANNELS = (16, 32)
CELLS = 2
AT_ONCE = 250
Extractor = Callable[[jax.Array], jax.Array]


def random_features(channels: int, seed: int = 0) -> Extractor:
    """``(B, H, W, channels)`` images in [-1, 1], of any size, to ``(B, d)`` features.

    Two 5x5 stride-2 convolutions with He-normal weights drawn from ``seed``, a rectifier after each;
    features are the means of all channels of both over a 2x2 grid of cells, ``d = 4 (16 + 32)``. Where a
    layer is one pixel high or wide, that pixel is in both cells. Convolutions run at the highest precision.
    """
    keys = jax.random.split(jax.random.key(seed), len(CHANNELS))
    widths = (channels, *CHANNELS)
    kernels = [
        jax.random.normal(key, (5, 5, before, after)) * jnp.sqrt(2 / (25 * before))
        for key, before, after in zip(keys, widths, CHANNELS, strict=False)
    ]

    def extract(images: jax.Array) -> jax.Array:
        x, features = images, []
        for kernel in kernels:
            x = jax.nn.relu(conv(x, kernel, stride=2, precision="highest"))
            features.append(_cells(x))
        return jnp.concatenate(features, axis=1)

    return extract


def _cells(x: jax.Array) -> jax.Array:
    """Means over a grid of cells, ``(B, CELLS * CELLS * C)``; an odd last row or column is left out."""
    missing = [max(CELLS - side, 0) for side in x.shape[1:3]]
    x = jnp.pad(x, ((0, 0), (0, missing[0]), (0, missing[1]), (0, 0)), "edge")
    count, height, width, depth = x.shape
    tall, wide = height // CELLS, width // CELLS
    x = x[:, : CELLS * tall, : CELLS * wide]
    cells = x.reshape(count, CELLS, tall, CELLS, wide, depth)
    return cells.mean(axis=(2, 4)).reshape(count, -1)


def random_feature_moments(images: jax.Array) -> Moments:
    """Moments of `random_features` of images ``(N, H, W, C)`` in [-1, 1]."""
    extract = jax.jit(random_features(images.shape[-1]))
    parts = [extract(images[start : start + AT_ONCE]) for start in range(0, len(images), AT_ONCE)]
    return moments(jnp.concatenate(parts))


def random_feature_distance(first: jax.Array, second: jax.Array) -> jax.Array:
    """Fréchet distance between two sets of images in `random_features`; a scalar."""
    return frechet_distance(random_feature_moments(first), random_feature_moments(second))
