"""A batch that is spread over devices.

Under ``jax.pmap`` each device sees its own examples; then three things must still be those of the whole
batch: means (losses, gradients, batch statistics), the random numbers drawn for each example, and what an
example sees of the others. They ask here.

Under ``jit`` over a mesh the code sees the whole batch, and the numbers are right whatever is done here. But
only what is known to be split is computed in parts: a generator's move begins with latents, which come from
no split array, so rows that are drawn say how they lie, and parameters that devices hold in parts that they
are wanted whole.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding

from jgan.threefry import unrolled


class _Axis(NamedTuple):
    name: str
    size: int


class _Mesh(NamedTuple):
    rows: NamedSharding
    whole: NamedSharding | None


_CURRENT: ContextVar[_Axis | None] = ContextVar("batch_axis", default=None)
_MESH: ContextVar[_Mesh | None] = ContextVar("mesh", default=None)


@contextmanager
def over_axis(name: str, size: int) -> Iterator[None]:
    """While a function is traced under ``pmap``: its batches are spread over the axis ``name``."""
    token = _CURRENT.set(_Axis(name, size))
    try:
        yield
    finally:
        _CURRENT.reset(token)


@contextmanager
def over_mesh(rows: NamedSharding, whole: NamedSharding | None = None) -> Iterator[None]:
    """While a function is traced under ``jit`` for a mesh of devices.

    Args:
      rows: how the examples of a batch lie, on their leading axis.
      whole: copies on every device, where parameters lie in parts; else None.
    """
    token = _MESH.set(_Mesh(rows, whole))
    try:
        yield
    finally:
        _MESH.reset(token)


def gathered(tree: Any) -> Any:
    """Parameters as one network needs them: whole on every device that has a part of the batch."""
    mesh = _MESH.get()
    if mesh is None or mesh.whole is None:
        return tree
    return jax.lax.with_sharding_constraint(tree, mesh.whole)


def axis_name() -> str | None:
    """The mapped axis that the batch is spread over, or None."""
    axis = _CURRENT.get()
    return axis.name if axis else None


def whole_mean(tree: Any) -> Any:
    """The mean of a pytree over the devices that share the batch; integers and keys are left alone."""
    axis = _CURRENT.get()
    if axis is None:
        return tree

    def mean(leaf: jax.Array) -> jax.Array:
        floating = jnp.issubdtype(leaf.dtype, jnp.inexact)
        return jax.lax.pmean(leaf, axis.name) if floating else leaf

    return jax.tree.map(mean, tree)


def draw_rows(draw: Callable[[int], jax.Array], count: int) -> jax.Array:
    """``draw(count)``, one row for each example of the batch, ``(count, ...)``.

    Where the batch is spread, ``draw`` makes the rows of the whole batch, of which this device's are kept,
    so that an example meets the same random numbers on any number of devices.

    >>> draw_rows(lambda count: jax.random.normal(jax.random.key(0), (count, 3)), 5).shape
    (5, 3)
    """
    axis = _CURRENT.get()
    mesh = _MESH.get()
    if mesh is not None and count % mesh.rows.num_devices == 0:
        return jax.lax.with_sharding_constraint(draw(count), mesh.rows)
    if axis is None:
        return draw(count)
    rows = draw(whole_count(count))
    return jax.lax.dynamic_slice_in_dim(rows, jax.lax.axis_index(axis.name) * count, count)


def normal_like(key: jax.Array, x: jax.Array) -> jax.Array:
    """Standard normal numbers of the shape and type of ``x``, whose rows are examples."""
    return draw_rows(
        lambda rows: jax.random.normal(unrolled(key), (rows, *x.shape[1:]), x.dtype), x.shape[0]
    )


def whole_count(count: int) -> int:
    """How many examples the batch has of which this device has ``count``."""
    axis = _CURRENT.get()
    return count if axis is None else count * axis.size


def whole_batch(x: jax.Array) -> jax.Array:
    """The rows of every device that shares the batch, ``(b, ...)`` to ``(B, ...)``, in their order."""
    axis = _CURRENT.get()
    return x if axis is None else jax.lax.all_gather(x, axis.name, tiled=True)
