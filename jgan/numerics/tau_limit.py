"""The time scale beyond which the flow is stable, from rightmost eigenvalues that are known with errors."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from jgan.arguments import check_count, check_number
from jgan.numerics.diagnosis import numerical_errors
from jgan.numerics.point_kind import known_sign
from jgan.numerics.spectrum import Spectrum


class RealPart(NamedTuple):
    """The largest real part of the eigenvalues at one time scale.

    Attributes:
      tau: the time scale.
      value: the real part.
      error: a bound of its error; infinite where it is not known.
    """

    tau: float
    value: float
    error: float

    @property
    def sign(self) -> int:
        """1 or -1 where it is known, else 0."""
        return known_sign(self.value, self.error)

    def __str__(self) -> str:
        number = f"the largest real part is {self.value:.3g} ± {self.error:.1g}"
        return f"{number} at tau = {self.tau:.3g}"


class TauLimit(NamedTuple):
    """The time scale beyond which the flow is stable.

    Attributes:
      word: ``above`` (a tau that was found), ``always`` or ``never`` (of those tried), or ``undecided``.
      sentence: what that means here, with the numbers it rests on.
      tau: the limit; None unless there is one.
      ends: the limit lies between these; None likewise.
      tried: the largest real parts, by tau.
    """

    word: str
    sentence: str
    tau: float | None
    ends: tuple[float, float] | None
    tried: tuple[RealPart, ...]


def rightmost_of(found: Spectrum, tau: float) -> RealPart:
    """The largest real part of a spectrum, with its error to first order."""
    number = int(np.argmax(found.values.real))
    error = float(numerical_errors(found)[number])
    known = np.isfinite(error) and (found.converged is None or bool(found.converged[number]))
    return RealPart(tau, float(found.values[number].real), error if known else float("inf"))


def tau_limit(
    rightmost: Callable[[float], RealPart],
    *,
    lowest: float = 1e-2,
    highest: float = 1e2,
    points: int = 9,
    rounds: int = 8,
) -> TauLimit:
    """The last passage of the largest real part through 0, looked for from the highest time scale down.

    `jgan.numerics.time_scales.critical_tau` does so on a finer grid, for matrices without errors. A window of
    instability between two points is missed.

    Args:
      rightmost: of a time scale.
      lowest: the smallest time scale that is tried.
      highest: the largest.
      points: time scales by equal factors between them, both ends included.
      rounds: of bisection.

    Raises:
      ValueError: if the ends are not positive and increasing, ``points`` is less than 2, or ``rounds`` than 1.

    >>> f = lambda tau: RealPart(tau, (1 - 0.25 * tau) / 2, 1e-9)  # eigenvalues of trace b - tau d
    >>> found = tau_limit(f, rounds=20)
    >>> found.word, round(found.tau, 3)
    ('above', 4.0)
    """
    check_number("lowest", lowest, above=0)
    check_number("highest", highest, above=lowest)
    check_count("points", points, 2)
    check_count("rounds", rounds)
    tried: dict[float, RealPart] = {}

    def look(tau: float) -> RealPart:
        if tau not in tried:
            tried[tau] = rightmost(tau)
        return tried[tau]

    def said(word: str, sentence: str, ends: tuple[float, float] | None = None) -> TauLimit:
        tau = None if ends is None else float(np.sqrt(ends[0] * ends[1]))
        return TauLimit(word, sentence, tau, ends, tuple(tried[key] for key in sorted(tried)))

    top = look(highest)
    if top.sign > 0:
        return said("never", f"the flow is not stable at the largest tau that was tried: {top}")
    if top.sign == 0:
        return said("undecided", f"it is not known whether the flow is stable: {top}")
    stable, unknown = top, False
    for tau in np.geomspace(highest, lowest, points)[1:]:
        found = look(float(tau))
        if found.sign > 0:
            ends = _edges(look, found.tau, stable.tau, rounds)
            between = f"a limit between {ends[0]:.4g} and {ends[1]:.4g}"
            return said("above", f"the flow is stable for tau above {between}", ends)
        unknown = unknown or found.sign == 0
        stable = stable if unknown else found
    if unknown:
        below = "it is not known whether the flow is stable below"
        return said("undecided", f"the flow is stable from tau = {stable.tau:.3g} on, and {below}")
    return said("always", f"the flow is stable at every tau from {lowest:g} to {highest:g}")


def _edges(
    look: Callable[[float], RealPart], unstable: float, stable: float, rounds: int
) -> tuple[float, float]:
    """The largest time scale that is known to be unstable, and the smallest that is known to be stable."""

    def edge(is_low: Callable[[RealPart], bool]) -> tuple[float, float]:
        low, high = unstable, stable
        for _ in range(rounds):
            middle = float(np.sqrt(low * high))
            low, high = (middle, high) if is_low(look(middle)) else (low, middle)
        return low, high

    return edge(lambda found: found.sign > 0)[0], edge(lambda found: found.sign >= 0)[1]
