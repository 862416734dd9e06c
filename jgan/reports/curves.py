"""Curves over steps: of one run, or mean and spread of several; few enough points to draw."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jgan.reports.runs import Run

BUCKETS = 120


class Curve(NamedTuple):
    """A metric over steps.

    Attributes:
      steps: ``(n,)``.
      mean: ``(n,)``, over the members that have a finite value at that step.
      deviation: ``(n,)``, NaN where there is only one member.
    """

    steps: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray

    @property
    def banded(self) -> bool:
        """Whether there is a spread to draw."""
        return bool(np.isfinite(self.deviation).any())


def curve_of(runs: Sequence[Run], metric: str) -> Curve:
    """Mean and standard deviation (divisor n - 1) of a metric at every step at which a run has it."""
    values: dict[int, list[float]] = {}
    for run in runs:
        for row in run.rows:
            if np.isfinite(row.get(metric, np.nan)):
                values.setdefault(row["step"], []).append(float(row[metric]))
    steps = sorted(values)
    return Curve(
        np.array(steps),
        np.array([np.mean(values[step]) for step in steps]),
        np.array(
            [np.std(values[step], ddof=1) if len(values[step]) > 1 else np.nan for step in steps]
        ),
    )


def decimate(curve: Curve, buckets: int = BUCKETS) -> Curve:
    """The curve with at most ``2 buckets + 2`` points: ends, and of each bucket the least and greatest.

    What the eye takes from a drawn curve, its outline, stays.

    >>> steps = np.arange(10_000)
    >>> spiky = Curve(steps, (steps == 777).astype(float), np.full(10_000, np.nan))
    >>> small = decimate(spiky)
    >>> len(small.steps) <= 242, int(small.steps[small.mean.argmax()])
    (True, 777)
    """
    count = len(curve.steps)
    if count <= 2 * buckets + 2:
        return curve
    kept = {0, count - 1}
    for part in np.array_split(np.arange(count), buckets):
        kept |= {int(part[curve.mean[part].argmin()]), int(part[curve.mean[part].argmax()])}
    order = sorted(kept)
    return Curve(curve.steps[order], curve.mean[order], curve.deviation[order])


def metrics_of(runs: Sequence[Run]) -> list[str]:
    """The names of all logged scalars, in order of appearance."""
    names = {name: None for run in runs for row in run.rows[-1:] + run.rows[:1] for name in row}
    more = {name: None for run in runs for row in run.rows for name in row}
    return [name for name in {**names, **more} if name != "step"]
