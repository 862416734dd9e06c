"""Parallel coordinates: every setting of a sweep as a line through the axes of its search to its measure."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jgan.reports.charts import best_first, is_number
from jgan.reports.figure import FAINT, INK, LOGARITHMIC, MUTED, axes, colour, svg
from jgan.reports.groups import Group
from jgan.reports.html import Html, readable
from jgan.reports.runs import short

MARKED = 10
"""One setting in so many is marked, the best ones."""
TICKS = 6


class _Scale(NamedTuple):
    """An axis.

    Attributes:
      name: below it.
      places: of the settings, between 0 and 1.
      ticks: places and texts beside it.
    """

    name: str
    places: list[float]
    ticks: list[tuple[float, str]]


def parallel(
    measure: str, names: Sequence[str], groups: Sequence[Group], higher: bool = False
) -> Html | None:
    """Settings over all axes at once, the best measure on top of the last axis.

    The best tenth is coloured; settings that ended at a rung are dashed. Those whose members all diverged have
    no measure and are not shown.

    Args:
      measure: its name.
      names: of the settings that vary.
      groups: of one sweep, a group a setting.
      higher: whether the best is the highest.

    Returns:
      None if fewer than two settings vary, or there are fewer than four lines.
    """
    shown = best_first(measure, groups, higher)
    values = {
        name: [group.runs[0].settings["arguments"].get(name) for group in shown] for name in names
    }
    varied = [name for name in names if len(set(map(str, values[name]))) > 1]
    if len(varied) < 2 or len(shown) < 4:
        return None
    means = [found[0] for group in shown if (found := group.measure(measure))]
    scales = [*(_scale(name, values[name]) for name in varied), _scale(measure, means)]
    if not higher:
        scales[-1] = _turned(scales[-1])
    marked = max(1, len(shown) // MARKED)
    with axes(width=1.1 + 1.05 * len(scales), height=3.2) as ax:
        ax.set_axis_off()
        for place in range(len(scales)):
            ax.plot([place, place], [0, 1], color=FAINT, linewidth=1)
        for line in reversed(range(len(shown))):
            best = line < marked
            ax.plot(
                range(len(scales)),
                [scale.places[line] for scale in scales],
                color=colour(1) if best else MUTED,
                alpha=0.95 if best else 0.35,
                linewidth=1.8 if best else 0.8,
                linestyle="-" if shown[line].halved is None else (0, (3, 2)),
            )
        for place, scale in enumerate(scales):
            ax.text(place, -0.09, scale.name, ha="center", va="top", color=INK, fontsize=9)
            for height, text in scale.ticks:
                ax.text(place + 0.04, height, text, va="center", color=MUTED, fontsize=8)
        ax.set_xlim(-0.15, len(scales) - 0.45)
        ax.set_ylim(-0.22, 1.08)
        return svg(
            ax,
            f"{measure} of {len(shown)} settings over {', '.join(varied)}; the best, {readable(means[0])}, "
            f"is {shown[0].name}",
        )


def _scale(name: str, values: Sequence[Any]) -> _Scale:
    """An axis of numbers, logarithmic where they span much, or of words at even distances."""
    different = list(dict.fromkeys(values))
    heights = np.linspace(0, 1, len(different))
    if all(map(is_number, values)):
        different.sort()
        heights = np.array(different, float)
        if heights.min() > 0 and heights.max() / heights.min() > LOGARITHMIC:
            heights = np.log(heights)
        heights = (heights - heights.min()) / (float(np.ptp(heights)) or 1.0)
    by_value = dict(zip(different, heights.tolist(), strict=True))
    ends = different if len(different) <= TICKS else [different[0], different[-1]]
    ticks = [(by_value[value], short(value)) for value in ends]
    return _Scale(name, [by_value[value] for value in values], ticks)


def _turned(scale: _Scale) -> _Scale:
    """The axis upside down."""
    ticks = [(1 - place, text) for place, text in scale.ticks]
    return _Scale(scale.name, [1 - place for place in scale.places], ticks)
