"""Runs that differ only in the seed are one group: its name, its colour, its mean and spread."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from jgan.reports.runs import Run, short

COLOURS = 8
STYLES = 24
"""Groups that are told apart by colour and dashes; more are grey."""
FREE = ("seed", "versions", "device")
"""Settings that members of a group may differ in; their numbers are taken to depend on the first alone."""


@dataclass(frozen=True)
class Group:
    """Runs of the same settings.

    Attributes:
      name: how the report calls it.
      runs: one for each seed.
      colour: number of its colour and dashes, below `STYLES`; None for one of many, drawn in grey.
    """

    name: str
    runs: list[Run]
    colour: int | None

    @property
    def halved(self) -> int | None:
        """The rung at which all members ended because other settings were better, or None."""
        return self.runs[0].halved

    @property
    def fate(self) -> str:
        """What is to be known of its numbers: how many members diverged, and whether they ended early.

        >>> Group("lr=1", [], None).fate
        ''
        """
        lost = sum(run.diverged is not None for run in self.runs)
        words = [f"{lost} of {len(self.runs)} diverged"] if lost else []
        if self.runs and self.halved is not None:
            words.append(f"ended at {self.halved:,}")
        return ", ".join(words)

    def final(self, metric: str) -> tuple[float, float | None] | None:
        """Mean and standard deviation of a metric's last values over the members that did not diverge."""
        return mean_and_deviation([run.last(metric) for run in self.runs if run.diverged is None])

    def best(self) -> tuple[float, float | None] | None:
        """Mean and deviation of the members' best scores during training."""
        return mean_and_deviation(
            [None if run.best is None else run.best["score"] for run in self.runs]
        )

    def measure(self, name: str) -> tuple[float, float | None] | None:
        """Mean and deviation of what a sweep measured."""
        return mean_and_deviation([run.measures.get(name) for run in self.runs])


def mean_and_deviation(values: Sequence[float | None]) -> tuple[float, float | None] | None:
    """Mean and standard deviation (divisor n - 1) of the values that are there.

    >>> mean_and_deviation([1.0, None, 3.0]), mean_and_deviation([2.0]), mean_and_deviation([None])
    ((2.0, 1.4142135623730951), (2.0, None), None)
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    return float(np.mean(known)), float(np.std(known, ddof=1)) if len(known) > 1 else None


def grouped(runs: Sequence[Run]) -> list[Group]:
    """Runs in groups, in the order of their first members.

    Of many groups only the first `STYLES` by their final score are coloured.
    """
    found: dict[str, list[Run]] = {}
    for run in runs:
        kept = {name: value for name, value in run.settings.items() if name not in FREE}
        # Members of two sweeps are two groups: they may have been scored by different samples.
        place = str(run.path) if run.varied else ""
        found.setdefault(json.dumps([place, kept], sort_keys=True), []).append(run)
    members = list(found.values())
    coloured = list(range(len(members)))
    if len(members) > STYLES:
        coloured = sorted(coloured, key=lambda index: _final_score(members[index]))[:STYLES]
    colours = {index: number for number, index in enumerate(sorted(coloured))}
    return [
        Group(name, own, colours.get(index))
        for index, (name, own) in enumerate(zip(_names(members), members, strict=True))
    ]


def _final_score(runs: Sequence[Run]) -> float:
    found = mean_and_deviation([run.measures.get("score", run.last("score")) for run in runs])
    return float("inf") if found is None else found[0]


def _names(groups: Sequence[list[Run]]) -> list[str]:
    """For each group its run's name, or what tells it from the others."""
    first = [members[0] for members in groups]
    experiments = {run.experiment for run in first}
    differing = differing_arguments(first) if len(experiments) == 1 else []
    names = []
    for run, members in zip(first, groups, strict=True):
        shown = list(run.varied) or differing[:3]
        own = run.settings["arguments"]
        words = [f"{name}={short(own[name])}" for name in shown if name in own]
        if run.family or (len(experiments) > 1 and not run.varied):
            words.insert(0, run.family or run.experiment)
        single = len(members) == 1 and not run.varied
        names.append(run.name if single or (not words and len(groups) > 1) else " ".join(words))
    names = [name or first[0].experiment for name in names]
    return [
        name if names.count(name) == 1 else f"{name} ({run.name})"
        for name, run in zip(names, first, strict=True)
    ]


def differing_arguments(runs: Sequence[Run]) -> list[str]:
    """Names of the arguments in which runs differ."""
    names = list({name: None for run in runs for name in run.settings["arguments"]})
    return [name for name in names if len({_value(run, name) for run in runs}) > 1]


def _value(run: Run, name: str) -> Any:
    return json.dumps(run.settings["arguments"].get(name, "—"))
