"""Claims judged over seeds: mean, deviation and worst seed, against the bound, the control and rivals."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from jgan.claims.trainings import CONTROL, SYSTEM
from jgan.training.experiment import Claim

Values = Mapping[int, float]
"""A measurement by seed; NaN or infinite where the training diverged."""
HOLDS, FAILS = "holds", "FAILS"
CONTROL_PASSES, CONTROL_DIVERGED = "CONTROL PASSES", "CONTROL DIVERGED"


class ClaimVerdict(NamedTuple):
    """One claim as measured.

    Attributes:
      claim: what is claimed.
      system: its values.
      control: those of its control, of the same seeds or of fewer.
      rivals: those of its rivals, by name.
      beside: what must be read beside the values, by variant and seed, where there is something.
    """

    claim: Claim
    system: Values
    control: Values
    rivals: Mapping[str, Values] = {}
    beside: Mapping[str, Mapping[int, str]] = {}

    def values(self, variant: str) -> Values:
        """Those of the system, of the control or of a rival."""
        return {SYSTEM: self.system, CONTROL: self.control, **self.rivals}[variant]

    @property
    def word(self) -> str:
        """`HOLDS`, or what is wrong: `FAILS`, `CONTROL_PASSES` or `CONTROL_DIVERGED`, the first that is true.

        A control that diverged would fail every bound, so it says nothing about the part that it lacks.
        """
        if not all(map(self.claim.holds, self.system.values())):
            return FAILS
        if any(map(self.claim.holds, self.control.values())):
            return CONTROL_PASSES
        return HOLDS if all(map(math.isfinite, self.control.values())) else CONTROL_DIVERGED

    @property
    def proven(self) -> bool:
        """Whether every seed meets the bound, and its control fails in every seed without having diverged."""
        return self.word == HOLDS


def mean(values: Values) -> float:
    """Over the seeds.

    >>> mean({0: 1.0, 1: 4.0})
    2.5
    """
    return sum(values.values()) / len(values)


def deviation(values: Values) -> float:
    """Standard deviation over the seeds (divisor n - 1); NaN for one seed.

    >>> deviation({0: 1.0, 1: 3.0})
    1.4142135623730951
    """
    if len(values) < 2 or not all(map(math.isfinite, values.values())):
        return math.nan
    return float(np.std(list(values.values()), ddof=1))


def margin(claim: Claim, value: float) -> float:
    """How far a value is on the right side of the bound; negative on the wrong side, minus infinity for NaN.

    >>> claim = Claim("a", len, {}, at_least=0.5, at_most=2)
    >>> margin(claim, 1.0), margin(claim, 2.25)
    (0.5, -0.25)
    """
    if math.isnan(value):
        return -math.inf
    above = math.inf if claim.at_least is None else value - claim.at_least
    below = math.inf if claim.at_most is None else claim.at_most - value
    return min(above, below)


def worst(claim: Claim, values: Values, control: bool = False) -> int:
    """The seed that lies worst for the claim: nearest to missing the bound, or a control's to meeting it."""
    ordered = sorted(values, key=lambda seed: margin(claim, values[seed]))
    return ordered[-1 if control else 0]


class Difference(NamedTuple):
    """A rival's mean difference to the system over paired seeds, and the ends of its interval.

    Attributes:
      mean: rival less system.
      low: the lower end of the 95 % interval of Student's t; NaN for fewer than two seeds.
      high: the upper end.
    """

    mean: float
    low: float
    high: float


def difference(rival: Values, system: Values, level: float = 0.95) -> Difference:
    """The difference of a rival to the system over the seeds of which both are finite.

    NaN if there is none of them.

    >>> found = difference({0: 2.0, 1: 3.0, 2: 4.0}, {0: 1.0, 1: 1.0, 2: 1.0})
    >>> [round(float(value), 4) for value in found]
    [2.0, -0.4841, 4.4841]
    """
    pairs = [(rival[seed], system[seed]) for seed in rival.keys() & system.keys()]
    gaps = np.asarray([one - other for one, other in pairs if math.isfinite(one - other)])
    if not len(gaps):
        return Difference(math.nan, math.nan, math.nan)
    if len(gaps) == 1:
        return Difference(float(gaps[0]), math.nan, math.nan)
    quantile = stdtrit(len(gaps) - 1, 0.5 + level / 2)
    half = float(quantile * gaps.std(ddof=1) / math.sqrt(len(gaps)))
    centre = float(gaps.mean())
    return Difference(centre, centre - half, centre + half)
