"""Sweeps: many settings and seeds of one experiment, trained as populations, in one resumable directory.

sweep.json's place is taken by settings.json; besides it a sweep's directory holds
batches/0000.json     the records of a population that is finished
batches/0000.jsonl    its rows of metrics, each a list over its members
current/              checkpoints of the population that is in training, and what was measured of it so far
members.csv           a line a member; summary.csv a line a setting, with mean and standard deviation over seeds
"""

import csv
import functools
import hashlib
import io
import json
import math
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from jgan.display import Task, task, warn
from jgan.errors import UserError
from jgan.files import make_folder, write_atomically
from jgan.runs.checkpoint import Checkpoints
from jgan.runs.run import RunDirectory
from jgan.sweeps.axes import Axis, Setting
from jgan.sweeps.histories import PopulationHistory, diverged, finite
from jgan.sweeps.population import population
from jgan.sweeps.records import Record, read_records
from jgan.training.experiment import Experiment, Trained
from jgan.training.loop import over_due

Measures = Callable[[Trained], Mapping[str, float]]


class Member(NamedTuple):
    """One training of a sweep: its settings and its seed."""

    setting: Setting
    seed: int


Observer = Callable[[Member, Trained], None]


class Batch(NamedTuple):
    """Members that are one program: they differ in seeds and in settings that can be traced.

    Attributes:
      arguments: what they share.
      members: all of them.
      traced: names of the settings that differ.
    """

    arguments: dict[str, Any]
    members: list[Member]
    traced: list[str]


class Cadence(NamedTuple):
    """How often a population in training is logged, saved and measured.

    Attributes:
      log_every: steps between rows.
      save_every: steps between checkpoints.
      measure_times: evenly spaced points at which every member is measured, the last of them the end.
    """

    log_every: int = 100
    save_every: int = 1000
    measure_times: int = 1

    def marks(self, steps: int) -> list[int]:
        """The steps after which members are measured.

        >>> Cadence(measure_times=4).marks(10)
        [3, 5, 8, 10]
        """
        times = self.measure_times
        return sorted({math.ceil(steps * part / times) for part in range(1, times + 1)})

    def next(self, step: int, steps: int, ends: Sequence[int] = ()) -> int:
        """Where the chunk that begins at ``step`` ends; at one of ``ends``, those of stages, at the latest."""
        mark = min(mark for mark in (*self.marks(steps), *ends) if mark > step)
        return min(step + self.log_every - step % self.log_every, mark)


def plan(
    arguments: Mapping[str, Any],
    axes: Sequence[Axis],
    chosen: Sequence[Setting],
    seeds: Sequence[int],
    at_once: Callable[[dict[str, Any]], int],
) -> list[Batch]:
    """Group a sweep's members into programs.

    Settings that change the program (architectures, losses, counts) make groups; the members of a group are
    cut into batches of at most ``at_once(arguments)``.
    """
    traced = [axis.name for axis in axes if axis.traced]
    groups: dict[str, tuple[dict[str, Any], list[Member]]] = {}
    for setting in chosen:
        shared = {name: value for name, value in setting.items() if name not in traced}
        _, members = groups.setdefault(json.dumps(shared), (shared, []))
        members += [Member(setting, seed) for seed in seeds]
    batches = []
    for shared, members in groups.values():
        whole = {name: value for name, value in arguments.items() if name not in traced} | shared
        size = at_once({**arguments, **members[0].setting})
        batches += [
            Batch(whole, members[start : start + size], traced)
            for start in range(0, len(members), size)
        ]
    return batches


def member_folder(folder: Path, setting: Setting, seed: int) -> Path:
    """Where what is kept of a member of the sweep in ``folder`` lies: pictures, its state, evaluations.

    >>> member_folder(Path("sweep"), {"lr": 0.001}, 3).as_posix()
    'sweep/members/lr-0.001-3-53e07325'
    """
    key = json.dumps([setting, seed], sort_keys=True)
    words = re.sub(r"[^\w.]+", "-", key).strip("-")[:80]
    return folder / "members" / f"{words}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def sweep(
    build: Callable[..., Experiment],
    batches: Sequence[Batch],
    run: RunDirectory,
    measures: Measures,
    *,
    resize: Callable[[Experiment], Experiment] = lambda experiment: experiment,
    way: str | None = None,
    log_every: int = 100,
    save_every: int = 1000,
    measure_times: int = 1,
    observe: Observer = lambda member, trained: None,
    stop: Callable[[], bool] = lambda: False,
) -> list[Record]:
    """Train all batches, going on where an earlier call was stopped, and write the tables.

    Args:
      build: the experiment function.
      batches: by `plan`.
      run: the sweep's directory, held.
      measures: what is measured of each member, at the end and at the other points asked for.
      resize: gives a built experiment its number of steps and its batch size.
      way: of computing members, as in `jgan.sweeps.population.population`.
      log_every: steps between rows.
      save_every: steps between checkpoints of the population in training.
      measure_times: evenly spaced points at which members are measured, the last of them the end.
      observe: shown every member that is about to be measured, for pictures of it.
      stop: asked after every chunk and every measurement; once it is true the population is saved and the
        sweep ends, to be gone on with by the next call. The tables are then not written.

    Returns:
      The records of all members, in the order of the batches; those of the finished batches if stopped.
    """
    if measure_times < 1:
        raise UserError(f"measure_times is {measure_times}, but must be at least 1.")
    cadence = Cadence(log_every, save_every, measure_times)
    folder = make_folder(run.path / "batches")
    members = sum(len(batch.members) for batch in batches)
    records: list[Record] = []
    with task("", members, "members", lasting=True) as shown:
        for number, batch in enumerate(batches):
            file = folder / f"{number:04d}.json"
            found = _kept(file, batch)
            if found is None:
                found = _train(
                    lambda **own: resize(build(**own)),
                    batch,
                    way,
                    run.path / "current" / f"{number:04d}",
                    file.with_suffix(".jsonl"),
                    measures,
                    observe,
                    cadence,
                    _Clock(shown, len(batch.members)),
                    stop,
                )
                if found is None:
                    return records
                write_atomically(file, json.dumps([record.as_json() for record in found]) + "\n")
                shutil.rmtree(run.path / "current", ignore_errors=True)
            else:
                shown.skip(len(batch.members))
            records += found
    write_tables(run.path, records)
    return records


def finished_members(folder: Path, batches: Sequence[Batch]) -> int:
    """How many members the sweep in ``folder`` has trained to their end."""
    files = [folder / "batches" / f"{number:04d}.json" for number in range(len(batches))]
    found = [read_records(file) for file in files]
    return sum(len(records) for records in found if records is not None)


def _kept(file: Path, batch: Batch) -> list[Record] | None:
    """The records of a batch that is finished, None for one that is to be trained."""
    if not file.exists():
        return None
    found = read_records(file)
    if found is None or len(found) != len(batch.members):
        warn(f"{str(file)!r} is damaged, so its {len(batch.members)} members are trained again.")
        file.unlink()
        return None
    return found


def _train(
    build: Callable[..., Experiment],
    batch: Batch,
    way: str | None,
    place: Path,
    log: Path,
    measures: Measures,
    observe: Observer,
    cadence: Cadence,
    clock: "_Clock",
    stop: Callable[[], bool],
) -> list[Record] | None:
    """The records of a population at its end, or None if it was stopped (its state is saved)."""
    values = {name: [own.setting[name] for own in batch.members] for name in batch.traced}
    seeds = [own.seed for own in batch.members]
    # One is kept, whose data fill the devices.
    stage = functools.lru_cache(1)(
        lambda number: population(build, batch.arguments, seeds, values, way, number)
    )
    whole = stage(0).whole
    steps, ends, members = whole.steps, whole.ends, len(batch.members)

    def measure(index: int, trained: Trained) -> Mapping[str, float]:
        observe(batch.members[index], trained)
        return measures(trained)

    make_folder(place.parent)
    with Checkpoints(place, keep=2) as checkpoints:
        if checkpoints.steps():
            like = lambda step: stage(whole.number(step)).shapes
            states = checkpoints.load_newest_intact(like)
        else:
            states = stage(0).init()
        step = int(states.step)
        made = stage(whole.number(step))
        clock.begin(step, steps)
        population_history = PopulationHistory(log, place.with_suffix(".measured"), step)
        while True:
            if step in cadence.marks(steps):
                # Measuring may take longer than training: what it looks at has to outlive a kill.
                checkpoints.save(states, step)
                if not population_history.measure(made, states, step, members, measure, stop):
                    return None
            if step == steps:
                break
            if step in ends:
                checkpoints.save(states, step)
                made = stage(ends.index(step) + 1)
                states = made.init(states)
            before, step = step, cadence.next(step, steps, ends)
            states, metrics = made.run(states, step - before)
            means = over_due(jax.device_get(metrics))
            row = {name: np.asarray(value).tolist() for name, value in means.items()}
            population_history.log({"step": step, **row})
            clock.update(step, steps)
            stopped = stop()
            if stopped or step // cadence.save_every > before // cadence.save_every:
                checkpoints.save(states, step)
            if stopped:
                return None
    return [_record(own, population_history, index) for index, own in enumerate(batch.members)]


def _record(own: Member, population_history: PopulationHistory, index: int) -> Record:
    history, measured = population_history.history(index), population_history.measures(index)
    end = diverged(history)
    at_end = measured[-1] if end is None else {}
    found = {name: value for name, value in at_end.items() if name != "step"}
    last = {name: value if finite(value) else None for name, value in history[-1].items()}
    return Record(own.setting, own.seed, end, found, last, measured)  # type: ignore[arg-type]


def summary(records: Sequence[Record]) -> list[dict[str, Any]]:
    """A row for each setting: its values, how many members and how many diverged, and their measures.

    Of each measure there are the mean and ``std``, the standard deviation over the seeds (divisor n - 1), None
    for one seed. Diverged members have no measures and count in no mean.
    """
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(json.dumps(record.setting), []).append(record)
    table = []
    for members in groups.values():
        row: dict[str, Any] = dict(members[0].setting)
        row["members"] = len(members)
        row["diverged"] = sum(own.diverged is not None for own in members)
        names = {name: None for own in members for name in own.measures}
        for name in names:
            values = [own.measures[name] for own in members if name in own.measures]
            row[f"{name} mean"] = float(np.mean(values))
            row[f"{name} std"] = float(np.std(values, ddof=1)) if len(values) > 1 else None
        table.append(row)
    return table


def write_tables(folder: Path, records: Sequence[Record]) -> None:
    """``members.csv`` and ``summary.csv``.

    ``diverged`` is a number of members in both: 0 or 1 in a member's line, whose ``diverged at step`` is empty
    unless it diverged.
    """
    members = [
        {
            **own.setting,
            "seed": own.seed,
            "diverged": int(own.diverged is not None),
            "diverged at step": own.diverged,
            **own.measures,
        }
        for own in records
    ]
    for name, rows in (("members", members), ("summary", summary(records))):
        columns = list({column: None for row in rows for column in row})
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(folder / f"{name}.csv", buffer.getvalue())


class _Clock:
    """Shows how far a population is; part of a training counts as part of a member."""

    def __init__(self, shown: Task, members: int) -> None:
        self._shown, self._members, self._first = shown, members, shown.done

    def begin(self, step: int, steps: int) -> None:
        """The population goes on from a step to which an earlier call has come."""
        self._shown.skip(self._members * step / steps)

    def update(self, step: int, steps: int) -> None:
        """The population has come to a step."""
        self._shown.update(
            self._first + self._members * step / steps,
            [f"step {step:,}/{steps:,} of {self._members} at once"],
        )
