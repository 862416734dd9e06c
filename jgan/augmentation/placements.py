"""Random places of pictures as one affine map a picture, as in ADA."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jgan.augmentation.affine import composed, rotated, scaled, translated
from jgan.augmentation.chances import normal_columns, uniform_columns

SCALE, STRETCH, PART = 0.2, 0.2, 0.125
"""Standard deviations: of both scalings in powers of two, of the shift by parts of pixels in sides."""
WHOLE = 0.125
"""The largest shift by whole pixels, in sides."""


def placement_maps(
    key: jax.Array, p: jax.Array, count: int, height: int, width: int, dtype: DTypeLike
) -> jax.Array:
    """Maps from places in the transformed picture to places in the given one, ``(count, 3, 3)``.

    Those of StyleGAN2-ADA (Karras et al. 2020, appendix B), each with probability ``p`` and in this order.
    Pixel blitting: mirrored from left to right half of the time; turned by 0, 1, 2 or 3 quarters; shifted by
    whole pixels up to an eighth of each side. General: scaled by 2^N(0, 0.2²); turned by an angle of U(-π, π);
    stretched by 2^N(0, 0.2²) in x and shrunk as much in y; turned again; shifted by N(0, 0.125²) of each side.
    Either of the two turns happens with probability p, each with 1 - √(1 - p).

    Args:
      key: of the random numbers.
      p: the probability.
      count: of pictures, B.
      height: of a picture in pixels.
      width: likewise.
      dtype: of the maps.

    Returns:
      Matrices for `jgan.augmentation.affine.resample_affine`, the identity where nothing happens.
    """
    gate_key, uniform_key, normal_key = jax.random.split(key, 3)
    turn = 1 - jnp.sqrt(1 - p)
    rates = jnp.stack([p, p, p, p, turn, p, turn, p])
    gates = uniform_columns(gate_key, count, len(rates), dtype) < rates[:, None]
    flips, quarters, down, across, *angles = uniform_columns(uniform_key, count, 6, dtype)
    sizes, shapes, *parts = normal_columns(normal_key, count, 4, dtype)

    def chosen(gate: int, value: jax.Array, otherwise: float = 0.0) -> jax.Array:
        return jnp.where(gates[gate], value, jnp.asarray(otherwise, dtype))

    mirrored = chosen(0, 1 - 2 * jnp.floor(2 * flips), 1.0)
    quarter = chosen(1, jnp.floor(4 * quarters))
    # Exact, so that turned pixels lie on pixels.
    quarter_cos, quarter_sin = (
        (quarter == one).astype(dtype) - (quarter == other).astype(dtype)
        for one, other in ((0, 2), (1, 3))
    )
    whole = [
        chosen(2, jnp.round((2 * share - 1) * WHOLE * side))
        for share, side in ((across, width), (down, height))
    ]
    size = chosen(3, jnp.exp2(SCALE * sizes), 1.0)
    shape = chosen(5, jnp.exp2(STRETCH * shapes), 1.0)
    turns = [
        chosen(gate, np.pi * (2 * angle - 1)) for gate, angle in zip((4, 6), angles, strict=True)
    ]
    part = [
        chosen(7, PART * side * share) for share, side in zip(parts, (width, height), strict=True)
    ]
    # The way back undoes one after the other, the last first.
    return composed(
        scaled(mirrored, jnp.ones_like(mirrored)),
        rotated(quarter_cos, -quarter_sin),
        translated(-whole[0], -whole[1]),
        scaled(1 / size, 1 / size),
        rotated(jnp.cos(turns[0]), -jnp.sin(turns[0])),
        scaled(1 / shape, shape),
        rotated(jnp.cos(turns[1]), -jnp.sin(turns[1])),
        translated(-part[0], -part[1]),
    )
