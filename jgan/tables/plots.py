"""Figures of a table for a paper: intervals, profiles, critical differences, the best of several settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from jgan.errors import UserError
from jgan.files import make_folder
from jgan.statistics.expected_best import expected_best
from jgan.statistics.profiles import performance_profile
from jgan.tables.columns import head_of
from jgan.tables.comparison import Comparison
from jgan.tables.estimates import Entry, Method, reported_apart
from jgan.tables.rank_diagram import critical_differences

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#999999")
"""Of Okabe and Ito, which those who do not see all colours tell apart; lines also differ in their dashes."""
DASHES = ("-", "--", "-.", ":")
MARKERS = "osD^vP*X"
LOGARITHMIC = 50
"""Positive values that span more than this factor are drawn on a logarithmic scale."""
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "text.parse_math": False,
}
INCH = 0.28
"""Height of a row of the table."""


def colour(place: int) -> str:
    """Of a row of the table."""
    return COLOURS[place % len(COLOURS)]


def dashes(place: int) -> str:
    """Of a row of the table."""
    return DASHES[place // len(COLOURS) % len(DASHES)]


def intervals(found: Comparison, figure: Any) -> None:
    """Every training as a point, and of each row the summary with its interval; diverged ones are counted."""
    panels = [(metric, task) for metric in found.metrics for task in found.tasks]
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (metric, task) in zip(axes, panels, strict=True):
        for place, row in enumerate(found.rows):
            entry = found.entry(metric, row, task)
            values = np.array([v for v in entry.values.values() if np.isfinite(v)])
            own = entry.estimate
            ax.plot(
                values,
                np.full(len(values), place),
                "o",
                color=colour(place),
                ms=3.5,
                alpha=0.4,
                mew=0,
            )
            if np.isfinite(own.value):
                ends = np.array([own.interval])[0]
                if np.isfinite(ends).all():
                    ax.plot(ends, [place, place], color=colour(place), lw=2)
                ax.plot(own.value, place, "|", color=colour(place), ms=11, mew=2)
            if own.diverged:
                text = f"{own.diverged} of {own.total} diverged"
                ax.annotate(
                    text,
                    (1, place),
                    xycoords=("axes fraction", "data"),
                    ha="right",
                    va="bottom",
                    fontsize=7,
                )
        every = [v for row in found.rows for v in found.entry(metric, row, task).values.values()]
        _scale(ax, np.array([value for value in every if np.isfinite(value)]))
        ax.set(xlabel=head_of(found.entry(metric, found.rows[0], task)))
        ax.grid(visible=False, axis="y")
    axes[0].set_yticks(range(len(found.rows)), [row.name for row in found.rows])
    axes[0].set_ylim(len(found.rows) - 0.4, -0.6)


def profiles(found: Comparison, figure: Any) -> None:
    """The share of each row's trainings that are at least so good, with Wilson's pointwise intervals."""
    panels = [(metric, task) for metric in found.metrics for task in found.tasks]
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, (metric, task) in zip(axes, panels, strict=True):
        own = [found.entry(metric, row, task) for row in found.rows]
        finite = np.unique([v for one in own for v in one.losses.values() if np.isfinite(v)])
        if not len(finite):
            raise UserError(f"every training diverged by {metric!r}, so that there is no profile.")
        gap = 0.03 * (np.ptp(finite) or abs(finite[0]) or 1.0)
        thresholds = np.array([finite[0] - gap, *finite, finite[-1] + gap])
        sign = -1 if own[0].higher else 1
        for place, one in enumerate(own):
            shape = performance_profile(
                list(one.losses.values()), thresholds, found.request.method.level
            )
            x = sign * shape.thresholds
            ax.step(
                x,
                shape.shares,
                where="post",
                color=colour(place),
                ls=dashes(place),
                label=one.row.name,
            )
            # Beyond its own trainings a row's interval is that of none or of all of them.
            inside = (shape.shares > 0) & (shape.shares < shape.shares[-1])
            ends = {"step": "post", "color": colour(place), "alpha": 0.15, "lw": 0}
            ax.fill_between(x, shape.low, shape.high, where=inside, **ends)
        _scale(ax, sign * finite)
        if own[0].higher:
            ax.invert_xaxis()
        ax.set(xlabel=head_of(own[0]), ylim=(-0.02, 1.02))
    axes[0].set_ylabel("share of trainings at least so good")
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8
    )


def best_of_settings(found: Comparison, figure: Any) -> None:
    """The expected outcome of the best of k of the settings that were tried, over k.

    Raises:
      UserError: if there was no choice.
    """
    if found.request.choose is None:
        raise UserError("--plot best needs a search: give --choose METRIC@seeds=A:B.")
    panels = [(metric, task) for metric in found.metrics for task in found.tasks]
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (metric, task) in zip(axes, panels, strict=True):
        for place, row in enumerate(found.rows):
            entry = found.entry(metric, row, task)
            values = expected_curve(entry, found.request.method)
            ax.plot(
                range(1, len(values) + 1),
                values,
                color=colour(place),
                ls=dashes(place),
                marker=".",
                label=row.name,
            )
        first = found.entry(metric, found.rows[0], task)
        ax.set(xlabel="settings tried", ylabel=f"{head_of(first)}, expected best")
        ax.xaxis.get_major_locator().set_params(integer=True)
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=8
    )


def expected_curve(entry: Entry, method: Method) -> list[float]:
    """The expected best of 1, 2, ... all settings with the metric's sign; NaN where all may have diverged."""
    search = entry.cell.search
    choices = [one.choice for one in search]
    outcomes = None
    if reported_apart(entry.cell):
        outcomes = [
            method.of_all(np.array([own.loss(entry.metric) for own in one.reported]))
            for one in search
        ]
    sign = -1 if entry.higher else 1
    values = [expected_best(choices, count, outcomes) for count in range(1, len(search) + 1)]
    return [sign * value if np.isfinite(value) else np.nan for value in values]


def _scale(ax: Any, values: np.ndarray) -> None:
    if len(values) and values.min() > 0 and values.max() / values.min() > LOGARITHMIC:
        ax.set_xscale("log")


PLOTS: dict[str, Callable[[Comparison, Any], None]] = {
    "intervals": intervals,
    "profiles": profiles,
    "ranks": critical_differences,
    "best": best_of_settings,
}
"""By the name that --plot gives."""


def draw(found: Comparison, kind: str, out: Path) -> None:
    """Write a figure, as a picture or as vectors by the suffix of ``out``.

    Args:
      found: what is shown.
      kind: of `PLOTS`.
      out: FILE.png, FILE.pdf or FILE.svg.

    Raises:
      UserError: if the table has not what the figure needs.
    """
    import matplotlib  # loads slowly
    from matplotlib.figure import Figure

    panels = len(found.tasks) * (1 if kind == "ranks" else len(found.metrics))
    rows = len(found.rows)
    sizes = {
        "intervals": (2.6 + 2.6 * panels, 0.7 + INCH * rows),
        "ranks": (7.0, (1.1 + 0.22 * rows) * len(found.metrics)),
    }
    size = sizes.get(kind, (1 + 3.2 * panels, 2.6 + 0.1 * rows))
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": kind}):
        figure = Figure(figsize=size, layout="constrained")
        PLOTS[kind](found, figure)
        make_folder(out.parent)
        dates = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}}
        figure.savefig(out, dpi=200, metadata=dates.get(out.suffix.lower()))
