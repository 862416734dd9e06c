"""Learning curves: metrics over steps, of one run or mean and deviation of several, and how they are drawn."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jgan.reports.figure import FAINT, LOGARITHMIC, PAPER, axes, colour, dashes, logarithmic, svg
from jgan.reports.groups import Group
from jgan.reports.html import Html, readable
from jgan.reports.runs import Run

BUCKETS = 120
NAMED = 4
"""How many groups a chart's description names."""


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


def learning_curve(
    metric: str, groups: Sequence[Group], marked: bool = False, higher: bool = False
) -> Html | None:
    """A metric over steps, a line a group, with a band of one standard deviation over its members.

    A cross is where a member diverged, a dotted line where a stage of the training ended. With ``marked``, a
    star is the least value, or with ``higher`` the greatest, and a dot the last, and numbers stand beside them
    where there are few.
    """
    curves = [(group, curve_of(group.runs, metric)) for group in groups]
    curves = [(group, curve) for group, curve in curves if len(curve.steps)]
    if not curves:
        return None
    with axes() as ax:
        # Grey ones first, so that they lie below.
        for group, curve in sorted(curves, key=lambda pair: pair[0].colour is not None):
            _draw(ax, decimate(curve), group)
            if marked and group.colour is not None:
                _mark(ax, curve, colour(group.colour), len(curves) <= 2, higher)
            for run in group.runs:
                _cross(ax, run, metric, colour(group.colour))
        for step in sorted({step for group, _ in curves for step in _boundaries(group)}):
            ax.axvline(step, color=FAINT, linewidth=0.8, linestyle=":")
        _scale(ax, [curve.mean for _, curve in curves])
        ax.margins(x=0.03, y=0.12 if marked else None)
        ax.xaxis.set_major_formatter("{x:,.0f}")
        ax.set_xlabel("step")
        ax.grid(visible=False, axis="x")
        return svg(ax, _words(metric, curves))


def _boundaries(group: Group) -> list[int]:
    """Where stages of a group's runs ended, all of which have the same ones."""
    return group.runs[0].boundaries


def _draw(ax: Any, curve: Curve, group: Group) -> None:
    faint = group.colour is None
    ax.plot(
        curve.steps,
        curve.mean,
        color=colour(group.colour),
        linewidth=0.7 if faint else None,
        alpha=0.5 if faint else None,
        linestyle=dashes(group.colour),
        marker="o" if len(curve.steps) == 1 else None,
        markersize=3,
    )
    if curve.banded and not faint:
        low, high = curve.mean - curve.deviation, curve.mean + curve.deviation
        ax.fill_between(curve.steps, low, high, color=colour(group.colour), alpha=0.16, linewidth=0)


def _mark(ax: Any, curve: Curve, ink: str, labelled: bool, higher: bool) -> None:
    best = int(curve.mean.argmax() if higher else curve.mean.argmin())
    options = {"color": ink, "markeredgecolor": PAPER, "markeredgewidth": 0.8, "zorder": 5}
    last = len(curve.steps) - 1
    ax.plot(curve.steps[last], curve.mean[last], "o", markersize=6, **options)
    ax.plot(curve.steps[best], curve.mean[best], "*", markersize=12, **options)
    for place, above in {best: -14, last: -14 if last == best else 8}.items() if labelled else ():
        ax.annotate(
            readable(float(curve.mean[place])),
            (curve.steps[place], curve.mean[place]),
            (0, above),
            textcoords="offset points",
            ha="center",
            color=ink,
        )


def _cross(ax: Any, run: Run, metric: str, ink: str) -> None:
    """Where a diverged run's metric was finite last."""
    if run.diverged is None:
        return
    finite = [row for row in run.rows if np.isfinite(row.get(metric, np.nan))]
    if finite:
        ax.plot(finite[-1]["step"], finite[-1][metric], "x", color=ink, markersize=6, zorder=6)


def _scale(ax: Any, values: Sequence[np.ndarray]) -> None:
    """A logarithmic scale where it shows more; without, spikes leave the frame rather than fill it."""
    known = np.concatenate(values)
    low, high = np.quantile(known, [0.01, 0.99])
    if known.min() > 0 and high / low > LOGARITHMIC:
        logarithmic(ax)
        return
    room = 0.08 * (high - low)
    if room > 0 and (known.max() > high + 4 * (high - low) or known.min() < low - 4 * (high - low)):
        ax.set_ylim(low - room, high + room)


def _words(metric: str, curves: Sequence[tuple[Group, Curve]]) -> str:
    ends = [
        f"{group.name} ends at {readable(float(curve.mean[-1]))}" for group, curve in curves[:NAMED]
    ]
    more = f" and {len(curves) - NAMED} others" if len(curves) > NAMED else ""
    last = max(int(curve.steps[-1]) for _, curve in curves)
    return f"{metric} over {last:,} steps: {'; '.join(ends)}{more}"
