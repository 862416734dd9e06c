"""Sweeps: many settings and seeds of one experiment, trained as populations, in one resumable directory.

sweep.json's place is taken by settings.json; besides it a sweep's directory holds
batches/0000.json     the records of a population that is finished; of part 3 of 8 it is 3-of-8-0000.json
batches/0000.jsonl    its rows of metrics, each a list over its members
current/              the population that is in training: its members, checkpoints, and what was measured so far
rungs/                the same of each leg to a rung (`jgan.sweeps.legs`)
members.csv           a line a member; summary.csv a line a setting, with mean and standard deviation over seeds
"""

import itertools
import json
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from jgan.display import Task, task, warn
from jgan.errors import UserError
from jgan.files import make_folder, parse_json, write_atomically
from jgan.runs.run import RunDirectory
from jgan.sweeps.axes import Setting
from jgan.sweeps.batch_training import (
    Cadence,
    Clock,
    Keeper,
    Measures,
    Observer,
    Training,
    train_batch,
)
from jgan.sweeps.halving import NONE, Rungs, halved, setting_key
from jgan.sweeps.legs import (
    Leg,
    decision,
    ended_settings,
    legs,
    places_of,
    populations,
    remove_states,
    settle,
)
from jgan.sweeps.member_tables import write_tables
from jgan.sweeps.parts import WHOLE, Part
from jgan.sweeps.plans import Batch, Member, batch_from_json, remaining
from jgan.sweeps.records import Record, read_records
from jgan.training.experiment import Experiment


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
    rungs: Rungs = NONE,
    later: Sequence[Batch] = (),
    part: Part = WHOLE,
    observe: Observer = lambda member, trained: None,
    keep: Keeper = lambda member, trained, measured: None,
    stop: Callable[[], bool] = lambda: False,
) -> list[Record]:
    """Train what the directory does not have yet of all batches, and write the tables of all members in it.

    A population that an earlier call left in training is finished first. The tables are written once all
    members are finished, by whichever part finishes the last of them.

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
      rungs: numbers of updates after which the worse settings end, by `jgan.sweeps.halving`.
      later: other seeds of the same settings, which decide no rung: those of settings that go on at all rungs
        are trained, from the beginning to the end.
      part: of the batches that is trained here; a rung is left only when all parts have come to it.
      observe: shown every member that is about to be measured, for pictures of it.
      keep: given every member that was measured and what was measured of it, to keep its state.
      stop: asked after every chunk and every measurement; once it is true the population is saved and the
        sweep ends, to be gone on with by the next call.

    Returns:
      The records of the batches' members, in their order; those of finished ones if it was stopped or other
      parts are not finished.
    """
    if measure_times < 1:
        raise UserError(f"measure_times is {measure_times}, but must be at least 1.")
    cadence = Cadence(log_every, save_every, measure_times, rungs.steps)
    sized = lambda **own: resize(build(**own))
    training = Training(sized, way, measures, observe, keep, cadence, stop)
    every, others, before = members_of(batches), members_of(later), None
    make_folder(run.path / "batches")
    settled = finished_records(run.path, repair=True)
    with task("", len(every) + len(others), "members", lasting=True) as shown:
        shown.skip(sum(member.key in settled for member in (*every, *others)))
        for leg in legs(run.path, rungs, part):
            make_folder(leg.records)
            ended = None if leg.end is None else decision(leg)
            progress = _Progress(shown, rungs, before, leg, settled)
            progress.skip(places_of(leg.records))
            if ended is None and not _train(training, batches, leg, before, part, progress):
                break
            if leg.end is None:
                _train(training, later, leg, None, part, progress)
                break
            if ended is None:
                ended = halved(batches, _records(leg.records), rungs)
            if ended is None:
                break
            # Again if it was decided before: the process that decided may have been killed since.
            settle(leg, run.path / "batches", ended)
            names = {setting_key(setting) for setting in ended}
            gone = _of_settings(batches, names)
            shown.skip(sum(key not in settled for key in gone) * (1 - leg.end / rungs.end))
            shown.skip(len(_of_settings(later, names)))
            batches, before = remaining(batches, gone), leg
            later = remaining(later, _of_settings(later, names))
    found = finished_records(run.path)
    if all_finished(found, every, others, ended_settings(run.path, rungs)):
        write_tables(run.path, sorted(found.values(), key=lambda own: own.member.order))
        remove_states(run.path)
    return [found[member.key] for member in (*every, *others) if member.key in found]


def members_of(batches: Sequence[Batch]) -> list[Member]:
    """The members of batches, in their order."""
    return [member for batch in batches for member in batch.members]


def all_finished(
    finished: Collection[str],
    members: Sequence[Member],
    later: Sequence[Member],
    ended: Sequence[Setting] | None,
) -> bool:
    """Whether all members of a sweep are finished.

    Args:
      finished: keys of members.
      members: that come to the rungs, if there are rungs.
      later: that are trained only if their settings go on at all rungs.
      ended: settings that ended at a rung; None if one is undecided.
    """
    if ended is None:
        return False
    names = {setting_key(setting) for setting in ended}
    needed = [*members, *(own for own in later if setting_key(own.setting) not in names)]
    return all(member.key in finished for member in needed)


def _of_settings(batches: Sequence[Batch], names: Collection[str]) -> set[str]:
    """The keys of members whose settings have these names."""
    return {own.key for own in members_of(batches) if setting_key(own.setting) in names}


class _Progress(NamedTuple):
    """What is shown of a sweep while it goes a leg."""

    shown: Task
    rungs: Rungs
    before: Leg | None
    leg: Leg
    settled: Mapping[str, Record]

    @property
    def share(self) -> float:
        """Of a member's training, done before the leg."""
        return self.before.end / self.rungs.end if self.before and self.before.end else 0.0

    def skip(self, finished: Collection[str]) -> None:
        """Members have gone the leg in an earlier call or another part."""
        if self.leg.end is not None:
            new = sum(key not in self.settled for key in finished)
            self.shown.skip(new * (self.leg.end / self.rungs.end - self.share))


def _train(
    training: Training,
    batches: Sequence[Batch],
    leg: Leg,
    before: Leg | None,
    part: Part,
    progress: _Progress,
) -> bool:
    """Let a part's members go a leg; whether they have, and were not stopped."""
    finished = _records(leg.records, repair=True)
    own = part.own(batches)
    carried = places_of(before.records) if before else {}
    while True:
        begun = next(_begun(leg, part, finished), None)
        left = remaining(own, finished)
        if begun is None and not left:
            return True
        here, name, batch = begun or (leg, leg.prefix + _free_number(leg), left[0])
        if begun is None:
            _remove(leg, name)
            make_folder(leg.current)
            write_atomically(leg.current / f"{name}.json", json.dumps(batch.as_json()) + "\n")
        comes = batch.members[0].key in carried
        clock = Clock(progress.shown, len(batch.members), progress.share if comes else 0.0)
        found = train_batch(training, batch, name, here, before if comes else None, clock)
        if found is None:
            return False
        text = json.dumps([record.as_json() for record in found]) + "\n"
        write_atomically(leg.records / f"{name}.json", text)
        _remove(here, name, states=leg.end is None)
        finished |= {record.member.key: record for record in found}


def finished_records(folder: Path, *, repair: bool = False) -> dict[str, Record]:
    """What became of the members of the sweep in ``folder`` whose training has ended, by their keys.

    Args:
      folder: the sweep's directory.
      repair: remove a file that is damaged, so that its members are trained again.

    Raises:
      UserError: if a file is damaged that is not to be removed.
    """
    return _records(folder / "batches", repair=repair)


def _records(folder: Path, *, repair: bool = False) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for file in populations(folder):
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


def _begun(leg: Leg, part: Part, finished: Collection[str]) -> Iterator[tuple[Leg, str, Batch]]:
    """The populations that earlier calls left in training: leg, name and members.

    A whole sweep goes on with those of its parts, too.
    """
    files = sorted(leg.current.glob("*.json"))
    if part == WHOLE:
        files += sorted(leg.current.glob("*/*.json"))
    for file in files:
        try:
            batch = batch_from_json(parse_json(file.read_text()))
        except (OSError, ValueError, TypeError, KeyError):
            continue
        if not any(member.key in finished for member in batch.members):
            states = leg.states if leg.end is not None else file.parent
            yield leg._replace(current=file.parent, states=states), file.stem, batch


def _free_number(leg: Leg) -> str:
    """The least number that no finished population of this part has."""
    numbers = (f"{n:04d}" for n in itertools.count())
    return next(n for n in numbers if not (leg.records / f"{leg.prefix}{n}.json").exists())


def _remove(leg: Leg, name: str, states: bool = True) -> None:
    """Remove what a population in training has left, its states only where no other leg needs them."""
    for suffix in (".json", ".measured"):
        (leg.current / f"{name}{suffix}").unlink(missing_ok=True)
    if states:
        shutil.rmtree(leg.states / name, ignore_errors=True)
