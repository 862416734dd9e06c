"""The largest step under which a rule is stable, from the spectral radius of its operator."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.numerics.stability import bisect

ROUNDING = 1e-10
SLOW = 1e3 * ROUNDING
"""Growth at twice the step where it shows first: less of it comes from a power of the step, as in the methods
of Runge and Kutta of order 2, by which no step is stable although that of a small one is lost in rounding."""


class StepLimit(NamedTuple):
    """How far a rule's step may go.

    Attributes:
      step: below it the rule does not expand; 0 if it expands at every step, infinite if at none that was
        tried.
      neutral: whether it does not contract either: the radius is 1 up to rounding all the way.
    """

    step: float
    neutral: bool

    def in_words(self) -> str:
        """The limit as a table shows it.

        >>> StepLimit(2.0, True).in_words(), StepLimit(0.0, False).in_words()
        ('2 (neutral below it)', 'none')
        """
        if self.step == 0:
            return "none"
        if np.isinf(self.step):
            return "every step (neutral throughout)" if self.neutral else "every step"
        return f"{self.step:.6g}" + (" (neutral below it)" if self.neutral else "")


def step_limit(
    radius_at: Callable[[jax.Array], jax.Array], scale: float, *, count: int = 96
) -> StepLimit:
    """Where the spectral radius of a rule first passes 1, as its step grows.

    The radius is looked at on a grid from a thousandth to a hundred times ``scale``, and the first passage is
    found by bisection to 50 binary places. A window of instability between two points of the grid is missed.

    Args:
      radius_at: ``step -> spectral radius``; the step is traced.
      scale: about how long steps are, such as 1 over the norm of the field's Jacobian.
      count: points of the grid.

    >>> limit = step_limit(lambda h: jnp.sqrt((1 - 0.15 * h) ** 2 + (0.47697 * h) ** 2), 1.0)
    >>> round(limit.step, 3)  # R1 with gamma = 0.3 on the Dirac-GAN
    1.2
    """
    steps = scale * np.geomspace(1e-3, 1e2, count)
    radii = np.asarray(jax.jit(lambda grid: jax.lax.map(radius_at, grid))(jnp.asarray(steps)))
    stable = radii <= 1 + ROUNDING
    if not stable[0]:
        return StepLimit(0.0, False)
    first = int(np.argmin(stable)) if not stable.all() else count
    neutral = bool((radii[:first] >= 1 - ROUNDING).all())
    if first == count:
        return StepLimit(float("inf"), neutral)
    halve = jax.jit(
        lambda low, high: bisect(lambda step: radius_at(step) <= 1 + ROUNDING, low, high, 50)
    )
    found = float(halve(steps[first - 1], steps[first]))
    if neutral and float(radius_at(jnp.asarray(2 * found))) <= 1 + SLOW:
        return StepLimit(0.0, False)
    return StepLimit(found, neutral)
