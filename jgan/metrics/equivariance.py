"""StyleGAN3's EQ-T and EQ-R: does the picture move with its latent coordinates? (Karras et al. 2021)."""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.metrics.precision import at_highest_precision

RANGE = 2.0
FARTHEST = 0.125
TAPS = 8

Generate = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]
"""``(key, shift, angle) -> (B, H, W, C)`` in [-1, 1].

The key decides the latents and every other chance; ``shift`` ``(B, 2)`` moves the content down and right by
that share of height and width; ``angle`` ``(B,)`` turns it counter-clockwise about the centre, in radians.
"""


class Equivariance(NamedTuple):
    """Peak signal-to-noise ratios in dB over all compared pixels; higher is better.

    Attributes:
      eq_t: translations by whole pixels (the paper's EQ-T).
      eq_t_frac: by any distance.
      eq_r: rotations by any angle.
    """

    eq_t: float
    eq_t_frac: float
    eq_r: float


def resample(
    images: jax.Array, rows: jax.Array, columns: jax.Array, taps: int = TAPS
) -> tuple[jax.Array, jax.Array]:
    """Values between the pixels, by a sinc windowed to ``taps`` pixels on either side (Kaiser, beta 8).

    Args:
      images: ``(B, H, W, C)``.
      rows: where to look, ``(B, H', W')``, in pixels from the first row.
      columns: likewise.
      taps: half the width of the window.

    Returns:
      Values ``(B, H', W', C)``, and a mask ``(B, H', W')`` of those whose window lies inside the image.
    """
    height, width = images.shape[1:3]
    corner = jnp.floor(rows).astype(jnp.int32), jnp.floor(columns).astype(jnp.int32)
    inside = (corner[0] >= taps - 1) & (corner[0] + taps < height)
    inside &= (corner[1] >= taps - 1) & (corner[1] + taps < width)
    offsets = jnp.arange(1 - taps, taps + 1)

    def weights(place: jax.Array, base: jax.Array) -> jax.Array:
        gap = (place - base)[..., None] - offsets
        window = jnp.i0(8.0 * jnp.sqrt(jnp.maximum(1 - (gap / taps) ** 2, 0))) / np.i0(8.0)
        values = jnp.sinc(gap) * window
        return values / jnp.sum(values, axis=-1, keepdims=True)

    down, right = weights(rows, corner[0]), weights(columns, corner[1])
    batch = jnp.arange(len(images))[:, None, None]

    def add(tap: jax.Array, total: jax.Array) -> jax.Array:
        i, j = tap // (2 * taps), tap % (2 * taps)
        row = jnp.clip(corner[0] + offsets[i], 0, height - 1)
        column = jnp.clip(corner[1] + offsets[j], 0, width - 1)
        return total + images[batch, row, column] * (down[..., i] * right[..., j])[..., None]

    start = jnp.zeros((*rows.shape, images.shape[3]), images.dtype)
    return jax.lax.fori_loop(0, (2 * taps) ** 2, add, start), inside


def _grid(images: jax.Array) -> tuple[jax.Array, jax.Array]:
    height, width = images.shape[1:3]
    return jnp.arange(height, dtype=jnp.float32)[:, None], jnp.arange(width, dtype=jnp.float32)[
        None
    ]


def translate(images: jax.Array, shift: jax.Array, taps: int = TAPS) -> tuple[jax.Array, jax.Array]:
    """Images moved down and right by ``shift`` ``(B, 2)`` pixels, and the mask of valid pixels."""
    row, column = _grid(images)
    shape = images.shape[:3]
    rows = jnp.broadcast_to(row - shift[:, 0, None, None], shape)
    columns = jnp.broadcast_to(column - shift[:, 1, None, None], shape)
    return resample(images, rows, columns, taps)


def translate_whole(images: jax.Array, shift: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Images moved by whole pixels ``(B, 2)``, exactly, and the mask of valid pixels."""
    row, column = _grid(images)
    rows = row.astype(jnp.int32) - shift[:, 0, None, None]
    columns = column.astype(jnp.int32) - shift[:, 1, None, None]
    height, width = images.shape[1:3]
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    batch = jnp.arange(len(images))[:, None, None]
    moved = images[batch, jnp.clip(rows, 0, height - 1), jnp.clip(columns, 0, width - 1)]
    return moved, inside


def rotate(images: jax.Array, angle: jax.Array, taps: int = TAPS) -> tuple[jax.Array, jax.Array]:
    """Images turned counter-clockwise by ``angle`` ``(B,)`` about their centre, and the mask."""
    row, column = _grid(images)
    middle = (images.shape[1] - 1) / 2, (images.shape[2] - 1) / 2
    y, x = row - middle[0], column - middle[1]
    cosine, sine = (f(angle)[:, None, None] for f in (jnp.cos, jnp.sin))
    rows = x * sine + y * cosine + middle[0]
    columns = x * cosine - y * sine + middle[1]
    return resample(images, rows, columns, taps)


def equivariance(
    generate: Generate, key: jax.Array, *, count: int = 1000, batch_size: int = 16
) -> Equivariance:
    """10 log₁₀(I²/E[(g(T z₀) - T g(z₀))²]) with I = 2 (Karras et al. 2021, equations 3, 10 and 11).

    Shifts are uniform in ±1/8 of the image, rounded to whole pixels for ``eq_t``; angles are uniform. The
    image itself is moved by a windowed sinc of 8 pixels on either side and compared only where that window
    lies inside it; NVIDIA's code takes 3 pixels, and for rotations also limits the band of both sides.

    Args:
      generate: see `Generate`.
      key: of latents, shifts and angles.
      count: images; 50,000 in the paper.
      batch_size: images in a compiled batch.

    Raises:
      ValueError: if the images are too small for any pixel to be compared.
    """
    generate = at_highest_precision(generate)

    def errors(moved: jax.Array, valid: jax.Array, found: jax.Array) -> jax.Array:
        total = jnp.sum(jnp.where(valid[..., None], (moved - found) ** 2, 0))
        return jnp.stack([total, jnp.sum(valid) * moved.shape[-1]])

    @jax.jit
    def sums(key: jax.Array) -> jax.Array:
        latent_key, shift_key, angle_key = jax.random.split(key, 3)
        shift = jax.random.uniform(shift_key, (batch_size, 2), minval=-FARTHEST, maxval=FARTHEST)
        angle = jax.random.uniform(angle_key, (batch_size,), maxval=2 * math.pi)
        still, straight = jnp.zeros_like(shift), jnp.zeros_like(angle)
        base = generate(latent_key, still, straight)
        size = jnp.asarray(base.shape[1:3], jnp.float32)
        pixels = jnp.round(shift * size)
        whole = translate_whole(base, pixels.astype(jnp.int32))
        return jnp.stack(
            [
                errors(*whole, generate(latent_key, pixels / size, straight)),
                errors(*translate(base, shift * size), generate(latent_key, shift, straight)),
                errors(*rotate(base, angle), generate(latent_key, still, angle)),
            ]
        )

    parts = [
        np.asarray(sums(jax.random.fold_in(key, part)), np.float64)
        for part in range(-(-count // batch_size))
    ]
    total = np.sum(parts, axis=0)
    if (total[:, 1] == 0).any():
        raise ValueError(
            f"the images are too small: the resampling window needs {2 * TAPS} pixels and room."
        )
    with np.errstate(divide="ignore"):
        ratios = 10 * np.log10(RANGE**2 * total[:, 1] / total[:, 0])
    return Equivariance(*(float(ratio) for ratio in ratios))
