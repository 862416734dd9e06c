"""The report's tables of groups, of runs and of settings."""

import json
import re
from collections.abc import Sequence
from typing import Any

from jgan.reports.groups import COLOURS, Group, differing_arguments
from jgan.reports.html import Cell, Html, flat, mean, number, pairs, plain, table, tag
from jgan.reports.runs import Run
from jgan.sweeps.records import better_of

MOST = 4
LOSSES = ("generator/loss", "discriminator/loss")
BEST = "Best score: the best that a run's own scores reached on the way"
_HASH = re.compile("[0-9a-f]{40,}")


def swatch(group: Group, name: str | None = None) -> Html:
    """A name, the group's if none is given, behind a line of the group's colour and dashes."""
    number = group.colour or 0
    ink = "var(--muted)" if group.colour is None else f"var(--c{number % COLOURS})"
    dashes = f"line d{number // 4}"
    line = tag("span", class_=dashes, style=f"color:{ink}", aria_hidden="true")
    return tag("span", line, group.name if name is None else name, class_="swatch")


def measures_of(runs: Sequence[Run]) -> list[str]:
    """The names of what sweeps measured."""
    return list({name: None for run in runs for name in run.measures})


def title(measure: str, runs: Sequence[Run]) -> str:
    """What a measure is called over a chart: a score by the distance that it is, and where better is."""
    name = measure
    if measure == "score":
        names = list(dict.fromkeys(_distance(run) for run in runs if run.protocol))
        name += f": {' or '.join(names)}" if names else ""
    side = better(measure, runs)
    return f"{name} ({side} is better)" if side else name


def better(measure: str, runs: Sequence[Run]) -> str:
    """Where better is, "lower" or "higher", of what runs' sweeps measured; "" where that is not one side."""
    sides = {better_of(measure, run.protocol) for run in runs}
    return sides.pop() if len(sides) == 1 else ""


def _score_words(runs: Sequence[Run]) -> list[str]:
    """A sentence that says what scores are, if all are the same."""
    names = list(dict.fromkeys(_distance(run) for run in runs if run.protocol))
    if len(names) != 1:
        return []
    return [f"Scores are {names[0]}; {better('score', runs) or 'neither side'} is better."]


def _distance(run: Run) -> str:
    """The score of a run in words: the distance and how many samples."""
    protocol = run.protocol
    samples = protocol.get("samples")
    return f"{protocol.get('distance')}" + (f", {samples:,} samples" if samples else "")


def unlike(runs: Sequence[Run]) -> list[str]:
    """Sentences about what keeps runs' numbers from being compared: unlike steps, unlike scores."""
    found = []
    steps, scores = _differ(runs)
    if steps:
        lengths = ", ".join(f"{count:,}" for count in sorted({run.steps for run in runs}))
        found.append(f"Numbers are of trainings of unlike lengths: {lengths} steps.")
    if scores:
        distances = "; ".join(dict.fromkeys(_distance(run) for run in runs if run.protocol))
        found.append(
            f"Scores are of unlike protocols and cannot be compared: {distances} (see Settings, score)."
        )
    return found


def _differing(run: Run, steps: bool, scores: bool) -> list[Any]:
    """How long a run is and how it was scored, where others differ in that; under heads by `_names`."""
    own: list[Any] = [run.steps] if steps else []
    return own + ([_distance(run) if run.protocol else ""] if scores else [])


def _differ(runs: Sequence[Run]) -> tuple[bool, bool]:
    """Whether runs differ in their steps, and in what decides their scores."""
    steps = {run.steps for run in runs}
    scored = {json.dumps(run.protocol, sort_keys=True) for run in runs if run.protocol}
    return len(steps) > 1, len(scored) > 1


def of_groups(groups: Sequence[Group]) -> Html:
    """A row a group: how many, how many diverged, means and deviations."""
    runs = [run for group in groups for run in group.runs]
    measures, differ = measures_of(runs), _differ(runs)
    losses = [] if measures else LOSSES
    rows = []
    for group in groups:
        diverged = sum(run.diverged is not None for run in group.runs)
        row = [Cell(swatch(group)), len(group.runs), diverged, *_differing(group.runs[0], *differ)]
        row += [mean(group.best())]
        row += [Cell("") if measures else mean(group.final("score"))]
        row += [mean(group.measure(name)) for name in measures]
        row += [mean(group.final(name)) for name in losses]
        rows.append(row)
    columns = ["settings", "runs", "diverged", *_names(*differ)]
    columns += ["best score", "last score", *measures, *losses]
    caption = [
        "Mean ± standard deviation over seeds. Diverged runs are counted and are in no mean.",
        f"{BEST}, each at a step of its own; here the mean of these.",
        *_score_words(runs),
        *unlike(runs),
    ]
    return table(columns, rows, " ".join(caption))


def _names(steps: bool, scores: bool) -> list[str]:
    """The heads of the columns of `_differing`."""
    return [name for name, shown in (("steps", steps), ("scored by", scores)) if shown]


def of_runs(groups: Sequence[Group]) -> Html:
    """A row a run."""
    runs = [run for group in groups for run in group.runs]
    measures, differing, differ = measures_of(runs), _columns(runs), _differ(runs)
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
                *_differing(run, *differ),
                _best(run),
                Cell("") if run.measures else number(run.last("score")),
                *(number(run.measures.get(name)) for name in measures),
                *(number(run.last(name)) for name in losses),
            ]
            rows.append(row)
    columns = ["run", "experiment", *differing, "seed", "state", *_names(*differ)]
    columns += ["best score", "last score", *measures, *losses]
    caption = [
        "Every run, with its newest numbers.",
        f"{BEST}.",
        *_score_words(runs),
        *unlike(runs),
    ]
    return table(columns, rows, " ".join(caption))


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
    text = lambda own, name: plain(own[name]) if name in own else ""
    shared = [name for name in names if len({text(own, name) for own in whole}) == 1]
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
