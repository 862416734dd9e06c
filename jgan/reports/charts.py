"""The report's other charts: members by setting, eigenvalues in the plane, curvatures over steps."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jgan.reports.curves import NAMED
from jgan.reports.figure import FAINT, INK, LOGARITHMIC, axes, colour, logarithmic, svg
from jgan.reports.groups import Group
from jgan.reports.html import Html, readable
from jgan.reports.runs import Run


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
            logarithmic(ax, "x")
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
            logarithmic(ax, "x", name=axis)
        if y.min() > 0 and y.max() / y.min() > LOGARITHMIC:
            logarithmic(ax)
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
            logarithmic(ax, scale="symlog")
        ax.set_xlabel("step")
        ax.legend(frameon=False, fontsize=7.5, labelcolor=INK, handlelength=3.2)
        last = "; ".join(
            f"{player} {end} {readable(points[-1][1])}" for (player, end), points in lines.items()
        )
        return svg(ax, f"curvature of both players of {run.name}, at the end: {last}")
