"""The report's other charts: members by setting, eigenvalues in the plane, curvatures over steps."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from jgan.reports.curves import NAMED
from jgan.reports.figure import FAINT, INK, LOGARITHMIC, axes, colour, logarithmic, svg
from jgan.reports.groups import Group, mean_and_deviation
from jgan.reports.html import Html, readable
from jgan.reports.runs import Run

BOX = 5
"""Members of a setting from which on a box is drawn."""


def by_setting(measure: str, groups: Sequence[Group], higher: bool = False) -> Html | None:
    """A measure of every member, a row a group, the best on top and those that ended at a rung below.

    Behind the dots of at least `BOX` members lies a box from the first to the third quartile with the median,
    its whiskers to the last members within one and a half times its length; fewer have mean and standard
    deviation.

    Args:
      measure: its name.
      groups: that have it.
      higher: whether the best is the highest.
    """
    shown = best_first(measure, groups, higher)
    if not shown:
        return None
    with axes(height=0.7 + 0.24 * len(shown)) as ax:
        for place, group in enumerate(reversed(shown)):
            ink = colour(group.colour)
            values = [run.measures[measure] for run in group.runs if measure in run.measures]
            ax.plot(values, [place] * len(values), "o", color=ink, markersize=4, alpha=0.45)
            if len(values) >= BOX:
                _box(ax, values, place, ink)
                continue
            centre, deviation = mean_and_deviation(values) or (math.nan, None)
            ax.errorbar(
                centre, place, xerr=deviation, fmt="|", color=ink, markersize=11, markeredgewidth=2
            )
        names = [f"{group.name} ({group.fate})" if group.fate else group.name for group in shown]
        ax.set_yticks(range(len(shown)), names[::-1])
        ax.set_ylim(-0.6, len(shown) - 0.4)
        ax.grid(visible=False, axis="y")
        values = [run.measures[measure] for group in shown for run in group.runs if run.measures]
        if min(values) > 0 and max(values) / min(values) > LOGARITHMIC:
            logarithmic(ax, "x")
        best = ", ".join(
            f"{group.name} {readable(_mean(group, measure))}" for group in shown[:NAMED]
        )
        first = "greatest" if higher else "least"
        return svg(ax, f"{measure} by setting, {first} first: {best}")


def best_first(measure: str, groups: Sequence[Group], higher: bool = False) -> list[Group]:
    """The groups that were measured, by the mean of their members; those that ended at a rung last."""
    sign = -1 if higher else 1
    known = [group for group in groups if group.measure(measure) is not None]
    rung = lambda group: -(math.inf if group.halved is None else group.halved)
    return sorted(known, key=lambda group: (rung(group), sign * _mean(group, measure)))


def _mean(group: Group, measure: str) -> float:
    found = group.measure(measure)
    return math.nan if found is None else found[0]


def _box(ax: Any, values: Sequence[float], place: float, ink: str) -> None:
    low, middle, high = np.percentile(values, [25, 50, 75])
    reach = 1.5 * (high - low)
    within = [value for value in values if low - reach <= value <= high + reach]
    ax.plot([min(within), max(within)], [place, place], color=ink, linewidth=1)
    ax.barh(place, high - low, 0.55, low, facecolor=ink, edgecolor=ink, alpha=0.25)
    ax.plot([middle, middle], [place - 0.275, place + 0.275], color=ink, linewidth=2)


def over_axis(measure: str, axis: str, runs: Sequence[Run], higher: bool = False) -> Html | None:
    """A measure of every member over a numeric setting that varies, the best on top.

    Members that ended at a rung are rings.

    Args:
      measure: its name.
      axis: name of the setting.
      runs: the members.
      higher: whether the best is the highest.
    """
    known = [run for run in runs if measure in run.measures]
    settings = [run.settings["arguments"].get(axis) for run in known]
    if not known or not all(map(is_number, settings)) or len(set(settings)) < 3:
        return None
    x = np.array(settings, float)
    y = np.array([run.measures[measure] for run in known], float)
    whole = np.array([run.halved is None for run in known])
    with axes() as ax:
        for own, face in ((whole, colour(0)), (~whole, "none")):
            ax.plot(x[own], y[own], "o", color=colour(0), mfc=face, markersize=4, alpha=0.6)
        ax.set(xlabel=axis)
        if x.min() > 0 and x.max() / x.min() > LOGARITHMIC:
            logarithmic(ax, "x", name=axis)
        if y.min() > 0 and y.max() / y.min() > LOGARITHMIC:
            logarithmic(ax)
        if not higher:
            ax.invert_yaxis()
        ranked = np.where(whole, y if higher else -y, -np.inf) if whole.any() else y
        best = int(ranked.argmax())
        end = "greatest" if higher else "least"
        return svg(
            ax,
            f"{measure} of {len(known)} members over {axis}; the {end}, {readable(float(y[best]))}, "
            f"at {axis} {readable(float(x[best]))}",
        )


def is_number(value: Any) -> bool:
    """Whether a setting is a number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


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
            logarithmic(ax, scale="symlog")
        ax.set_xlabel("step")
        ax.legend(frameon=False, fontsize=7.5, labelcolor=INK, handlelength=3.2)
        last = "; ".join(
            f"{player} {end} {readable(points[-1][1])}" for (player, end), points in lines.items()
        )
        return svg(ax, f"curvature of both players of {run.name}, at the end: {last}")
