"""Multi-scale structural similarity, and how alike the samples are to one another."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
WINDOW = 11
SIGMA = 1.5
RANGE = 255.0
AT_ONCE = 64


def _blur(images: jax.Array) -> jax.Array:
    """Every channel smoothed by the Gaussian window, only where it fits; shrunk on small images."""
    size = min(WINDOW, *images.shape[1:3])
    offsets = np.arange(size) - (size - 1) / 2
    taps = np.exp(-(offsets**2) / (2 * (SIGMA * size / WINDOW) ** 2))
    for axis in (1, 2):
        length = images.shape[axis] - size + 1
        parts = [
            float(tap) * jax.lax.slice_in_dim(images, start, start + length, axis=axis)
            for start, tap in enumerate(taps / taps.sum())
        ]
        images = sum(parts[1:], parts[0])
    return images


def _halve(images: jax.Array) -> jax.Array:
    """Means of 2x2 pixels; an odd last row or column counts twice."""
    images = jnp.pad(
        images, ((0, 0), (0, images.shape[1] % 2), (0, images.shape[2] % 2), (0, 0)), "edge"
    )
    count, height, width, channels = images.shape
    return images.reshape(count, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))


def _similarity(first: jax.Array, second: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Structural similarity and its contrast-structure part, each the mean of an image, ``(B,)``."""
    maps = jnp.concatenate([first, second, first**2, second**2, first * second], axis=-1)
    *means, one, other, product = jnp.split(_blur(maps), 5, axis=-1)
    squares = one - means[0] ** 2 + other - means[1] ** 2
    together = product - means[0] * means[1]
    steady = (0.01 * RANGE) ** 2, (0.03 * RANGE) ** 2
    contrast = (2 * together + steady[1]) / (squares + steady[1])
    luminance = (2 * means[0] * means[1] + steady[0]) / (means[0] ** 2 + means[1] ** 2 + steady[0])
    return jnp.mean(luminance * contrast, axis=(1, 2, 3)), jnp.mean(contrast, axis=(1, 2, 3))


def _levels(images: jax.Array) -> jax.Array:
    """Images on the scale of 0 to 255, float."""
    images = jnp.asarray(images)
    if images.dtype == jnp.uint8:
        return images.astype(jnp.float32)
    if not jnp.issubdtype(images.dtype, jnp.floating):
        raise ValueError(
            f"images have dtype {images.dtype}, but must be uint8, or float in [-1, 1]."
        )
    return (images + 1) * (RANGE / 2)


@jax.jit
def ms_ssim(first: jax.Array, second: jax.Array) -> jax.Array:
    """Multi-scale structural similarity of pairs (Wang, Simoncelli & Bovik 2003, equation 7), ``(B,)``.

    Five scales with their weights, an 11x11 Gaussian window of deviation 1.5, K = (0.01, 0.03), means of
    2x2 pixels between the scales, factors clipped at 0. The window shrinks with an image
    smaller than itself, as in the TensorFlow reference; a full window at all five scales needs 176 pixels.

    Args:
      first: images ``(B, H, W, C)`` in [-1, 1], or uint8.
      second: likewise.

    Raises:
      ValueError: if the images are integers other than uint8.

    >>> image = jnp.zeros((1, 32, 32, 1))
    >>> round(float(ms_ssim(image, image)[0]), 6)
    1.0
    """
    first, second = _levels(first), _levels(second)
    result = jnp.ones(first.shape[0], first.dtype)
    for level, weight in enumerate(WEIGHTS):
        whole, contrast = _similarity(first, second)
        factor = whole if level == len(WEIGHTS) - 1 else contrast
        result = result * jnp.maximum(factor, 0) ** weight
        first, second = _halve(first), _halve(second)
    return result


class Similarity(NamedTuple):
    """Mean similarity of random pairs, and the standard error of that mean."""

    mean: float
    error: float


def pair_similarity(images: np.ndarray, pairs: int = 1000, seed: int = 0) -> Similarity:
    """Mean MS-SSIM of random pairs of different images (Odena, Olah & Shlens 2017, section 4.2).

    Low is diverse; compare with the same number for real images, within one class at best.

    Args:
      images: ``(N, H, W, C)`` in [-1, 1], or uint8, N >= 2.
      pairs: how many.
      seed: of the choice.

    Raises:
      ValueError: if there are fewer than 2 images.
    """
    if len(images) < 2:
        raise ValueError(f"there are {len(images)} images; pairs need at least 2.")
    rng = np.random.default_rng(seed)
    left = rng.integers(0, len(images), pairs)
    right = (left + rng.integers(1, len(images), pairs)) % len(images)
    values = []
    for start in range(0, pairs, AT_ONCE):
        # The last batch is filled up, so that one program serves all.
        chosen = np.arange(start, start + AT_ONCE) % pairs
        found = ms_ssim(jnp.asarray(images[left[chosen]]), jnp.asarray(images[right[chosen]]))
        values.append(np.asarray(found)[: pairs - start])
    flat = np.concatenate(values)
    return Similarity(float(flat.mean()), float(flat.std() / math.sqrt(pairs)))
