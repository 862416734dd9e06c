"""Numbers that change over a training, as functions of the number of updates so far."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jgan.arguments import check_count, check_number

Changing = Callable[[jax.Array], jax.Array]
"""From the number of updates so far to the number."""


def cosine_schedule(start: float, end: float, steps: int) -> Changing:
    """From ``start`` to ``end`` along half a cosine over ``steps`` updates, and ``end`` from then on.

    ``start + (end - start) (1 - cos(πt / steps)) / 2`` before update t, from 0: the schedule of R3GAN's code
    (Huang et al. 2024), which counts images instead of updates. optax's cosine decay is a multiple of its first
    value and cannot begin at 0.

    Raises:
      ValueError: if ``start`` or ``end`` is not a finite number, or ``steps`` not a whole number of at least 1.

    >>> value = cosine_schedule(1.0, 3.0, 10)
    >>> [round(float(value(jnp.array(t))), 4) for t in (0, 2, 5, 10, 99)]
    [1.0, 1.191, 2.0, 3.0, 3.0]
    """
    check_number("start", start)
    check_number("end", end)
    check_count("steps", steps)

    def value(step: jax.Array) -> jax.Array:
        share = jnp.minimum(step / steps, 1.0)
        return start + (end - start) * 0.5 * (1.0 - jnp.cos(jnp.pi * share))

    return value
