"""The random numbers of a batch of pictures: few draws, one column for each number that a picture needs."""

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

from jgan.batch_axis import draw_rows
from jgan.threefry import unrolled


def uniform_columns(key: jax.Array, rows: int, columns: int, dtype: DTypeLike) -> jax.Array:
    """Numbers of U(0, 1), ``(columns, rows)``: one of each column for every picture of the batch."""
    own = unrolled(key)
    return draw_rows(lambda rows: jax.random.uniform(own, (rows, columns), dtype), rows).T


def normal_columns(key: jax.Array, rows: int, columns: int, dtype: DTypeLike) -> jax.Array:
    """Numbers of N(0, 1), likewise."""
    own = unrolled(key)
    return draw_rows(lambda rows: jax.random.normal(own, (rows, columns), dtype), rows).T


def wide(dtype: DTypeLike) -> DTypeLike:
    """The type in which pictures of a type are transformed: float32 at least."""
    return jnp.promote_types(dtype, jnp.float32)
