"""What sweeps measured: members by setting, over each axis and over all at once, the best setting in words."""

import json
from collections.abc import Callable, Iterator, Sequence

from jgan.reports import charts, tables
from jgan.reports.groups import Group
from jgan.reports.html import Html, cards, number, quiet, tag
from jgan.reports.parallel import parallel
from jgan.reports.runs import Run

SETTINGS_IN_ROWS = 24
"""With more settings than this, a sweep is drawn over its axes instead of row by row."""
SCORE = "score"
WORDS = (
    "Measured at the end, in each panel the best on top. A dot is a member, or a ring if it ended at a rung. "
    "The bar is mean ± standard deviation over seeds; from five seeds on there is a box from quartile to "
    "quartile with the median. Parallel lines are settings, the best tenth coloured."
)


def of_searches(groups: Sequence[Group]) -> list[Html | None]:
    """Charts of every measure, and which setting was best; nothing without sweeps."""
    members = [group for group in groups if any(run.measures for run in group.runs)]
    if not members:
        return []
    pictures: list[tuple[str, Html | None]] = []
    for alike in _comparable(members):
        for measure in tables.measures_of(_runs(alike)):
            pictures += _charts(measure, alike)
    parts: list[Html | None] = [quiet(sentence) for sentence in _best(members)]
    shown = cards(pictures)
    return [*parts, quiet(WORDS), tag("div", shown, class_="charts")] if shown else parts


def _charts(measure: str, groups: Sequence[Group]) -> Iterator[tuple[str, Html | None]]:
    """The charts of one measure of groups whose scores are of one protocol."""
    runs = _runs(groups)
    title, higher = tables.title(measure, runs), tables.better(measure, runs) == "higher"
    if len(groups) <= SETTINGS_IN_ROWS:
        yield title, charts.by_setting(measure, groups, higher)
    for sweep in _by_sweep(groups):
        own = _runs(sweep)
        names = list(dict.fromkeys(name for run in own for name in run.varied))
        of = f", {own[0].family}" if own[0].family else ""
        for axis in names:
            yield f"{title}, over {axis}{of}", charts.over_axis(measure, axis, own, higher)
        yield f"{title}, over all settings{of}", parallel(measure, names, sweep, higher)


def _best(groups: Sequence[Group]) -> Iterator[str]:
    """For each sweep with a score, a sentence about its best setting."""
    for sweep in _by_sweep(groups):
        runs = _runs(sweep)
        higher = tables.better(SCORE, runs) == "higher"
        found = charts.best_first(SCORE, sweep, higher)
        if not found:
            continue
        best, family = found[0], runs[0].family
        value = number(*(best.measure(SCORE) or (None,))).shown
        of = f" of {family}" if family else ""
        ended = sum(group.halved is not None for group in sweep)
        halved = f", of which {ended} ended at rungs" if ended else ""
        seeds = f"{len(best.runs)} seeds" if len(best.runs) > 1 else "one seed"
        yield (
            f"Best of {len(sweep)} settings{of} by {tables.title(SCORE, runs)}{halved}: {best.name} with "
            f"{value} over {seeds}. On the seeds that chose it a setting looks better than it is; jgan report "
            "--choose and jgan table report it on others."
        )


def _comparable(groups: Sequence[Group]) -> list[list[Group]]:
    """Groups whose scores are of one protocol stand in one panel."""
    return _parted(groups, lambda run: json.dumps(run.protocol, sort_keys=True))


def _by_sweep(groups: Sequence[Group]) -> list[list[Group]]:
    return _parted(groups, lambda run: str(run.path))


def _parted(groups: Sequence[Group], name: Callable[[Run], str]) -> list[list[Group]]:
    found: dict[str, list[Group]] = {}
    for group in groups:
        found.setdefault(name(group.runs[0]), []).append(group)
    return list(found.values())


def _runs(groups: Sequence[Group]) -> list[Run]:
    return [run for group in groups for run in group.runs]
