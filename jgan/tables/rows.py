"""Rows of a table: outcomes in groups, and of each group the setting that is reported."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from jgan.errors import UserError
from jgan.reports.runs import short
from jgan.tables.outcomes import EXPERIMENT, Outcome
from jgan.tables.selections import Selection

Setting = dict[str, Any]
Summarise = Callable[[np.ndarray], float]


@dataclass(frozen=True)
class Searched:
    """A setting that one was chosen from.

    Attributes:
      setting: what tells it from the others.
      choice: the number that it is chosen by, lower is better.
      reported: of it, the members that may be reported.
      halved: whether its trainings ended at a rung; its choice is then infinite.
    """

    setting: Setting
    choice: float
    reported: list[Outcome]
    halved: bool = False


@dataclass(frozen=True)
class Cell:
    """What is reported of a row in one task.

    Attributes:
      setting: that was chosen, without what names the row; empty if there was no choice.
      outcomes: that are reported, by seed.
      search: all settings that it was chosen from; empty if there was no choice.
    """

    setting: Setting
    outcomes: list[Outcome]
    search: list[Searched] = field(default_factory=list)


@dataclass(frozen=True)
class Row:
    """A way of training.

    Attributes:
      names: its values of the settings that rows are made by.
      cells: by task; under "" if there are no tasks.
    """

    names: Setting
    cells: dict[str, Cell]

    @property
    def name(self) -> str:
        """In words, for messages and figures.

        >>> Row({"loss": "hinge", "lr": 0.001}, {}).name
        'loss=hinge lr=0.001'
        """
        return " ".join(f"{name}={short(value)}" for name, value in self.names.items()) or "all"


def varying(outcomes: Sequence[Outcome]) -> list[str]:
    """Names of the settings in which outcomes differ, the experiment first.

    What a setting does not have differs from every value. Data may differ in place alone, but not in content.
    """
    trained = [own for own in outcomes if not own.name]
    names = list({name: None for own in trained for name in own.setting})
    return [name for name in names if len({_key(own.setting.get(name)) for own in trained}) > 1]


def made_rows(
    outcomes: Sequence[Outcome],
    by: Sequence[str] | None,
    tasks: str | None,
    choose: tuple[Selection, str, Summarise] | None,
    report: Selection,
) -> list[Row]:
    """Rows in the order of their first members.

    Args:
      outcomes: of all sweeps.
      by: settings whose values make the rows; all that vary by default, but the tasks.
      tasks: the setting that tells tasks apart, or None.
      choose: seeds, metric and summary by which one setting of each row and task is chosen; None if each has
        one.
      report: the seeds that are reported.

    Raises:
      UserError: if a name is no setting, a row has several settings and none is chosen, or nothing is left to
        choose by or to report.
    """
    free = varying(outcomes)
    known = {name for own in outcomes for name in own.setting}
    for flag, name in [
        *(("--by", name) for name in by or ()),
        *([("--tasks", tasks)] if tasks else []),
    ]:
        if name not in known:
            settings = ", ".join(sorted(known))
            raise UserError(
                f"{flag} names {name!r}, which is no setting of these sweeps; they have {settings}."
            )
    if by is None and choose is not None:
        raise UserError(
            f"--choose chooses one setting of each row, so --by must name the settings that make rows; "
            f"{', '.join(free) or 'none'} vary."
        )
    names = [name for name in free if name != tasks] if by is None else list(by)
    rest = [name for name in free if name not in names and name != tasks]
    groups: dict[str, list[Outcome]] = {}
    for one in outcomes:
        values = one.name or [one.setting.get(name) for name in names]
        groups.setdefault(_key(values), []).append(one)
    rows = []
    for members in groups.values():
        if members[0].name:
            named = {(names or [EXPERIMENT])[0]: members[0].name}
            rows.append(Row(named, {"": Cell({}, members)}))
            continue
        row = {name: members[0].setting.get(name) for name in names}
        split: dict[str, list[Outcome]] = {}
        for one in members:
            split.setdefault(str(one.setting.get(tasks)) if tasks else "", []).append(one)
        words = Row(row, {}).name
        cells = {
            task: _cell(words, own, rest, choose, report) for task, own in sorted(split.items())
        }
        rows.append(Row(row, cells))
    _refuse_missing_tasks(rows)
    return rows


def _cell(
    row: str,
    members: Sequence[Outcome],
    rest: Sequence[str],
    choose: tuple[Selection, str, Summarise] | None,
    report: Selection,
) -> Cell:
    settings: dict[str, list[Outcome]] = {}
    for one in members:
        settings.setdefault(_key([one.setting.get(name) for name in rest]), []).append(one)
    of = lambda own: {name: own[0].setting.get(name) for name in rest}
    reported = lambda own: sorted((o for o in own if report.has(o.seed)), key=lambda o: o.seed)
    if choose is None:
        if len(settings) > 1:
            several = [n for n in rest if len({_key(own.setting.get(n)) for own in members}) > 1]
            raise UserError(
                f"the row {row!r} has {len(settings)} settings, which differ in {', '.join(several)}; choose "
                "one of them by --choose METRIC@seeds=A:B, or name what they differ in in --by too."
            )
        (own,) = settings.values()
        return Cell({}, _some(reported(own), row, "--report", report))
    selection, metric, summarise = choose
    search = []
    for own in settings.values():
        ended = [o for o in own if not o.halved]
        chosen_by = [o.loss(metric) for o in ended if selection.has(o.seed)]
        if chosen_by:
            search.append(Searched(of(own), summarise(np.array(chosen_by)), reported(ended)))
        elif len(ended) < len(own):
            search.append(Searched(of(own), math.inf, [], halved=True))
    if not search:
        _some([], row, "--choose", selection)
    counts = {
        len([o for o in own if selection.has(o.seed) and not o.halved]) for own in settings.values()
    } - {0}
    if len(counts) > 1:
        raise UserError(
            f"settings of the row {row!r} have from {min(counts)} to {max(counts)} seeds to choose by; a "
            "setting that was tried with fewer looks better by chance, so give --choose seeds that all have."
        )
    best = min(search, key=lambda one: one.choice)
    if not math.isfinite(best.choice):
        raise UserError(
            f"every setting of the row {row!r} diverged on the seeds of --choose or ended at a rung, so there "
            "is none to report."
        )
    decided = next((own for own in best.reported if own.decided), None)
    if decided is not None:
        raise UserError(
            f"seed {decided.seed} decided at the rungs of {str(decided.sweep)!r} and is to be reported, but "
            "what is reported on the seeds that chose it looks better than it is; report other seeds "
            "(jgan sweep --rung-seeds trains them)."
        )
    return Cell(best.setting, _some(best.reported, row, "--report", report), search)


def _some(found: list[Outcome], row: str, flag: str, selection: Selection) -> list[Outcome]:
    if not found:
        seeds = (
            "" if selection.seeds is None else f" {selection.seeds.start}:{selection.seeds.stop}"
        )
        raise UserError(f"the row {row!r} has no members with the seeds{seeds} of {flag}.")
    return found


def _refuse_missing_tasks(rows: Sequence[Row]) -> None:
    tasks = list({task: None for row in rows for task in row.cells})
    for row in rows:
        missing = [task for task in tasks if task not in row.cells]
        if missing:
            raise UserError(
                f"the row {row.name!r} has no members with the task {missing[0]!r}, which other rows have; "
                "ranks over tasks need all of them."
            )


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


def chosen_words(setting: Setting) -> str:
    """A chosen setting in words, without the experiment.

    >>> chosen_words({"experiment": "r1", "lr": 0.001, "gamma": 10.0})
    'lr=0.001 gamma=10'
    """
    return " ".join(f"{k}={short(v)}" for k, v in setting.items() if k != EXPERIMENT)
