"""Maps that are means over many batches, in the memory of one: the field of a whole data set."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jgan.arguments import check_count
from jgan.game import Batch, PyTree
from jgan.numerics.selfmap import SelfMap


def mean_over(make: Callable[[PyTree], SelfMap], arguments: PyTree) -> SelfMap:
    """The mean of maps that share their point, one for each entry of a leading axis.

    Values and derivatives run through the maps one after the other, and nothing but the sum is kept of each, so
    that memory is that of one map. Where a loss is a mean over examples the mean field of equal chunks is
    the field of all examples; batch normalisation and other statistics are those of a chunk.

    Args:
      make: from a batch or other arrays to a map, such as ``lambda batch: field(game, variables, batch)``.
      arguments: a pytree whose leaves have a leading axis of the same length, of at least 1.

    >>> scale = mean_over(lambda by: SelfMap(lambda x: by * x, jnp.ones(2)), jnp.array([1.0, 3.0]))
    >>> scale.function(scale.point).tolist()
    [2.0, 2.0]
    """
    count = jax.tree.leaves(arguments)[0].shape[0]
    point = make(jax.tree.map(lambda leaf: leaf[0], arguments)).point

    def function(point: PyTree) -> PyTree:
        @jax.checkpoint
        def value(point: PyTree, argument: PyTree) -> PyTree:
            return make(argument).function(point)

        def add(total: PyTree, argument: PyTree) -> tuple[PyTree, None]:
            return jax.tree.map(jnp.add, total, value(point, argument)), None

        total, _ = jax.lax.scan(add, jax.tree.map(jnp.zeros_like, point), arguments)
        return jax.tree.map(lambda leaf: leaf / count, total)

    return SelfMap(function, point)


def in_chunks(batch: Batch, size: int) -> Batch:
    """A batch's examples in chunks of ``size``, ``(chunks, size, ...)``; what does not fill one is left out.

    Raises:
      ValueError: if there are fewer examples than ``size``.

    >>> in_chunks({"image": jnp.arange(7)}, 3)["image"].tolist()
    [[0, 1, 2], [3, 4, 5]]
    """
    check_count("size", size)
    total = min(len(leaf) for leaf in jax.tree.leaves(batch))
    if total < size:
        raise ValueError(f"size is {size}, but must be at most {total}, the number of examples.")
    count = total // size
    return jax.tree.map(
        lambda leaf: leaf[: count * size].reshape(count, size, *leaf.shape[1:]), batch
    )
