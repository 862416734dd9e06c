"""Ranks of several ways of training, over tasks and seeds."""

import math
from collections.abc import Sequence

import numpy as np
import scipy

from jgan.statistics.summaries import (
    LEVEL,
    RESAMPLES,
    UNKNOWN,
    Interval,
    Statistic,
    as_outcomes,
    interquartile_mean,
    quantiles,
    resampled,
)


def mean_ranks(blocks: np.ndarray) -> np.ndarray:
    """The mean rank of each of k ways of training over b blocks, 1 for the best.

    Args:
      blocks: outcomes ``(b, k)``, lower is better; each block is a task, or a seed that all share. Equal
        outcomes, such as those of trainings that diverged, have their mean rank.

    >>> mean_ranks(np.array([[1.0, 2.0, 3.0], [1.0, np.inf, np.inf]])).tolist()
    [1.0, 2.25, 2.75]
    """
    return scipy.stats.rankdata(blocks, axis=1).mean(axis=0)


def rank_intervals(
    tasks: Sequence[Sequence[np.ndarray]],
    statistic: Statistic = interquartile_mean,
    level: float = LEVEL,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[np.ndarray, list[Interval]]:
    """The rank of each way of training by a statistic of its outcomes, and its bootstrap interval.

    The outcomes of each way in each task are resampled by themselves, as strata; ranks are means over the
    tasks.

    Args:
      tasks: for each task the outcomes ``(n,)`` of every way of training; the lengths may differ.
      statistic: that ranks are by.
      level: of the intervals.
      resamples: how many.
      seed: of the draws.

    Returns:
      Mean ranks ``(k,)``, and an interval of each; `UNKNOWN` if any way has a single outcome in a task.
    """
    samples = [[as_outcomes(own) for own in task] for task in tasks]
    whole = np.array([[float(statistic(own, axis=-1)) for own in task] for task in samples])
    ranks = mean_ranks(whole)
    if min(len(own) for task in samples for own in task) < 2:
        return ranks, [UNKNOWN] * len(ranks)
    ways = len(ranks)
    # Each stratum has a stream of its own, so that one more row leaves the others' draws as they are.
    found = [
        [resampled([own], statistic, resamples, seed + place) for place, own in enumerate(task)]
        for task in samples
    ]
    values = np.moveaxis(np.array(found), -1, 0)  # (resamples, tasks, ways)
    each = scipy.stats.rankdata(values, axis=-1).mean(axis=1)
    return ranks, [quantiles(each[:, way], level) for way in range(ways)]


def critical_difference(ways: int, blocks: int, level: float = LEVEL) -> float:
    """How far two mean ranks must lie apart for Nemenyi's test to tell them apart (Demšar 2006).

    >>> round(critical_difference(4, 14), 2)  # of the example in section 3.2.2 of the paper
    1.25
    """
    if ways < 2 or blocks < 2:
        return math.nan
    quantile = scipy.stats.studentized_range.ppf(level, ways, np.inf) / math.sqrt(2)
    return float(quantile * math.sqrt(ways * (ways + 1) / (6 * blocks)))


def friedman(blocks: np.ndarray) -> float:
    """The p-value of Friedman's test that all ways of training have equal ranks.

    Args:
      blocks: outcomes ``(b, k)``, at least 3 ways; the test's chi-squared distribution is rough for few blocks.
    """
    places = scipy.stats.rankdata(blocks, axis=1)
    if np.ptp(places) == 0:
        return 1.0
    return float(scipy.stats.friedmanchisquare(*places.T).pvalue)


def cliques(ranks: Sequence[float], difference: float) -> list[list[int]]:
    """The largest groups of ways of training whose mean ranks differ by less than the critical difference.

    Args:
      ranks: of each.
      difference: by `critical_difference`.

    Returns:
      Groups of at least two, each of indices in the order of the ranks.

    >>> cliques([1.0, 3.0, 1.5, 3.4], 1.6)
    [[0, 2], [2, 1], [1, 3]]
    """
    order = sorted(range(len(ranks)), key=lambda way: ranks[way])
    found: list[list[int]] = []
    for place, first in enumerate(order):
        group = [way for way in order[place:] if ranks[way] - ranks[first] < difference]
        if len(group) > 1 and not (found and set(group) <= set(found[-1])):
            found.append(group)
    return found
