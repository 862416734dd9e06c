"""The numbers of one table, from the directories of sweeps to what is written."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jgan.errors import UserError
from jgan.tables.estimates import Entry, Method, Ranking, entries, ranking, reported_apart
from jgan.tables.likeness import MARKED, Unlike, check_alike
from jgan.tables.outcomes import Outcome
from jgan.tables.rows import Row, made_rows
from jgan.tables.selections import SCORE, Selection, disjoint, metric_named


class Request(NamedTuple):
    """What a table is to show.

    Attributes:
      by: settings whose values make the rows; None for all that vary.
      tasks: the setting that tells tasks apart, such as the data; None for a single one.
      choose: metric and seeds by which one setting of each row is chosen; None if each has one.
      report: metrics and seeds that are reported.
      method: of the summaries.
      baseline: values of the row that others are compared with, as ``NAME=VALUE``; empty for none.
      best_of: numbers of settings of which the best is expected.
      mark: kinds of differences that are marked instead of refused.
    """

    by: Sequence[str] | None = None
    tasks: str | None = None
    choose: Selection | None = None
    report: Selection = Selection()
    method: Method = Method()
    baseline: Sequence[str] = ()
    best_of: Sequence[int] = ()
    mark: Sequence[str] = MARKED


@dataclass(frozen=True)
class Comparison:
    """What a table shows.

    Attributes:
      request: that it answers.
      rows: ways of training.
      metrics: that are reported.
      entries: by metric, a number for each row and task.
      rankings: by metric.
      baseline: the row that others are compared with, or None.
      unlike: what rows differ in, marked.
      notes: sentences to be read with the numbers.
    """

    request: Request
    rows: list[Row]
    metrics: list[str]
    entries: dict[str, list[Entry]]
    rankings: dict[str, Ranking]
    baseline: Row | None
    unlike: list[Unlike]
    notes: list[str]

    @property
    def tasks(self) -> list[str]:
        """The names of the tasks; one that is empty if there are none."""
        return list({task: None for row in self.rows for task in row.cells})

    def entry(self, metric: str, row: Row, task: str) -> Entry:
        """The number of a row in a task."""
        return next(one for one in self.entries[metric] if one.row is row and one.task == task)


def comparison(
    outcomes: Sequence[Outcome], request: Request, notes: Sequence[str] = ()
) -> Comparison:
    """The numbers of a table.

    Args:
      outcomes: members of sweeps, by `jgan.tables.outcomes.read_outcomes`.
      request: what is to be shown.
      notes: sentences about what is missing.

    Raises:
      UserError: if a name is unknown, a row has several settings and none is chosen, numbers cannot be
        compared, or the seeds that choose are reported.
    """
    reported = [own for own in outcomes if request.report.has(own.seed)] or list(outcomes)
    metrics = [metric_named(name, reported) for name in request.report.metrics or (SCORE,)]
    choose, choice, report = None, None, request.report
    if request.choose is not None:
        chosen = [own for own in outcomes if request.choose.has(own.seed)] or list(outcomes)
        choice = metric_named((*request.choose.metrics, SCORE)[0], chosen)
        if request.choose.seeds is None:
            raise UserError(
                "--choose names no seeds, but the report must be on other seeds than the choice; write "
                "METRIC@seeds=A:B."
            )
        if report.seeds is None:
            outside = [own.seed for own in outcomes if not request.choose.has(own.seed)]
            report = report._replace(seeds=_around(outside))
        disjoint(request.choose, report, [own.seed for own in outcomes])
        choose = (request.choose, choice, request.method.of_all)
    rows = made_rows(outcomes, request.by, request.tasks, choose, report)
    unlike = check_alike(rows, [*metrics, *([choice] if choice else [])], request.mark)
    baseline = _baseline(rows, request.baseline)
    found = {
        metric: entries(rows, metric, request.method, baseline, request.best_of, choice)
        for metric in metrics
    }
    rankings = {metric: ranking(own, request.method) for metric, own in found.items()}
    return Comparison(
        request._replace(report=report),
        rows,
        metrics,
        found,
        rankings,
        baseline,
        unlike,
        [*notes, *_about_seeds(rows, request.best_of), *_about_protocols(rows, metrics)],
    )


def _around(seeds: Sequence[int]) -> range | None:
    """The seeds from the least to the greatest."""
    if not seeds:
        raise UserError(
            "--choose has all seeds of the sweeps, so none is left to report on; choose on fewer."
        )
    return range(min(seeds), max(seeds) + 1)


def _baseline(rows: Sequence[Row], words: Sequence[str]) -> Row | None:
    """The only row with these values."""
    if not words:
        return None
    found = [row for row in rows if set(words) <= {*row.name.split(), *_exact(row)}]
    if len(found) != 1:
        names = "; ".join(row.name for row in rows)
        raise UserError(
            f"--baseline is {' '.join(words)!r}, which is {len(found)} rows, but must be one of {names}."
        )
    return found[0]


def _exact(row: Row) -> list[str]:
    return [f"{name}={value}" for name, value in row.names.items()]


def _about_seeds(rows: Sequence[Row], best_of: Sequence[int]) -> list[str]:
    """Sentences about few seeds, and about a search that is reported on the seeds that chose."""
    notes = []
    counts = [len(cell.outcomes) for row in rows for cell in row.cells.values()]
    if min(counts) < 3:
        notes.append(f"A row with {min(counts)} seeds says little: intervals need 3 and more.")
    lost = sum(own.diverged for row in rows for cell in row.cells.values() for own in cell.outcomes)
    if lost:
        notes.append(f"{lost} of {sum(counts)} trainings diverged, which ranks count as the worst.")
    cells = [cell for row in rows for cell in row.cells.values()]
    reported = [own for cell in cells for own in cell.outcomes]
    halved = sum(own.halved for own in reported)
    if halved:
        notes.append(
            f"{halved} of {len(reported)} trainings ended at a rung because others were better; their numbers "
            "are of fewer steps, as the budget says."
        )
    if any(own.decided and not own.halved for own in reported):
        notes.append(
            "Some of the seeds decided at rungs which settings went on, and look better than they are."
        )
    if best_of and not all(map(reported_apart, cells)):
        notes.append(
            "The expected best of several settings is on the seeds that chose, which looks better than it is."
        )
    return notes


def _about_protocols(rows: Sequence[Row], metrics: Sequence[str]) -> list[str]:
    """Sentences about metrics that members were measured by under several protocols."""
    reported = [own for row in rows for cell in row.cells.values() for own in cell.outcomes]
    again = [metric for metric in metrics if any(metric in own.remeasured for own in reported)]
    return [
        f"{metric} was measured by several protocols; the numbers are of the last one."
        for metric in again
    ]


def as_json(found: Comparison) -> dict[str, Any]:
    """Everything that a table rests on, as JSON; None for what is not finite."""
    request = found.request
    choose, report = (
        None
        if one is None
        else {"metrics": one.metrics, "seeds": one.seeds and [one.seeds.start, one.seeds.stop]}
        for one in (request.choose, request.report)
    )
    numbers = []
    for metric in found.metrics:
        for one in found.entries[metric]:
            ranks = found.rankings[metric]
            place = found.rows.index(one.row)
            numbers.append(
                {
                    "row": one.row.names,
                    "task": one.task,
                    "metric": metric,
                    "better": "higher" if one.higher else "lower",
                    "setting": one.cell.setting,
                    "settings tried": len(one.cell.search) or 1,
                    "seeds": list(one.losses),
                    "values": list(one.values.values()),
                    **one.estimate._asdict(),
                    "rank": ranks.ranks[place],
                    "rank interval": ranks.intervals[place],
                    "improvement": one.improvement and one.improvement._asdict(),
                    "p by Holm": one.adjusted,
                    "paired difference": one.paired and one.paired._asdict(),
                    "expected best": one.expected,
                }
            )
    content = {
        "summary": request.method.summary,
        "interval": request.method.interval,
        "level": request.method.level,
        "choose": choose,
        "report": report,
        "baseline": found.baseline and found.baseline.names,
        "sweeps": sorted(
            {str(o.sweep) for r in found.rows for c in r.cells.values() for o in c.outcomes}
        ),
        "rows": numbers,
        "unlike": [one._asdict() for one in found.unlike],
        "protocols": protocols_of(found),
        "notes": found.notes,
    }
    return _plain(content)


def protocols_of(found: Comparison) -> dict[str, Any]:
    """The protocol of each metric, that of the first member which has one."""
    own = [o for row in found.rows for cell in row.cells.values() for o in cell.outcomes]
    return {m: next((o.protocols[m] for o in own if m in o.protocols), {}) for m in found.metrics}


def _plain(value: Any) -> Any:
    """A value that JSON can hold."""
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value
