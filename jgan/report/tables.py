"""The report's tables of groups, of runs and of settings."""

import re
from collections.abc import Sequence
from typing import Any

from jgan.report.groups import Group, differing_arguments
from jgan.report.html import Cell, Html, flat, mean, number, pairs, plain, table, tag
from jgan.report.runs import Run

MOST = 4
LOSSES = ("generator/loss", "discriminator/loss")
_HASH = re.compile("[0-9a-f]{40,}")


def swatch(group: Group, name: str | None = None) -> Html:
    """A name, the group's if none is given, behind a dot of the group's colour."""
    ink = "var(--muted)" if group.colour is None else f"var(--c{group.colour})"
    dot = tag("span", class_="dot", style=f"background:{ink}", aria_hidden="true")
    return tag("span", dot, group.name if name is None else name, class_="swatch")


def measures_of(runs: Sequence[Run]) -> list[str]:
    """The names of what sweeps measured."""
    return list({name: None for run in runs for name in run.measures})


def of_groups(groups: Sequence[Group]) -> Html:
    """A row a group: how many, how many diverged, means and deviations."""
    measures = measures_of([run for group in groups for run in group.runs])
    losses = [] if measures else LOSSES
    rows = []
    for group in groups:
        diverged = sum(run.diverged is not None for run in group.runs)
        row = [Cell(swatch(group)), len(group.runs), diverged, mean(group.best())]
        row += [Cell("") if measures else mean(group.final("score"))]
        row += [mean(group.measure(name)) for name in measures]
        row += [mean(group.final(name)) for name in losses]
        rows.append(row)
    columns = ["settings", "runs", "diverged", "best score", "last score", *measures, *losses]
    return table(
        columns,
        rows,
        "Mean ± standard deviation over seeds. Diverged runs are counted and are in no mean.",
    )


def of_runs(groups: Sequence[Group]) -> Html:
    """A row a run."""
    runs = [run for group in groups for run in group.runs]
    measures, differing = measures_of(runs), _columns(runs)
    losses = [] if measures else LOSSES
    experiments = {run.experiment for run in runs}
    rows = []
    for group in groups:
        for run in group.runs:
            own = run.settings["arguments"]
            row = [
                Cell(swatch(group, run.name)),
                run.experiment if len(experiments) > 1 else "",
                *(_setting(own.get(name, "")) for name in differing),
                run.settings["seed"],
                state(run),
                _best(run),
                Cell("") if run.measures else number(run.last("score")),
                *(number(run.measures.get(name)) for name in measures),
                *(number(run.last(name)) for name in losses),
            ]
            rows.append(row)
    columns = ["run", "experiment", *differing, "seed", "state", "best score", "last score"]
    columns += [*measures, *losses]
    return table(columns, rows, "Every run, with its newest numbers.")


def _columns(runs: Sequence[Run]) -> list[str]:
    """The arguments in which runs differ, if they are few enough to stand beside their numbers."""
    differing = differing_arguments(runs)
    return differing if len(differing) <= MOST else []


def state(run: Run) -> Cell:
    """How far a run came, marked if that is not the end."""
    kind = "bad" if run.diverged is not None else "good" if run.state == "finished" else "open"
    return Cell(tag("span", run.state, class_=f"state {kind}"))


def _setting(value: Any) -> Cell:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number:
        return number(value)
    text = plain(value)
    return Cell(tag("span", f"{text[:12]}…", title=text) if _HASH.fullmatch(text) else text)


def _best(run: Run) -> Cell:
    if run.best is None:
        return Cell("")
    shown = number(run.best["score"])
    step = tag("span", f" at {int(run.best['step']):,}", class_="quiet")
    return Cell(Html(f"{shown.shown}{step}"), shown.value)


def of_settings(runs: Sequence[Run]) -> list[Html]:
    """Settings that all runs share, and those in which they differ."""
    whole = [flat(run.settings) for run in runs]
    names = list({name: None for own in whole for name in own})
    told = lambda own, name: plain(own[name]) if name in own else ""
    shared = [name for name in names if len({told(own, name) for own in whole}) == 1]
    kinds: dict[str, dict[str, Any]] = {"Run": {}, "Arguments": {}, "Versions": {}}
    for name in shared:
        kind, _, rest = name.partition(".")
        place = kind.capitalize() if kind.capitalize() in kinds else "Run"
        kinds[place][rest if place != "Run" else name] = whole[0][name]
    blocks = [
        tag("div", tag("h3", kind), pairs(entries)) for kind, entries in kinds.items() if entries
    ]
    parts = [tag("div", blocks, class_="settings")]
    differing = [name for name in names if name not in shared]
    # Those that the table of all runs has told are not told again.
    if set(differing) - {"seed", *(f"arguments.{name}" for name in _columns(runs))}:
        rows = [
            [run.name, *(_setting(own.get(name, "")) for name in differing)]
            for run, own in zip(runs, whole, strict=True)
        ]
        columns = ["run", *(name.removeprefix("arguments.") for name in differing)]
        parts.append(table(columns, rows, "Settings in which the runs differ."))
    return parts
