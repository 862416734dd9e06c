"""The continuous flow of a vector field, followed as long as the field says where it goes."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import DOP853

from jgan.arguments import check_count, check_number
from jgan.numerics.jumps import FieldValue, direction, find_jump
from jgan.numerics.selfmap import SelfMap, flat

STAGES = 15
"""Evaluations of a step of DOP853, those for the values within it included."""


class Curve(NamedTuple):
    """A flow as it is to be drawn.

    Attributes:
      times: ``(t,)``, dense where the flow turns fast.
      points: ``(t, n)``, vectors in tree order: the discriminator's parameters first.
      stopped: why it ends before the time that was asked for, a sentence; None if it does not.
    """

    times: np.ndarray
    points: np.ndarray
    stopped: str | None


def flow(
    field: SelfMap,
    times: np.ndarray,
    *,
    tolerance: float = 1e-9,
    most: int = 100_000,
) -> np.ndarray:
    """The continuous flow x' = v(x) from the field's point, by SciPy's DOP853.

    A field that jumps is followed where it leads across the jump. Where it leads towards the jump from both
    sides, or away from it, no flow follows from the field's values, and it is refused.

    Args:
      field: of few parameters; it is compiled once and called from the host.
      times: ``(t,)`` increasing, at least two; the first is when the flow is at the point.
      tolerance: relative and absolute error allowed in each step.
      most: evaluations of the field allowed.

    Returns:
      ``(t, n)``, vectors in tree order: the discriminator's parameters first.

    Raises:
      ValueError: if the times do not increase, or the flow is not finite, not done after ``most``
        evaluations, or at a jump that does not let it across.
    """
    times = _checked(times)
    rows: list[np.ndarray] = []
    for end, at in _steps(field, float(times[0]), float(times[-1]), tolerance, most):
        wanted = times[len(rows) :]
        rows += [at(time) for time in wanted[wanted <= end]]
    return np.array(rows)


def flow_curve(
    field: SelfMap, end: float, *, tolerance: float = 1e-6, most: int = 100_000, samples: int = 12
) -> Curve:
    """The flow from time 0 to ``end`` sampled by its own time scale: ``samples`` points in every step.

    DOP853 chooses its steps by how fast the flow turns. Where the flow cannot be followed the curve ends.

    Args:
      field: as for `flow`.
      end: the last time, positive.
      tolerance: as for `flow`.
      most: as for `flow`.
      samples: points in a step.

    Raises:
      ValueError: if ``end`` or ``samples`` is not positive.
    """
    check_number("end", end, above=0)
    check_count("samples", samples)
    times, points, stopped = [0.0], [np.asarray(flat(field)[1], float)], None
    try:
        for until, at in _steps(field, 0.0, end, tolerance, most):
            for time in np.linspace(times[-1], until, samples + 1)[1:]:
                times.append(time)
                points.append(at(time))
    except ValueError as error:
        stopped = str(error)
    return Curve(np.array(times), np.array(points), stopped)


def _checked(times: np.ndarray) -> np.ndarray:
    found = np.asarray(times, float)
    if found.ndim != 1 or len(found) < 2:
        raise ValueError(
            f"times has the shape {found.shape}, but must hold at least 2 times, (t,)."
        )
    if not np.isfinite(found).all() or not (np.diff(found) > 0).all():
        raise ValueError(
            f"times goes from {found[0]:g} to {found[-1]:g} and is not finite and increasing throughout, "
            "but must be."
        )
    return found


class _Velocity:
    """The field on the host, which counts its evaluations and keeps those of the last step."""

    def __init__(self, field: SelfMap, most: int, end: float) -> None:
        function, start = flat(field)
        self.compiled = jax.jit(function)
        self.dtype, self.eps = start.dtype, float(jnp.finfo(start.dtype).eps)
        self.start = np.asarray(start, float)
        self.most, self.end, self.used = most, end, 0
        self.evaluations: list[FieldValue] = []
        self.fastest = 0.0

    def at(self, x: np.ndarray) -> np.ndarray:
        """The field at ``x``."""
        self.used += 1
        value = np.asarray(self.compiled(jnp.asarray(x, self.dtype)), float)
        if not np.isfinite(value).all() or self.used > self.most:
            reason = (
                "is not finite"
                if self.used <= self.most
                else f"needs more than {self.most} evaluations"
            )
            raise ValueError(f"the flow {reason} before time {self.end:g}.")
        return value

    def __call__(self, _: float, x: np.ndarray) -> np.ndarray:
        """The field for SciPy."""
        value = self.at(x)
        self.evaluations = [*self.evaluations[-STAGES:], (x.copy(), value)]
        self.fastest = max(self.fastest, float(np.linalg.norm(value)))
        return value


Step = tuple[float, Callable[[float], np.ndarray]]
"""The time at which a step of the solver ends, and the flow within it."""


def _steps(field: SelfMap, begin: float, end: float, tolerance: float, most: int) -> Iterator[Step]:
    check_number("tolerance", tolerance, above=0)
    velocity = _Velocity(field, most, end)
    time, x = begin, velocity.start

    def solver_from(widest: float) -> DOP853:
        return DOP853(velocity, time, x, end, rtol=tolerance, atol=tolerance, max_step=widest)

    solver = solver_from(np.inf)
    while time < end:
        at_rest = float(np.linalg.norm(solver.f)) <= tolerance * (1 + np.linalg.norm(x))
        origin = (x, solver.f)
        message = solver.step()
        if solver.status == "failed":
            raise ValueError(f"the flow cannot be followed to time {end:g}: {message}")
        within = solver.dense_output()
        jump = find_jump(
            velocity.at, [origin, *velocity.evaluations[-STAGES:]], velocity.fastest, velocity.eps
        )
        width = solver.t - time
        if jump is not None:
            if at_rest:
                # An end point on the jump itself, from which rounding must not throw the players.
                yield end, lambda _, here=x: here  # type: ignore[misc]
                return
            if width * jump.size > np.sqrt(tolerance) * (1 + np.linalg.norm(x)):
                # The solver's own estimate of its error supposes a smooth field.
                solver = solver_from(width / 8)
                continue
            way = direction(velocity.at, jump, velocity.eps)
            if way != "across":
                place = ", ".join(f"{value:.4g}" for value in jump.near[:4])
                raise ValueError(
                    f"the flow cannot be followed beyond time {time:g}: the field jumps at ({place}) "
                    f"and leads {way} {'it' if way == 'towards' else 'from it'} on both sides."
                )
        yield solver.t, within
        time, x = float(solver.t), solver.y.copy()
        solver.max_step = 2 * solver.max_step
