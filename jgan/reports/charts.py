"""The report's charts: scalars over steps, members by setting, eigenvalues in the plane."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jgan.reports.curves import Curve, curve_of, decimate
from jgan.reports.figure import FAINT, INK, PAPER, axes, colour, dashes, svg
from jgan.reports.groups import Group
from jgan.reports.html import Html, readable
from jgan.reports.runs import Run

LOGARITHMIC = 50
"""Positive values that span more than this factor are drawn on a logarithmic scale."""
NAMED = 4


def scalar(metric: str, groups: Sequence[Group], marked: bool = False) -> Html | None:
    """A metric over steps, a line a group, with a band of one standard deviation over its members.

    A cross is where a member diverged, a dotted line where a stage of the training ended. With ``marked``, a
    star is the least value and a dot the last, and numbers stand beside them where there are few.
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
                _mark(ax, curve, colour(group.colour), labelled=len(curves) <= 2)
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


def _mark(ax: Any, curve: Curve, ink: str, labelled: bool) -> None:
    best = int(curve.mean.argmin())
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
        _logarithmic(ax)
        return
    room = 0.08 * (high - low)
    if room > 0 and (known.max() > high + 4 * (high - low) or known.min() < low - 4 * (high - low)):
        ax.set_ylim(low - room, high + room)


def _logarithmic(ax: Any, which: str = "y", scale: str = "log", name: str = "") -> None:
    """A logarithmic scale of an axis, which is said behind its ``name``."""
    ax.set(**{f"{which}scale": scale})
    axis = getattr(ax, f"{which}axis")
    said = "log scale" if scale == "log" else "log scale on both sides of 0"
    axis.set_label_text(f"{name} ({said})" if name else said)
    axis.set_major_formatter(lambda value, _: readable(value))
    axis.set_minor_formatter(lambda value, _: "")


def _words(metric: str, curves: Sequence[tuple[Group, Curve]]) -> str:
    ends = [
        f"{group.name} ends at {readable(float(curve.mean[-1]))}" for group, curve in curves[:NAMED]
    ]
    more = f" and {len(curves) - NAMED} others" if len(curves) > NAMED else ""
    last = max(int(curve.steps[-1]) for _, curve in curves)
    return f"{metric} over {last:,} steps: {'; '.join(ends)}{more}"


def by_setting(measure: str, groups: Sequence[Group], higher: bool = False) -> Html | None:
    """A measure of every member, a row a group, with mean and standard deviation, the best on top.

    Args:
      measure: its name.
      groups: that have it.
      higher: whether the best is the highest.
    """
    rows = [(group, group.measure(measure)) for group in groups]
    sign = -1 if higher else 1
    shown = sorted(
        ((group, found) for group, found in rows if found), key=lambda pair: sign * pair[1][0]
    )
    if not shown:
        return None
    with axes(height=0.7 + 0.24 * len(shown)) as ax:
        for place, (group, (centre, deviation)) in enumerate(reversed(shown)):
            ink = colour(group.colour)
            values = [run.measures[measure] for run in group.runs if measure in run.measures]
            ax.plot(values, [place] * len(values), "o", color=ink, markersize=4, alpha=0.45)
            ax.errorbar(
                centre, place, xerr=deviation, fmt="|", color=ink, markersize=11, markeredgewidth=2
            )
        ax.set_yticks(range(len(shown)), [group.name for group, _ in reversed(shown)])
        ax.set_ylim(-0.6, len(shown) - 0.4)
        ax.grid(visible=False, axis="y")
        values = [run.measures[measure] for group, _ in shown for run in group.runs if run.measures]
        if min(values) > 0 and max(values) / min(values) > LOGARITHMIC:
            _logarithmic(ax, "x")
        best = ", ".join(f"{group.name} {readable(found[0])}" for group, found in shown[:NAMED])
        first = "greatest" if higher else "least"
        return svg(ax, f"{measure} by setting, {first} first: {best}")


def over_axis(measure: str, axis: str, runs: Sequence[Run], higher: bool = False) -> Html | None:
    """A measure of every member over a numeric setting that varies, the best on top.

    Args:
      measure: its name.
      axis: name of the setting.
      runs: the members.
      higher: whether the best is the highest.
    """
    points = [
        (run.settings["arguments"].get(axis), run.measures[measure])
        for run in runs
        if measure in run.measures
    ]
    if not points or not all(isinstance(x, int | float) for x, _ in points):
        return None
    x, y = np.array(points, float).T
    if len(set(x)) < 3:
        return None
    with axes() as ax:
        ax.plot(x, y, "o", color=colour(0), markersize=4, alpha=0.6, markeredgewidth=0)
        ax.set(xlabel=axis)
        if x.min() > 0 and x.max() / x.min() > LOGARITHMIC:
            _logarithmic(ax, "x", name=axis)
        if y.min() > 0 and y.max() / y.min() > LOGARITHMIC:
            _logarithmic(ax)
        if not higher:
            ax.invert_yaxis()
        best = int(y.argmax() if higher else y.argmin())
        end = "greatest" if higher else "least"
        return svg(
            ax,
            f"{measure} of {len(points)} members over {axis}; the {end}, {readable(float(y[best]))}, "
            f"at {axis} {readable(float(x[best]))}",
        )


def plane(name: str, found: Sequence[tuple[int, Sequence[Sequence[float]]]], circle: bool) -> Html:
    """Eigenvalues of what is named in the complex plane, paler the earlier; with the unit circle if asked."""
    with axes(height=3.2) as ax:
        if circle:
            angle = np.linspace(0, 2 * np.pi, 120)
            ax.plot(np.cos(angle), np.sin(angle), color=FAINT, linewidth=1.2)
        ax.axhline(0, color=FAINT, linewidth=1)
        ax.axvline(0, color=FAINT, linewidth=1)
        for place, (_, values) in enumerate(found):
            real, imaginary = np.array(values, float).reshape(-1, 2).T
            age = 1 - 0.8 * (len(found) - 1 - place) / len(found)
            ax.plot(
                real, imaginary, "o", color=colour(0), markersize=5, alpha=age, markeredgewidth=0
            )
        ax.set(xlabel="Re λ", ylabel="Im λ")
        if circle:
            ax.set_aspect("equal", adjustable="datalim")
        steps = ", ".join(f"{step:,}" for step, _ in found)
        return svg(ax, f"eigenvalues of the {name} in the complex plane at steps {steps}")


def ends(run: Run, spectra: Sequence[dict[str, Any]]) -> Html | None:
    """The lowest and highest eigenvalues of both players' Hessians over steps, from spectra of a run."""
    lines: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for report in spectra:
        for player, found in report.get("hessians", {}).items():
            for end, pick in (("lowest", min), ("highest", max)):
                values = [real for real, _ in found.get(end, {}).get("eigenvalues", [])]
                if values:
                    lines.setdefault((player, end), []).append((report["step"], pick(values)))
    if not lines:
        return None
    with axes(height=3.2) as ax:
        players = list({player: None for player, _ in lines})
        for (player, end), points in lines.items():
            steps, curvatures = zip(*points, strict=True)
            ink = colour(players.index(player))
            style = "-o" if end == "highest" else "--o"
            ax.plot(steps, curvatures, style, color=ink, markersize=4, label=f"{player}, {end}")
        ax.axhline(0, color=FAINT, linewidth=1)
        sizes = np.abs([value for points in lines.values() for _, value in points])
        if sizes.max() > LOGARITHMIC * np.median(sizes):
            _logarithmic(ax, scale="symlog")
        ax.set_xlabel("step")
        ax.legend(frameon=False, fontsize=7.5, labelcolor=INK, handlelength=3.2)
        last = "; ".join(
            f"{player} {end} {readable(points[-1][1])}" for (player, end), points in lines.items()
        )
        return svg(ax, f"curvature of both players of {run.name}, at the end: {last}")
