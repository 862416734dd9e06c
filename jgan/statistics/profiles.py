"""Performance profiles: the share of trainings that are at least so good."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jgan.statistics.summaries import LEVEL, as_outcomes, wilson_interval


class Profile(NamedTuple):
    """A performance profile.

    Attributes:
      thresholds: ``(t,)``, ascending.
      shares: of the outcomes that are at most the threshold, ``(t,)``.
      low: Wilson's interval of each share, for itself and not for all together.
      high: likewise.
    """

    thresholds: np.ndarray
    shares: np.ndarray
    low: np.ndarray
    high: np.ndarray


def performance_profile(
    outcomes: Sequence[float], thresholds: Sequence[float] | np.ndarray, level: float = LEVEL
) -> Profile:
    """The share of trainings whose outcome is at most each threshold (Dolan & Moré 2002; Agarwal et al. 2021).

    A diverged training is below no threshold, so a profile ends at the share of those that did not.

    >>> performance_profile([1.0, 2.0, float("inf")], [1.5, 2.5]).shares.round(3).tolist()
    [0.333, 0.667]
    """
    values, levels = as_outcomes(outcomes), np.sort(np.asarray(thresholds, np.float64))
    counts = np.searchsorted(np.sort(values), levels, side="right")
    ends = {
        int(count): wilson_interval(int(count), len(values), level) for count in np.unique(counts)
    }
    low, high = np.array([ends[int(count)] for count in counts]).T
    return Profile(levels, counts / len(values), low, high)
