"""Means of what several trainings came to, and their intervals.

An outcome is one training's number, lower is better; infinity stands for a training that diverged, which is the
worst outcome and not a missing one.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import scipy

TRIMMED = 0.25
"""Share of the outcomes that an interquartile mean leaves out on either side."""
LEVEL = 0.95
RESAMPLES = 2000

Statistic = Callable[..., np.ndarray]
"""``(sample, ..., axis) -> values``, a number of one or several samples along an axis."""


class Interval(NamedTuple):
    """Both ends of an interval; NaN where there are too few outcomes for one."""

    low: float
    high: float


UNKNOWN = Interval(math.nan, math.nan)


def as_outcomes(values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Outcomes as an array ``(n,)`` of float64.

    Raises:
      ValueError: if there is none, or one of them is NaN.

    >>> as_outcomes([1, float("inf")])
    array([ 1., inf])
    """
    found = np.asarray(values, np.float64)
    if found.ndim != 1 or not len(found):
        raise ValueError(f"outcomes have shape {found.shape}, but must be (n,) with n at least 1.")
    if np.isnan(found).any():
        raise ValueError("an outcome is NaN; that of a training that diverged is infinity.")
    return found


def interquartile_mean(outcomes: Sequence[float] | np.ndarray, axis: int = -1) -> np.ndarray:
    """The mean of the middle half of the outcomes (Agarwal et al. 2021).

    Of n outcomes the ``n // 4`` best and as many of the worst are left out, as the authors' code does, so that
    it is the mean for n below 4. It is infinite if more than ``n // 4`` trainings diverged.

    >>> float(interquartile_mean([1.0, 2.0, 4.0, float("inf")]))
    3.0
    """
    return scipy.stats.trim_mean(np.asarray(outcomes, np.float64), TRIMMED, axis=axis)


def student_interval(outcomes: Sequence[float] | np.ndarray, level: float = LEVEL) -> Interval:
    """Student's t interval of the mean; `UNKNOWN` for fewer than two outcomes, or one that is infinite.

    >>> [round(end, 4) for end in student_interval([1.0, 2.0, 3.0])]
    [-0.4841, 4.4841]
    """
    values = as_outcomes(outcomes)
    if len(values) < 2 or not np.isfinite(values).all():
        return UNKNOWN
    quantile = float(scipy.special.stdtrit(len(values) - 1, 0.5 + level / 2))
    half = quantile * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Interval(float(values.mean()) - half, float(values.mean()) + half)


def trimmed_interval(outcomes: Sequence[float] | np.ndarray, level: float = LEVEL) -> Interval:
    """Tukey and McLaughlin's t interval of the interquartile mean, from the Winsorised deviation.

    It is Student's for n below 4, and finite as long as the interquartile mean is.
    """
    values = as_outcomes(outcomes)
    cut = int(TRIMMED * len(values))
    if not cut:
        return student_interval(values, level)
    if not np.isfinite(np.sort(values)[: len(values) - cut]).all():
        return UNKNOWN
    low, high = scipy.stats.mstats.trimmed_mean_ci(values, (TRIMMED, TRIMMED), alpha=1 - level)
    return Interval(float(low), float(high))


def bootstrap_interval(
    samples: Sequence[np.ndarray],
    statistic: Statistic = interquartile_mean,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """The percentile bootstrap's interval of a number of one or several samples, each resampled by itself.

    With a sample for each task the bootstrap is stratified (Agarwal et al. 2021). It is too narrow for fewer
    than 10 outcomes: ``benchmarks/results/interval-coverage.json`` has its coverage.

    Args:
      samples: outcomes ``(n,)`` of each, the lengths may differ.
      statistic: of all samples.
      level: share of the resampled values between the ends.
      resamples: how many.
      seed: of the draws.

    Returns:
      The interval; `UNKNOWN` if a sample has a single outcome. Its ends are values that were resampled,
      infinity among them.
    """
    if min(map(len, samples)) < 2:
        return UNKNOWN
    return quantiles(resampled(samples, statistic, resamples, seed), level)


def resampled(
    samples: Sequence[np.ndarray], statistic: Statistic, resamples: int, seed: int
) -> np.ndarray:
    """The statistic of resamples with replacement, ``(..., resamples)``."""
    # The ends that SciPy computes interpolate, which infinity does not allow; they are not used.
    with np.errstate(invalid="ignore"):
        return scipy.stats.bootstrap(
            [as_outcomes(sample) for sample in samples],
            statistic,
            n_resamples=resamples,
            method="percentile",
            vectorized=True,
            axis=-1,
            rng=np.random.default_rng(seed),
        ).bootstrap_distribution


def quantiles(values: np.ndarray, level: float = LEVEL) -> Interval:
    """The ends between which the middle share of values ``(n,)`` lies, each of them one of the values."""
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2], method="inverted_cdf")
    return Interval(float(low), float(high))


def wilson_interval(successes: int, count: int, level: float = LEVEL) -> Interval:
    """Wilson's (1927) score interval of a share, such as that of the seeds which kept all modes.

    >>> [round(end, 4) for end in wilson_interval(8, 10)]
    [0.4902, 0.9433]
    """
    if not 0 <= successes <= count or count < 1:
        raise ValueError(f"successes is {successes} of {count}, but must be of 0 to {count}.")
    found = scipy.stats.binomtest(successes, count).proportion_ci(level, method="wilson")
    return Interval(float(found.low), float(found.high))
