"""Sweeps: many settings and seeds of one experiment, trained as populations, in one resumable directory.

sweep.json's place is taken by settings.json; besides it a sweep's directory holds
batches/0000.json     the records of a population that is finished
batches/0000.jsonl    its rows of metrics, each a list over its members
current/              the population that is in training: its members, checkpoints, and what was measured so far
members.csv           a line a member; summary.csv a line a setting, with mean and standard deviation over seeds
"""

import functools
import itertools
import json
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from jgan.display import Task, task, warn
from jgan.errors import UserError
from jgan.files import make_folder, parse_json, write_atomically
from jgan.runs.checkpoint import Checkpoints
from jgan.runs.run import RunDirectory
from jgan.sweeps.histories import PopulationHistory, diverged, finite
from jgan.sweeps.member_tables import write_tables
from jgan.sweeps.plans import Batch, Member, batch_from_json, remaining
from jgan.sweeps.population import population
from jgan.sweeps.records import Record, read_records
from jgan.training.experiment import Experiment, Trained
from jgan.training.loop import over_due

Measures = Callable[[Trained], Mapping[str, float]]


Observer = Callable[[Member, Trained], None]
Keeper = Callable[[Member, Trained, Mapping[str, float]], None]


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
    keep: Keeper = lambda member, trained, measured: None,
    stop: Callable[[], bool] = lambda: False,
) -> list[Record]:
    """Train what the directory does not have yet of all batches, and write the tables of all members in it.

    A population that an earlier call left in training is finished first.

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
      keep: given every member that was measured and what was measured of it, to keep its state.
      stop: asked after every chunk and every measurement; once it is true the population is saved and the
        sweep ends, to be gone on with by the next call. The tables are then not written.

    Returns:
      The records of the batches' members, in their order; those of finished ones if stopped.
    """
    if measure_times < 1:
        raise UserError(f"measure_times is {measure_times}, but must be at least 1.")
    cadence = Cadence(log_every, save_every, measure_times)
    folder, current = make_folder(run.path / "batches"), run.path / "current"
    finished = finished_records(run.path, repair=True)
    members = [member for batch in batches for member in batch.members]
    before = sum(member.key in finished for member in members)
    with task("", len(members), "members", lasting=True) as shown:
        shown.skip(before)
        while True:
            begun = _begun(current, finished)
            left = remaining(batches, finished)
            if begun is None and not left:
                break
            number, batch = begun or (_free_number(folder), left[0])
            file = folder / f"{number:04d}.json"
            if begun is None:
                shutil.rmtree(current, ignore_errors=True)
                make_folder(current)
                text = json.dumps(batch.as_json()) + "\n"
                write_atomically(current / file.name, text)
            found = _train(
                lambda **own: resize(build(**own)),
                batch,
                way,
                current / file.stem,
                file.with_suffix(".jsonl"),
                measures,
                observe,
                keep,
                cadence,
                _Clock(shown, len(batch.members)),
                stop,
            )
            if found is None:
                return [finished[one.key] for one in members if one.key in finished]
            write_atomically(file, json.dumps([record.as_json() for record in found]) + "\n")
            shutil.rmtree(current, ignore_errors=True)
            finished |= {own.member.key: own for own in found}
    write_tables(run.path, sorted(finished.values(), key=lambda own: own.member.order))
    return [finished[member.key] for member in members]


def finished_records(folder: Path, *, repair: bool = False) -> dict[str, Record]:
    """What became of the members of the sweep in ``folder`` that are trained to their end, by their keys.

    Args:
      folder: the sweep's directory.
      repair: remove a file that is damaged, so that its members are trained again.

    Raises:
      UserError: if a file is damaged that is not to be removed.
    """
    found: dict[str, Record] = {}
    for file in sorted((folder / "batches").glob("*.json")):
        records = read_records(file)
        if records is None and not repair:
            raise UserError(
                f"{str(file)!r} is damaged; the same jgan sweep command trains its members again."
            )
        if records is None:
            warn(f"{str(file)!r} is damaged, so its members are trained again.")
            file.unlink()
        found |= {own.member.key: own for own in records or []}
    return found


def _begun(current: Path, finished: Mapping[str, Record]) -> tuple[int, Batch] | None:
    """The population that an earlier call left in training, and its number; None if there is none."""
    for file in sorted(current.glob("*.json")):
        try:
            batch = batch_from_json(parse_json(file.read_text()))
        except (OSError, ValueError, TypeError, KeyError):
            continue
        if not any(member.key in finished for member in batch.members):
            return int(file.stem), batch
    return None


def _free_number(folder: Path) -> int:
    """The least number that no finished population has."""
    return next(n for n in itertools.count() if not (folder / f"{n:04d}.json").exists())


def _train(
    build: Callable[..., Experiment],
    batch: Batch,
    way: str | None,
    place: Path,
    log: Path,
    measures: Measures,
    observe: Observer,
    keep: Keeper,
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
        found = measures(trained)
        keep(batch.members[index], trained, found)
        return found

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
