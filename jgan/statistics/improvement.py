"""Whether one way of training is better than another: the share of wins, Holm's correction, paired seeds."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import scipy

from jgan.statistics.summaries import (
    LEVEL,
    UNKNOWN,
    Interval,
    as_outcomes,
    bootstrap_interval,
    student_interval,
    wilson_interval,
)


class Improvement(NamedTuple):
    """How often a training of one kind is better than one of another.

    Attributes:
      probability: that it is, ties counting one half.
      interval: of the bootstrap; too narrow for few outcomes, and a point where one side wins throughout.
      p_value: of Mann and Whitney's test that both kinds are alike, two-sided; exact without ties and with at
        most 8 outcomes on one side.
    """

    probability: float
    interval: Interval
    p_value: float


def improvement(
    outcomes: Sequence[float], baseline: Sequence[float], level: float = LEVEL, seed: int = 0
) -> Improvement:
    """The probability of improvement over a baseline: U / (n m) of Mann and Whitney (Agarwal et al. 2021).

    Args:
      outcomes: of the trainings in question, lower is better; infinity if it diverged.
      baseline: of those that they are compared with.
      level: of the interval.
      seed: of the bootstrap.

    >>> improvement([1.0, 2.0], [2.0, 3.0]).probability
    0.875
    """
    first, second = as_outcomes(outcomes), as_outcomes(baseline)
    places = scipy.stats.rankdata(np.concatenate([first, second]))  # finite, and compare alike
    one, two = places[: len(first)], places[len(first) :]
    found = scipy.stats.mannwhitneyu(two, one, alternative="two-sided")
    p_value = 1.0 if np.ptp(places) == 0 else float(found.pvalue)
    return Improvement(
        float(found.statistic) / (len(first) * len(second)),
        bootstrap_interval([one, two], share_of_wins, level, seed=seed),
        p_value,
    )


def share_of_wins(first: np.ndarray, second: np.ndarray, axis: int = -1) -> np.ndarray:
    """The share of pairs ``(..., n)`` and ``(..., m)`` of which the first is lower, ties counting one half."""
    one, two = (
        np.moveaxis(first, axis, -1)[..., :, None],
        np.moveaxis(second, axis, -1)[..., None, :],
    )
    return (np.sign(two - one).mean(axis=(-2, -1)) + 1) / 2


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values of several tests, adjusted so that the chance of any false finding keeps its level (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p_values, np.float64)
    order = np.argsort(values, kind="stable")
    factors = np.arange(len(values), 0, -1)
    adjusted = np.minimum(np.maximum.accumulate(values[order] * factors), 1.0)
    found = np.empty(len(values))
    found[order] = adjusted
    return found.tolist()


class PairedDifference(NamedTuple):
    """Differences under the same seeds.

    Attributes:
      mean: outcome less baseline, over the pairs of which both are finite; NaN if there is none.
      interval: Student's, of the mean.
      finite: the number of these pairs.
      pairs: of all.
      wins: pairs in which the outcome is lower, ties counting one half; a diverged training loses.
      share: Wilson's interval of the share of wins, half a win rounded down.
    """

    mean: float
    interval: Interval
    finite: int
    pairs: int
    wins: float
    share: Interval


def paired_difference[K: Hashable](
    outcomes: Mapping[K, float], baseline: Mapping[K, float], level: float = LEVEL
) -> PairedDifference:
    """Differences of outcomes to a baseline under the seeds that both have.

    Args:
      outcomes: by seed, or by task and seed; lower is better.
      baseline: likewise.
      level: of the intervals.

    >>> found = paired_difference({0: 2.0, 1: 3.0, 2: 4.0}, {0: 1.0, 1: 1.0, 2: 1.0})
    >>> found.mean, [round(end, 4) for end in found.interval], found.wins
    (2.0, [-0.4841, 4.4841], 0.0)
    """
    shared = [seed for seed in outcomes if seed in baseline]
    if not shared:
        return PairedDifference(math.nan, UNKNOWN, 0, 0, 0.0, UNKNOWN)
    one = as_outcomes([outcomes[seed] for seed in shared])
    two = as_outcomes([baseline[seed] for seed in shared])
    both = np.isfinite(one) & np.isfinite(two)
    gaps = one[both] - two[both]
    wins = float(np.sum(one < two) + 0.5 * np.sum(one == two))
    return PairedDifference(
        float(gaps.mean()) if len(gaps) else math.nan,
        student_interval(gaps, level) if len(gaps) else UNKNOWN,
        len(gaps),
        len(shared),
        wins,
        wilson_interval(math.floor(wins), len(shared), level),
    )
