"""Numbers of a table: what each row came to, its rank, how it compares with a baseline, what a search finds."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from jgan.errors import UserError
from jgan.statistics.expected_best import expected_best
from jgan.statistics.improvement import (
    Improvement,
    PairedDifference,
    holm,
    improvement,
    paired_difference,
)
from jgan.statistics.ranks import rank_intervals
from jgan.statistics.summaries import (
    LEVEL,
    UNKNOWN,
    Interval,
    bootstrap_interval,
    interquartile_mean,
    student_interval,
    trimmed_interval,
)
from jgan.tables.rows import Cell, Row

SUMMARIES = ("mean", "iqm")
INTERVALS = ("t", "bootstrap")


def _mean(values: np.ndarray, axis: int = -1) -> np.ndarray:
    return np.mean(values, axis=axis)


class Method(NamedTuple):
    """How outcomes are summarised.

    Attributes:
      summary: "mean", of the trainings that did not diverge, or "iqm", the interquartile mean of all.
      interval: "t", Student's or that of the trimmed mean, or "bootstrap", its percentiles.
      level: of all intervals.
    """

    summary: str = "mean"
    interval: str = "t"
    level: float = LEVEL

    def of_all(self, losses: np.ndarray) -> float:
        """The summary in which a diverged training counts; infinite if it cannot be had otherwise."""
        return float(self.statistic(losses))

    @property
    def statistic(self) -> Callable[..., np.ndarray]:
        """The summary as a function of an array and an axis."""
        return _mean if self.summary == "mean" else interquartile_mean


class Estimate(NamedTuple):
    """What the outcomes of a row came to, with the metric's own sign.

    Attributes:
      value: the summary; NaN if all diverged, or too many of them.
      deviation: standard deviation over the seeds that did not diverge (divisor n - 1).
      interval: of the summary.
      total: number of all outcomes.
      diverged: how many of them did.
    """

    value: float
    deviation: float
    interval: Interval
    total: int
    diverged: int


@dataclass(frozen=True)
class Entry:
    """One metric of one row in one task.

    Attributes:
      row: of the table.
      task: "" if there are no tasks.
      metric: its name.
      higher: whether higher is better.
      estimate: of the row.
      losses: of each seed, lower is better; infinity if it diverged.
      improvement: over the baseline, None without one.
      adjusted: the p-value of the improvement by Holm, over all rows and tasks.
      paired: differences to the baseline under the same seeds, None without.
      expected: by number of settings, the expected outcome of the best of so many; empty without a choice.
    """

    row: Row
    task: str
    metric: str
    higher: bool
    estimate: Estimate
    losses: dict[int, float]
    improvement: Improvement | None = None
    adjusted: float = math.nan
    paired: PairedDifference | None = None
    expected: dict[int, float] = field(default_factory=dict)

    @property
    def values(self) -> dict[int, float]:
        """The metric by seed, NaN if the training diverged."""
        sign = -1 if self.higher else 1
        return {s: sign * v if math.isfinite(v) else math.nan for s, v in self.losses.items()}

    @property
    def cell(self) -> Cell:
        """What is reported of the row in the task."""
        return self.row.cells[self.task]


class Ranking(NamedTuple):
    """Mean ranks over the tasks by one metric, in the order of the rows, and their intervals."""

    ranks: list[float]
    intervals: list[Interval]


def estimate(losses: Sequence[float], method: Method, higher: bool = False) -> Estimate:
    """The summary of outcomes and its interval.

    >>> estimate([1.0, 2.0, 3.0, float("inf")], Method())[:2]
    (2.0, 1.0)
    """
    values = np.asarray(losses, float)
    finite = values[np.isfinite(values)]
    known = finite if method.summary == "mean" else values
    whole = method.of_all(known) if len(known) else math.inf
    sign = -1 if higher else 1
    if not math.isfinite(whole):
        return Estimate(math.nan, math.nan, UNKNOWN, len(values), len(values) - len(finite))
    if method.interval == "bootstrap":
        interval = bootstrap_interval([known], method.statistic, method.level)
    else:
        by_t = student_interval if method.summary == "mean" else trimmed_interval
        interval = by_t(known, method.level)
    deviation = float(finite.std(ddof=1)) if len(finite) > 1 else math.nan
    ends = (
        Interval(*sorted(sign * end for end in interval))
        if not math.isnan(interval.low)
        else UNKNOWN
    )
    return Estimate(sign * whole, deviation, ends, len(values), len(values) - len(finite))


def entries(
    rows: Sequence[Row],
    metric: str,
    method: Method,
    baseline: Row | None = None,
    best_of: Sequence[int] = (),
    choice: str | None = None,
) -> list[Entry]:
    """The numbers of every row in every task by one metric.

    Args:
      rows: of the table.
      metric: that is reported.
      method: of the summaries.
      baseline: that other rows are compared with, or None.
      best_of: numbers of settings of which the best is expected.
      choice: the metric that settings are chosen by, or None.
    """
    found = []
    for row in rows:
        for task, cell in row.cells.items():
            higher = cell.outcomes[0].better[metric] == "higher"
            losses = {own.seed: own.loss(metric) for own in cell.outcomes}
            entry = Entry(
                row,
                task,
                metric,
                higher,
                estimate(list(losses.values()), method, higher),
                losses,
                expected={k: _expected(row, cell, metric, k, method, choice) for k in best_of},
            )
            if baseline is not None and row is not baseline:
                other = {o.seed: o.loss(metric) for o in baseline.cells[task].outcomes}
                gain = improvement(list(losses.values()), list(other.values()), method.level)
                paired = paired_difference(losses, other, method.level)
                entry = Entry(
                    *(row, task, metric, higher, entry.estimate, losses),
                    improvement=gain,
                    paired=paired if paired.pairs else None,
                    expected=entry.expected,
                )
            found.append(entry)
    compared = [one for one in found if one.improvement is not None]
    adjusted = holm([one.improvement.p_value for one in compared]) if compared else []  # type: ignore[union-attr]
    by_entry = dict(zip(map(id, compared), adjusted, strict=True))
    return [
        Entry(**{**one.__dict__, "adjusted": by_entry[id(one)]}) if id(one) in by_entry else one
        for one in found
    ]


def _expected(
    row: Row, cell: Cell, metric: str, count: int, method: Method, choice: str | None
) -> float:
    """The expected summary of the best of ``count`` settings; NaN if all of them may have diverged."""
    if not 1 <= count <= len(cell.search):
        raise UserError(
            f"--best-of has {count}, but the row {row.name!r} has {len(cell.search)} settings to choose from."
        )
    if any(one.halved for one in cell.search):
        raise UserError(
            f"--best-of needs settings that were trained to the end, but some of the row {row.name!r} ended at "
            "a rung; leave it out, or search without --rungs."
        )
    choices = [one.choice for one in cell.search]
    if reported_apart(cell):
        outcomes = [
            method.of_all(np.array([own.loss(metric) for own in one.reported]))
            for one in cell.search
        ]
    elif metric == choice:
        outcomes = choices
    else:
        raise UserError(
            f"--best-of by {metric!r} needs members of every setting that are reported and not chosen by; the "
            f"row {row.name!r} has settings without."
        )
    value = expected_best(choices, count, outcomes)
    higher = cell.outcomes[0].better[metric] == "higher"
    return (-value if higher else value) if math.isfinite(value) else math.nan


def reported_apart(cell: Cell) -> bool:
    """Whether every setting that was tried has seeds to be reported on, which did not choose it."""
    return all(one.reported for one in cell.search)


def ranking(found: Sequence[Entry], method: Method) -> Ranking:
    """Mean ranks of the rows over the tasks by the entries of one metric.

    Ranks are those of interquartile means, or of means that are infinite where a training diverged.
    """
    tasks = list({one.task: None for one in found})
    samples = [
        [np.array(list(one.losses.values())) for one in found if one.task == task] for task in tasks
    ]
    ranks, intervals = rank_intervals(samples, method.statistic, method.level)
    return Ranking([float(rank) for rank in ranks], intervals)
