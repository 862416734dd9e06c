"""Affine resampling of pictures, one map a picture, as in ADA: twice the resolution, bilinear, and back.

Places are ``(x, y, 1)`` in pixels from the picture's centre, x to the right and y down. Derivatives of any
order and mode are those of a linear map: products with fixed matrices, and a gather of two by two pixels.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

SYM6 = (
    *(0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633),
    *(0.4910559419267466, 0.787641141030194, 0.3379294217276218, -0.07263752278646252),
    *(-0.021060292512300564, 0.04472490177066578, 0.0017677118642428036, -0.007800708325034148),
)
"""The low-pass filter of the symlet of order 6: orthogonal to its own shifts by two, with the sum √2."""
DELAY = float(np.dot(np.arange(len(SYM6)), SYM6) / np.sum(SYM6))
"""By how many taps the filter delays what varies slowly: 5.1 and not 5.5, as it is not symmetric."""
MARGIN = len(SYM6) // 2
"""Places of the doubled lattice on each side of the picture that the way back needs."""


def matrix(*rows: tuple[jax.Array, ...]) -> jax.Array:
    """Matrices ``(B, n, m)`` from rows of arrays ``(B,)``."""
    entries = [entry for row in rows for entry in row]
    return jnp.stack(entries, axis=-1).reshape(-1, len(rows), len(rows[0]))


def translated(x: jax.Array, y: jax.Array) -> jax.Array:
    """Maps ``(B, 3, 3)`` that move places by ``x`` and ``y`` pixels, both ``(B,)``."""
    one, zero = jnp.ones_like(x), jnp.zeros_like(x)
    return matrix((one, zero, x), (zero, one, y), (zero, zero, one))


def scaled(x: jax.Array, y: jax.Array) -> jax.Array:
    """Maps ``(B, 3, 3)`` that stretch both axes, by ``x`` and ``y``, both ``(B,)``."""
    one, zero = jnp.ones_like(x), jnp.zeros_like(x)
    return matrix((x, zero, zero), (zero, y, zero), (zero, zero, one))


def rotated(cos: jax.Array, sin: jax.Array) -> jax.Array:
    """Maps ``(B, 3, 3)`` that turn places from x towards y, by angles of which cosine and sine are given."""
    one, zero = jnp.ones_like(cos), jnp.zeros_like(cos)
    return matrix((cos, -sin, zero), (sin, cos, zero), (zero, zero, one))


def composed(*maps: jax.Array) -> jax.Array:
    """The product of matrices ``(B, n, n)``, of which the last acts first."""
    return functools.reduce(lambda a, b: jnp.matmul(a, b, precision="highest"), maps)


def kept_where_identity(maps: jax.Array, images: jax.Array, changed: jax.Array) -> jax.Array:
    """``changed``, but the images whose matrix ``(B, n, n)`` is the identity as they are, bit for bit."""
    same = jnp.all(maps == jnp.eye(maps.shape[1], dtype=maps.dtype), axis=(1, 2))
    return jnp.where(same[:, None, None, None], images, changed)


def resample_affine(images: jax.Array, back: jax.Array) -> jax.Array:
    """Pictures moved by affine maps, continued by reflection beyond their borders.

    As in StyleGAN2-ADA (Karras et al. 2020, "Training generative adversarial networks with limited data",
    appendix B): upsampled by two with the filter `SYM6`, sampled bilinearly on a lattice of twice the
    resolution, and downsampled by the filter's mirror image. The filter is orthogonal to its shifts, so that a
    shift by whole pixels changes nothing but their places, to rounding. Two details differ from the authors'
    code: a picture is reflected as often as a map needs, not once with zeros beyond; and the filter's delay is
    its own, not 5.5 taps, by which a picture that is turned by 180 degrees would move by 0.4 pixels.

    Args:
      images: ``(B, H, W, C)``.
      back: from places in the result to places in ``images``, ``(B, 3, 3)``. A picture whose map is the
        identity stays as it is, bit for bit.

    Returns:
      Images of the same shape.
    """
    _, height, width, _ = images.shape
    doubled = _along_both(images, _doubling(height), _doubling(width))
    sampled = _bilinear(doubled, *_sources(back, height, width))
    changed = _along_both(sampled, _halving(height), _halving(width))
    return kept_where_identity(back, images, changed)


def _along_both(images: jax.Array, vertical: np.ndarray, horizontal: np.ndarray) -> jax.Array:
    """Rows and columns of images multiplied by fixed matrices, (a, H) and (b, W), to (B, a, b, C)."""
    product = functools.partial(jnp.einsum, precision="highest")
    images = product("ah,nhwc->nawc", jnp.asarray(vertical, images.dtype), images)
    return product("bw,nawc->nabc", jnp.asarray(horizontal, images.dtype), images)


@functools.cache
def _doubling(size: int) -> np.ndarray:
    """An axis at twice the resolution, continued by reflection: one period, and its first place once more.

    Pixel n lies behind the place 2n, at a distance of the filter's delay less `MARGIN` - 1.
    """
    period = max(2 * (size - 1), 1)
    found = np.zeros((2 * period + 1, size))
    for place in range(2 * period):
        for tap, weight in enumerate(SYM6):
            pixel, between = divmod(place + MARGIN - 1 - tap, 2)
            if not between:
                pixel %= period
                found[place, min(pixel, period - pixel)] += weight * np.sqrt(2)
    found[-1] = found[0]
    return found


@functools.cache
def _halving(size: int) -> np.ndarray:
    """The pixels of an axis from twice the resolution, which begins `MARGIN` places before the picture."""
    found = np.zeros((size, 2 * size + 2 * MARGIN))
    for pixel in range(size):
        found[pixel, 2 * pixel + 1 : 2 * pixel + 1 + len(SYM6)] = np.asarray(SYM6) / np.sqrt(2)
    return found


def _sources(back: jax.Array, height: int, width: int) -> tuple[jax.Array, jax.Array]:
    """For each place of the result at twice the resolution, the column and row that it is from, (B, a, b)."""
    behind = DELAY - (MARGIN - 1)
    y, x = (
        (jnp.arange(2 * side + 2 * MARGIN, dtype=back.dtype) - MARGIN - behind) / 2 - (side - 1) / 2
        for side in (height, width)
    )
    # Written out, for as a matrix product TF32 would round places to a thousandth of the side.
    x_source, y_source = (
        back[:, row, 0, None, None] * x
        + back[:, row, 1, None, None] * y[:, None]
        + back[:, row, 2, None, None]
        for row in (0, 1)
    )
    return 2 * x_source + (width - 1) + behind, 2 * y_source + (height - 1) + behind


def _bilinear(doubled: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
    """Periodic pictures (B, 2P + 1, 2Q + 1, C) at columns x and rows y between their places, both (B, a, b)."""

    def split(places: jax.Array, size: int) -> tuple[jax.Array, jax.Array]:
        whole = jnp.floor(places)
        part = (places - whole).astype(doubled.dtype)
        return jnp.mod(whole.astype(jnp.int32), size - 1), part[..., None]

    (row, below), (column, right) = split(y, doubled.shape[1]), split(x, doubled.shape[2])

    def square(image: jax.Array, row: jax.Array, column: jax.Array) -> jax.Array:
        start = row, column, jnp.zeros_like(row)
        return jax.lax.dynamic_slice(image, start, (2, 2, image.shape[2]))

    # One gather of four pixels at once: its transpose adds a quarter as often.
    of_places = jax.vmap(jax.vmap(square, (None, 0, 0)), (None, 0, 0))
    squares = jax.vmap(of_places)(doubled, row, column)
    upper, lower = (
        (1 - right) * squares[..., line, 0, :] + right * squares[..., line, 1, :] for line in (0, 1)
    )
    return (1 - below) * upper + below * lower
