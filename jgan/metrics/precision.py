"""Matrix products and convolutions of what is measured, the same on every device."""

import functools
from collections.abc import Callable

import jax


def at_highest_precision[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """The function with its products and convolutions traced at the highest precision.

    A GPU multiplies float32 in TF32 by default, which keeps 10 of 23 bits of the operands: differences along a
    path and features come out otherwise than on a CPU.

    >>> product = at_highest_precision(lambda x: x @ x)
    >>> "HIGHEST" in str(jax.make_jaxpr(product)(jax.numpy.ones((2, 2))))
    True
    """

    @functools.wraps(function)
    def precise(*args: P.args, **kwargs: P.kwargs) -> R:
        with jax.default_matmul_precision("highest"):
            return function(*args, **kwargs)

    return precise
