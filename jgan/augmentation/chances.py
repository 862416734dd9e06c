"""The random numbers of a batch of pictures: one draw, some numbers for each picture."""

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import DTypeLike

from jgan.batch_axis import draw_rows


def centred(key: jax.Array, columns: int, count: int, dtype: DTypeLike) -> jax.Array:
    """Numbers of U(-1, 1), without -1 and 1, ``(columns, count)``: a column of them for each picture."""
    least = np.nextafter(np.asarray(-1, dtype), np.asarray(0, dtype))
    draw = lambda rows: jax.random.uniform(key, (rows, columns), dtype, least, 1)
    return draw_rows(draw, count).T


def happens(number: jax.Array, p: jax.Array) -> jax.Array:
    """Whether something of probability ``p`` does, by a number of U(-1, 1)."""
    return number + 1 < 2 * p


def whole(number: jax.Array, count: int) -> jax.Array:
    """One of 0 to ``count`` - 1, by a number of U(-1, 1)."""
    return jnp.floor(count / 2 * (number + 1))


def gaussian(number: jax.Array) -> jax.Array:
    """What is distributed as N(0, 1), by a number of U(-1, 1)."""
    return np.sqrt(2).astype(number.dtype) * jax.lax.erf_inv(number)


def wide(dtype: DTypeLike) -> DTypeLike:
    """The type in which pictures of a type are transformed: float32 at least."""
    return jnp.promote_types(dtype, jnp.float32)
