"""Random places of pictures, as in ADA: exact moves of pixels, and one affine map a picture.

Functions are given their random numbers, of U(-1, 1), some for each of the B pictures: ``(n, B)``.
"""

import jax
import jax.numpy as jnp
import numpy as np

from jgan.augmentation.affine import composed, rotated, scaled, translated
from jgan.augmentation.chances import gaussian, happens, whole

SCALE, STRETCH, PART = 0.2, 0.2, 0.125
"""Standard deviations: of both scalings in powers of two, of the shift by parts of pixels in sides."""
WHOLE = 0.125
"""The largest shift by whole pixels, in sides."""
OF_TURNS, OF_MAPS = 4, 14
"""How many numbers a picture needs for `mirrored_and_turned` and for `placement_maps`."""


def mirrored_and_turned(numbers: jax.Array, p: jax.Array, images: jax.Array) -> jax.Array:
    """Images ``(B, H, W, C)``, mirrored and turned by quarters, each with probability ``p``.

    As in StyleGAN2-ADA (Karras et al. 2020, appendix B): of the images that are to be mirrored one half is,
    from left to right, and those that are to be turned are by 0, 1, 2 or 3 quarters, clockwise; by 0 or 2 if
    they are not square. Pixels are exchanged and not resampled, for the filter of `jgan.augmentation.affine`
    is not symmetric.
    """
    height, width = images.shape[1:3]
    to_mirror, mirror, to_turn, turn = numbers
    quarters = jnp.where(happens(to_turn, p), whole(turn, 4), 0)

    def where(condition: jax.Array, changed: jax.Array, images: jax.Array) -> jax.Array:
        return jnp.where(condition[:, None, None, None], changed, images)

    images = where(happens(to_mirror, p) & (mirror < 0), images[:, :, ::-1], images)
    images = where(quarters >= 2, images[:, ::-1, ::-1], images)
    if height != width:
        return images
    return where(quarters % 2 == 1, jnp.rot90(images, -1, (1, 2)), images)


def placement_maps(numbers: jax.Array, p: jax.Array, height: int, width: int) -> jax.Array:
    """Maps from places in the transformed picture to places in the given one, ``(B, 3, 3)``.

    What StyleGAN2-ADA (Karras et al. 2020, appendix B) does after mirrors and quarter turns, each with
    probability ``p`` and in this order: shifted by whole pixels up to an eighth of each side; scaled by
    2^N(0, 0.2²); turned by an angle of U(-π, π); stretched by 2^N(0, 0.2²) in x and shrunk as much in y; turned
    again; shifted by N(0, 0.125²) of each side. Either of the two turns happens with probability p, each with
    1 - √(1 - p).

    Args:
      numbers: of U(-1, 1), ``(OF_MAPS, B)``.
      p: the probability.
      height: of a picture in pixels.
      width: likewise.

    Returns:
      Matrices for `jgan.augmentation.affine.resample_affine`, the identity where nothing happens.
    """
    turn = 1 - jnp.sqrt(1 - p)
    gates = [happens(*gate) for gate in zip(numbers, (p, p, turn, p, turn, p), strict=False)]
    across, down, *angles = numbers[6:10]
    sizes, shapes, *parts = gaussian(numbers[10:])

    def chosen(gate: int, value: jax.Array, otherwise: float = 0.0) -> jax.Array:
        return jnp.where(gates[gate], value, jnp.asarray(otherwise, numbers.dtype))

    sides = width, height
    pixels = [
        chosen(0, jnp.round(share * WHOLE * side))
        for share, side in zip((across, down), sides, strict=True)
    ]
    size = chosen(1, jnp.exp2(SCALE * sizes), 1.0)
    turns = [chosen(gate, np.pi * angle) for gate, angle in zip((2, 4), angles, strict=True)]
    shape = chosen(3, jnp.exp2(STRETCH * shapes), 1.0)
    part = [chosen(5, PART * side * share) for share, side in zip(parts, sides, strict=True)]
    # The way back undoes one after the other, the last first.
    return composed(
        translated(-pixels[0], -pixels[1]),
        scaled(1 / size, 1 / size),
        rotated(jnp.cos(turns[0]), -jnp.sin(turns[0])),
        scaled(1 / shape, shape),
        rotated(jnp.cos(turns[1]), -jnp.sin(turns[1])),
        translated(-part[0], -part[1]),
    )
