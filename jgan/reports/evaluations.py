"""Evaluated numbers: of each run, of seeds together, and the protocol that each holds for."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jgan.reports.groups import Group, mean_and_deviation
from jgan.reports.html import Cell, Html, details, flat, mean, number, pairs, plain, table, tag
from jgan.reports.runs import Run
from jgan.reports.tables import swatch

SIGNS = {"lower": "↓ ", "higher": "↑ "}
APART = ("run", "step", "seconds", "versions", "device")
"""What protocols of numbers that are averaged may differ in."""


class Evaluated(NamedTuple):
    """A number with what it belongs to.

    Attributes:
      group: of the run.
      run: that was evaluated.
      entry: the evaluation, with its protocol.
      value: the number with its name and settings.
      record: the evaluation's place in the report, from 1.
    """

    group: Group
    run: Run
    entry: dict[str, Any]
    value: dict[str, Any]
    record: int

    @property
    def step(self) -> Any:
        """Of the checkpoint."""
        return self.entry["protocol"].get("step")

    @property
    def name(self) -> str:
        """The metric's, behind an arrow that points to where better is."""
        return SIGNS.get(self.value.get("better", ""), "") + self.value["name"]

    @property
    def setting(self) -> str:
        """The same for numbers that differ in nothing but the seed."""
        protocol = {name: v for name, v in self.entry["protocol"].items() if name not in APART}
        return json.dumps([self.group.name, self.name, self.step, protocol], sort_keys=True)


def of_evaluations(groups: Sequence[Group]) -> list[Html]:
    """Means over seeds where there are several, every number, and every protocol."""
    records = [
        (group, run, entry) for group in groups for run in group.runs for entry in run.evaluations
    ]
    found = [
        Evaluated(group, run, entry, value, place)
        for place, (group, run, entry) in enumerate(records, start=1)
        for value in entry["values"]
    ]
    if not found:
        return []
    columns = ["run", "step", "metric", "value", "read with", "record"]
    caption = "Evaluated numbers; an arrow points to where better is, and ± is what stands under read with."
    every = table(columns, [_row(each) for each in found], caption)
    together: dict[str, list[Evaluated]] = {}
    for each in found:
        together.setdefault(each.setting, []).append(each)
    means = [_mean(members) for members in together.values() if len(members) > 1]
    if means:
        caption = "Mean ± standard deviation over seeds, of numbers with one protocol."
        over_seeds = table(
            ["settings", "step", "metric", "value", "runs", "records"], means, caption
        )
        parts = [over_seeds, details("Every run's numbers", every)]
    else:
        parts = [every]
    return parts + [_record(place, *own[1:]) for place, own in enumerate(records, start=1)]


def _row(each: Evaluated) -> list[Any]:
    settings = each.value.get("settings") or {}
    read_with = ", ".join(f"{name} {_brief(value)}" for name, value in settings.items())
    deviation = each.value.get("spread")
    return [
        Cell(swatch(each.group, each.run.name)),
        each.step,
        each.name,
        number(_float(each.value["value"]), None if deviation is None else _float(deviation)),
        Cell(tag("span", read_with, class_="quiet") if read_with else ""),
        Cell(_link(each), each.record),
    ]


def _mean(members: Sequence[Evaluated]) -> list[Any]:
    finite = [v for v in (_float(each.value["value"]) for each in members) if np.isfinite(v)]
    lost = len(members) - len(finite)
    links = [[", " if place else "", _link(each)] for place, each in enumerate(members)]
    return [
        Cell(swatch(members[0].group)),
        members[0].step,
        members[0].name,
        mean(mean_and_deviation(finite)),
        f"{len(finite)} finite of {len(members)}" if lost else len(members),
        Cell(tag("span", links)),
    ]


def _link(each: Evaluated) -> Html:
    return tag("a", str(each.record), href=f"#record-{each.record}")


def _float(value: Any) -> float:
    """A value of an evaluation, which writes infinities and NaN by name."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _brief(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_brief, value))
    return f"{value:.4g}" if isinstance(value, float) else plain(value)


def _record(place: int, run: Run, entry: dict[str, Any]) -> Html:
    protocol = entry["protocol"]
    warnings = [tag("p", sentence, class_="note") for sentence in entry.get("warnings", [])]
    title = f"Record {place}: {run.name}, step {protocol.get('step')}"
    opened = details(title, warnings, pairs(flat(protocol)), class_="record")
    return tag("div", opened, id=f"record-{place}")
