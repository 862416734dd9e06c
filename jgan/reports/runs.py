"""Runs and sweeps as their directories tell of them."""

import bisect
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from jgan.errors import UserError
from jgan.reports.reading import Note, json_file, json_lines
from jgan.runs.health import Doctor
from jgan.runs.run import read_settings
from jgan.sweeps.histories import of_member
from jgan.sweeps.plans import member_folder
from jgan.sweeps.records import Record, better_of, read_records

_PICTURE = re.compile(r"(.+)-(\d+)\.png")


class Picture(NamedTuple):
    """A picture that a run wrote."""

    step: int
    path: Path


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
      name: how the report calls it.
      path: of its directory, or of its sweep's.
      settings: all of settings.json; a member's own values among its arguments.
      rows: of metrics, oldest first; what was not finite is NaN.
      diverged: the step at which its numbers were no longer finite, or None.
      best: step and score of the best evaluation during training, or None.
      measures: what a sweep measured at the end.
      pictures: by view, oldest first.
      spectra: what ``jgan spectrum`` found, oldest first.
      evaluations: what ``jgan evaluate`` wrote, each a dict of values, protocol and warnings.
      notes: sentences about what could not be read or went wrong.
      varied: the arguments that its sweep varied.
      family: its sweep's name, empty if nothing but that sweep is told of.
      halved: the rung, a number of updates, at which it ended because others of its sweep were better, or None.
    """

    name: str
    path: Path
    settings: dict[str, Any]
    rows: list[dict[str, Any]]
    diverged: int | None = None
    best: dict[str, float] | None = None
    measures: dict[str, float] = field(default_factory=dict)
    pictures: dict[str, list[Picture]] = field(default_factory=dict)
    spectra: list[dict[str, Any]] = field(default_factory=list)
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    varied: tuple[str, ...] = ()
    family: str = ""
    halved: int | None = None

    @property
    def experiment(self) -> str:
        """The experiment's name."""
        return Path(str(self.settings.get("experiment", "experiment"))).stem

    @property
    def last_step(self) -> int:
        """The step of the last row, 0 if there is none."""
        return self.rows[-1]["step"] if self.rows else 0

    @property
    def steps(self) -> int:
        """How many updates it was to make, or made up to the rung at which it ended."""
        return self.settings["steps"] if self.halved is None else self.halved

    @property
    def state(self) -> str:
        """In a few words, how far it came."""
        if self.diverged is not None:
            return f"diverged by step {self.diverged:,}"
        if self.halved is not None:
            return f"ended at rung {self.halved:,}"
        if self.last_step < self.settings["steps"]:
            ends = self.boundaries
            number = bisect.bisect_left(ends, self.last_step) + 1
            stage = f", stage {number} of {len(ends) + 1}" if ends else ""
            return f"at step {self.last_step:,} of {self.settings['steps']:,}{stage}"
        return "finished"

    @property
    def boundaries(self) -> list[int]:
        """The steps at which one stage of the training ended and another began."""
        return _ends(self.settings)

    @property
    def protocol(self) -> dict[str, Any]:
        """What decides its score: the distance, samples and more; empty if it was not scored."""
        score = self.settings.get("score") or self.settings.get("sweep", {}).get("score")
        return score if isinstance(score, dict) else {}

    def last(self, metric: str) -> float | None:
        """The last finite value of a metric."""
        values = (row[metric] for row in reversed(self.rows) if metric in row)
        return next((float(value) for value in values if math.isfinite(value)), None)


@dataclass(frozen=True)
class Sweep:
    """Many trainings in one directory.

    Attributes:
      name: how the report calls it.
      path: of its directory.
      settings: its settings.json.
      records: of the members that are finished.
      complete: whether all are.
      notes: sentences about what could not be read.
    """

    name: str
    path: Path
    settings: dict[str, Any]
    records: list[Record]
    complete: bool
    notes: list[str] = field(default_factory=list)


def read(paths: Sequence[Path]) -> tuple[list[Run], list[Sweep]]:
    """The runs in some directories, sweeps as their members, in the order given.

    Raises:
      UserError: for a directory that is no run's, one without rows of metrics, or one named twice.
    """
    runs: list[Run] = []
    sweeps: list[Sweep] = []
    names = distinct_names(paths)
    for path, name in zip(paths, names, strict=True):
        settings = read_settings(path)
        if isinstance(settings.get("sweep"), dict):
            sweep, members = _read_sweep(path, name, settings, len(paths) == 1)
            sweeps.append(sweep)
            runs += members
        else:
            runs.append(_read_run(path, name, settings))
    return runs, sweeps


def distinct_names(paths: Sequence[Path]) -> list[str]:
    """The shortest ends of paths that tell them apart.

    Raises:
      UserError: if two are the same directory.

    >>> distinct_names([Path("/x/a/0"), Path("/x/b/0"), Path("/x/b/1")])
    ['a/0', 'b/0', '1']
    """
    whole = [path.resolve() for path in paths]
    twice = next((path for path in whole if whole.count(path) > 1), None)
    if twice:
        raise UserError(f"run directory {str(twice)!r} is named twice; name each once.")
    names = []
    for path in whole:
        tails = (Path(*path.parts[-length:]) for length in range(1, len(path.parts) + 1))
        occurrences = lambda tail: sum(
            other.parts[-len(tail.parts) :] == tail.parts for other in whole
        )
        names.append(next(tail for tail in tails if occurrences(tail) == 1).as_posix())
    return names


def _read_run(path: Path, name: str, settings: dict[str, Any]) -> Run:
    notes: list[str] = []
    rows = json_lines(path / "metrics.jsonl", notes.append)
    if not rows:
        raise UserError(f"{str(path)!r} has no rows of metrics yet; train the run first.")
    ends = _ends(settings)
    doctors = [Doctor() for _ in (*ends, None)]
    for row in rows:
        doctor = doctors[bisect.bisect_left(ends, row["step"])]
        notes += [sentence.rstrip(".") for sentence in doctor.row(row)]
    best = json_file(path / "best.json", notes.append)
    return Run(
        name,
        path,
        settings,
        rows,
        diverged=_diverged(rows),
        best=best if isinstance(best, dict) and {"step", "score"} <= best.keys() else None,
        pictures=_pictures(path / "samples"),
        spectra=_spectra(path, notes.append),
        evaluations=_evaluations(path / "evaluations", notes.append),
        notes=notes,
    )


def _ends(settings: dict[str, Any]) -> list[int]:
    """The steps with which stages end but for the last; none if there is a single one."""
    stages = settings.get("stages")
    return [int(step) for step in stages[:-1]] if isinstance(stages, list) else []


def _diverged(rows: list[dict[str, Any]]) -> int | None:
    """The first step with a player's metric that is not finite. A score may be so and the training go on."""
    for row in rows:
        for name, value in row.items():
            if "/" in name and not math.isfinite(value):
                return row["step"]
    return None


def _pictures(folder: Path) -> dict[str, list[Picture]]:
    found: dict[str, list[Picture]] = {}
    for path in sorted(folder.glob("*.png")):
        named = _PICTURE.fullmatch(path.name)
        if named:
            found.setdefault(named[1], []).append(Picture(int(named[2]), path))
    return {view: sorted(pictures) for view, pictures in found.items()}


PARTS = {"field", "field_right", "hessians", "operator"}
"""What a spectrum may hold; a part that could not be solved is not there."""


def _spectra(path: Path, note: Note) -> list[dict[str, Any]]:
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for file in sorted(path.glob("spectrum*.json")):
        content = json_file(file, note)
        for report in content if isinstance(content, list) else [content]:
            if isinstance(report, dict) and "step" in report and PARTS & report.keys():
                protocol = json.dumps(report.get("protocol"), sort_keys=True)
                found[int(report["step"]), protocol] = report
            elif report is not None:
                note(f"{file.name} holds no spectra and is left out")
    return [found[key] for key in sorted(found)]


def _evaluations(folder: Path, note: Note) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for file in sorted(folder.glob("*.json")):
        content = json_file(file, note)
        entries = content.get("evaluations") if isinstance(content, dict) else None
        if isinstance(entries, list):
            found += [entry for entry in entries if _is_evaluation(entry)]
        elif content is not None:
            note(f"{file.name} holds no evaluations and is left out")
    return sorted(found, key=lambda entry: entry["protocol"].get("step", 0))


def _is_evaluation(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("protocol"), dict)
        and isinstance(entry.get("values"), list)
        and isinstance(entry["protocol"].get("step", 0), int)
        and all(
            isinstance(value, dict) and {"name", "value"} <= value.keys()
            for value in entry["values"]
        )
    )


def _read_sweep(
    path: Path, name: str, settings: dict[str, Any], only: bool
) -> tuple[Sweep, list[Run]]:
    records: list[Record] = []
    members: list[Run] = []
    notes: list[str] = []
    family = "" if only else name
    known: set[str] = set()
    protocol = settings["sweep"].get("score")
    protocol = protocol if isinstance(protocol, dict) else {}
    for file in sorted((path / "batches").glob("*.json")):
        found = read_records(file)
        if found is None:
            notes.append(
                f"{file.name} is damaged and left out; continuing the sweep trains its members again"
            )
            continue
        rows = json_lines(file.with_suffix(".jsonl"), notes.append)
        for index, record in enumerate(found):
            if record.member.key in known:  # two processes may have trained it, to the same end
                continue
            known.add(record.member.key)
            own = {**settings["arguments"], **record.setting}
            scores = _scores_by_step(record)
            varied = " ".join(f"{key}={short(value)}" for key, value in record.setting.items())
            sign = -1 if better_of("score", protocol) == "higher" else 1
            members.append(
                Run(
                    f"{family} {varied} seed {record.seed}".strip(),
                    path,
                    {**settings, "arguments": own, "seed": record.seed},
                    [of_member(row, index) | scores.get(int(row["step"]), {}) for row in rows],
                    diverged=record.diverged,
                    best=min(scores.values(), key=lambda row: sign * row["score"], default=None),
                    measures=record.measures,
                    pictures=_pictures(member_folder(path, record.setting, record.seed)),
                    varied=tuple(record.setting),
                    family=family,
                    halved=record.halved,
                )
            )
        records += found
    if not members:
        raise UserError(
            f"the sweep {str(path)!r} has no finished members yet; go on with it first."
        )
    complete = (path / "summary.csv").is_file()
    return Sweep(name, path, settings, records, complete, notes), members


def _scores_by_step(record: Record) -> dict[int, dict[str, float]]:
    """A member's finite scores by step; none if it was scored at the end alone."""
    scored = [row for row in record.learning_curve if math.isfinite(row.get("score", math.nan))]
    if len(record.learning_curve) < 2:
        return {}
    return {int(row["step"]): {"step": row["step"], "score": row["score"]} for row in scored}


def short(value: Any) -> str:
    """A setting's value in few characters.

    >>> short(0.00012345), short("ring"), short([1, 2])
    ('0.0001234', 'ring', '1,2')
    """
    if isinstance(value, bool) or not isinstance(value, float | list | tuple):
        return str(value)
    return f"{value:.4g}" if isinstance(value, float) else ",".join(map(short, value))
