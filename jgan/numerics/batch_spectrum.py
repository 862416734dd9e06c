"""An eigenvalue of the field of all examples beside those of single batches."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.arguments import check_count
from jgan.game import PyTree
from jgan.numerics.chunks import mean_over
from jgan.numerics.dense import DENSE, jacobian_function
from jgan.numerics.leading import EigenSolver
from jgan.numerics.sampled import Sampled
from jgan.numerics.selfmap import SelfMap
from jgan.numerics.spectrum import check_which, order_by


class BesideBatches(NamedTuple):
    """A number of all examples, and the same number at several batches.

    The mean over batches of an extreme eigenvalue is no estimate of that of all examples: of symmetric matrices
    the largest is a convex function, so that batches have on average a larger one.

    Attributes:
      whole: of all examples.
      batches: of single batches.
    """

    whole: float
    batches: Sampled

    @property
    def agrees(self) -> bool | None:
        """Whether the 95 % interval of the batches' mean holds the number of all examples; None for one batch.

        >>> BesideBatches(0.1, Sampled((0.147, 0.062, 0.164))).agrees
        True
        """
        if len(self.batches.values) < 2:
            return None
        return bool(abs(self.whole - self.batches.mean) <= self.batches.half_width)


def beside_batches(
    make: Callable[[PyTree], SelfMap],
    arguments: PyTree,
    which: str = "right",
    *,
    batches: int | None = None,
    symmetric: bool = False,
    dense: int = DENSE,
    tolerance: float = 1e-6,
) -> BesideBatches:
    """The leading eigenvalue of the mean of maps beside those of single ones.

    It is its modulus for ``which="modulus"``, its imaginary part for ``"imaginary"``, else its real part.

    Args:
      make: from a batch or other arrays to a map, such as ``lambda batch: field(game, variables, batch)``.
      arguments: a pytree whose leaves have a leading axis of length c: all examples in chunks of a batch
        (`jgan.numerics.chunks.in_chunks`), with the key of each chunk where latents are drawn.
      which: a key of `jgan.numerics.spectrum.WHICH`.
      batches: how many of the chunks are looked at by themselves, the first ones; None for all.
      symmetric: the Jacobians are symmetric, as those of a player's own Hessian.
      dense: parameters up to which exact Jacobians are formed.
      tolerance: relative residual of the matrix-free solver.

    Raises:
      ValueError: if ``which`` is unknown, ``batches`` not in [1, c], or an eigenvalue is not found.

    >>> import jax.numpy as jnp
    >>> strengths = jnp.array([1.0, 3.0])
    >>> beside_batches(lambda by: SelfMap(lambda x: by * x, jnp.ones(2)), strengths)
    BesideBatches(whole=2.0, batches=Sampled(values=(1.0, 3.0)))
    """
    check_which(which)
    total = jax.tree.leaves(arguments)[0].shape[0]
    count = total if batches is None else batches
    check_count("batches", count)
    if count > total:
        raise ValueError(f"batches is {count}, but must be at most {total}, the number of chunks.")
    first = lambda tree: jax.tree.map(lambda leaf: leaf[0], tree)
    size = ravel_pytree(make(first(arguments)).point)[0].size

    def solver(make: Callable[[PyTree], SelfMap]) -> Callable[[PyTree], float]:
        jacobian = jacobian_function(make)
        free = EigenSolver(make, symmetric=symmetric, tolerance=tolerance)

        def leading(argument: PyTree) -> float:
            if size <= dense:
                matrix = jacobian(argument)
                values = np.linalg.eigvalsh(matrix) if symmetric else np.linalg.eigvals(matrix)
            else:  # two, lest a pair be broken
                values = free.leading(argument, 2, which).values
            value = values[order_by(which, values)[0]]
            return _part(complex(value), which)

        return leading

    whole, single = solver(lambda every: mean_over(make, every)), solver(make)
    each = [jax.tree.map(lambda leaf, n=n: leaf[n], arguments) for n in range(count)]
    return BesideBatches(whole(arguments), Sampled(tuple(single(one) for one in each)))


def _part(value: complex, which: str) -> float:
    """What is looked at of an eigenvalue."""
    if which == "modulus":
        return abs(value)
    return abs(value.imag) if which == "imaginary" else value.real
