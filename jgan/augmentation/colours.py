"""Random colours of pictures as one matrix a picture, as in ADA.

The random numbers are given, as in `jgan.augmentation.placements`.
"""

import jax
import jax.numpy as jnp
import numpy as np

from jgan.augmentation.affine import composed, kept_where_identity, matrix
from jgan.augmentation.chances import gaussian, happens, whole

BRIGHTNESS, CONTRAST, SATURATION = 0.2, 0.5, 1.0
"""Standard deviations, those of contrast and saturation in powers of two."""
OF_COLOURS = 10
"""How many numbers a picture needs for `colour_maps`."""


def colour_maps(numbers: jax.Array, p: jax.Array, channels: int) -> jax.Array:
    """Maps of colours ``(red, green, blue, 1)``, ``(B, 4, 4)``.

    Those of StyleGAN2-ADA (Karras et al. 2020, appendix B), each with probability ``p`` and in this order:
    brightness + N(0, 0.2²); contrast times 2^N(0, 0.5²); luma flip, the reflection in the plane of no luma,
    half of the time; hue, turned about the grey axis by an angle of U(-π, π); saturation, the distance from
    that axis, times 2^N(0, 1). Grey pictures have neither hue nor saturation.

    Args:
      numbers: of U(-1, 1), ``(OF_COLOURS, B)``.
      p: the probability.
      channels: 1 or 3.

    Returns:
      Matrices for `recoloured`, the identity where nothing happens.
    """
    *gates, flips, angles = numbers[:7]
    brights, contrasts, saturations = gaussian(numbers[7:])

    def chosen(gate: int, value: jax.Array, otherwise: float = 0.0) -> jax.Array:
        return jnp.where(happens(gates[gate], p), value, jnp.asarray(otherwise, numbers.dtype))

    brightness = chosen(0, BRIGHTNESS * brights)
    contrast = chosen(1, jnp.exp2(CONTRAST * contrasts), 1.0)
    flipped = chosen(2, whole(flips, 2))
    maps = [
        _about_grey(jnp.ones_like(flipped), 1 - 2 * flipped),
        _scaled_and_moved(contrast, brightness),
    ]
    if channels == 3:
        hue = chosen(3, np.pi * angles)
        saturation = chosen(4, jnp.exp2(SATURATION * saturations), 1.0)
        maps = [_about_grey(saturation, jnp.ones_like(saturation)), _turned(hue), *maps]
    return composed(*maps)


def recoloured(images: jax.Array, maps: jax.Array) -> jax.Array:
    """Images ``(B, H, W, C)`` with every pixel's colour mapped by ``maps (B, 4, 4)``.

    A grey pixel has three equal channels and becomes the mean of what they become. An image whose map is the
    identity stays as it is, bit for bit.
    """
    linear, moved = maps[:, :3, :3], maps[:, :3, 3]
    if images.shape[3] == 1:
        linear = jnp.mean(jnp.sum(linear, axis=2), axis=1)[:, None, None]
        moved = jnp.mean(moved, axis=1)[:, None]
    # Written out: a product of so few numbers is no work for the units that multiply matrices.
    changed = jnp.sum(linear[:, None, None] * images[..., None, :], axis=-1) + moved[:, None, None]
    return kept_where_identity(maps, images, changed)


def _scaled_and_moved(factor: jax.Array, shift: jax.Array) -> jax.Array:
    """``factor (x + shift)`` of every channel."""
    one, zero, moved = jnp.ones_like(factor), jnp.zeros_like(factor), factor * shift
    return matrix(
        (factor, zero, zero, moved),
        (zero, factor, zero, moved),
        (zero, zero, factor, moved),
        (zero, zero, zero, one),
    )


def _about_grey(across: jax.Array, along: jax.Array) -> jax.Array:
    """Colours' distances from the grey axis times ``across``, and along it times ``along``, both (B,).

    The matrix is across (I - vvᵀ) + along vvᵀ, with v the axis; factors of 1 give the identity exactly.
    """
    one, zero, rest = jnp.ones_like(across), jnp.zeros_like(across), (along - across) / 3
    return matrix(
        (across + rest, rest, rest, zero),
        (rest, across + rest, rest, zero),
        (rest, rest, across + rest, zero),
        (zero, zero, zero, one),
    )


def _turned(angle: jax.Array) -> jax.Array:
    """Colours turned about the grey axis by angles (B,), from red towards green (Rodrigues' formula)."""
    one, zero = jnp.ones_like(angle), jnp.zeros_like(angle)
    cos, rest, side = jnp.cos(angle), (1 - jnp.cos(angle)) / 3, jnp.sin(angle) / np.sqrt(3)
    return matrix(
        (cos + rest, rest - side, rest + side, zero),
        (rest + side, cos + rest, rest - side, zero),
        (rest - side, rest + side, cos + rest, zero),
        (zero, zero, zero, one),
    )
