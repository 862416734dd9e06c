"""The legs of a sweep: to the first rung, from rung to rung, to the end. What one leaves the next goes on from.

A leg to a rung has a directory of its own:
rungs/250/0000.json     the records of a population that has come to step 250; 0000.jsonl its rows of metrics
rungs/250/states/0000/  its states, removed once the sweep is finished
rungs/250/current/      the population on its way there
rungs/250/decision.json which settings go on and which end here

The last leg, which of a sweep without rungs is the only one, is in batches/ and current/. The records of
members that ended at a rung lie in batches/ too, as batches/rung-250-0000.json.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jgan.errors import UserError
from jgan.files import parse_json, write_atomically
from jgan.rules import TrainState
from jgan.runs.checkpoint import SavedCheckpoints
from jgan.runs.logs import read_rows
from jgan.sweeps.axes import Setting
from jgan.sweeps.halving import Rungs, setting_key
from jgan.sweeps.parts import WHOLE, Part
from jgan.sweeps.plans import Member
from jgan.sweeps.records import Record, read_records


class Leg(NamedTuple):
    """A leg of a sweep.

    Attributes:
      end: the rung at which it ends; None for the end of the training.
      records: directory of what became of its populations.
      current: directory of the population that is in training.
      states: directory in which populations have their checkpoints.
      prefix: of the names of populations.
    """

    end: int | None
    records: Path
    current: Path
    states: Path
    prefix: str = ""


def legs(folder: Path, rungs: Rungs, part: Part) -> list[Leg]:
    """The legs of the sweep in ``folder``, in their order."""
    prefix = f"{part.name}-" if part.name else ""
    found = []
    for step in rungs.steps:
        own = folder / "rungs" / str(step)
        found.append(Leg(step, own, own / "current" / part.name, own / "states", prefix))
    current = folder / "current" / part.name
    return [*found, Leg(None, folder / "batches", current, current, prefix)]


def decision(leg: Leg) -> list[Setting] | None:
    """The settings that ended at the leg's rung; None before it is decided, or if a file of it is damaged."""
    if any(read_records(file) is None for file in populations(leg.records)):
        return None
    try:
        return [dict(one) for one in parse_json((leg.records / "decision.json").read_text())]
    except (OSError, ValueError, TypeError):
        return None


def ended_settings(folder: Path, rungs: Rungs) -> list[Setting] | None:
    """The settings that ended at any rung of the sweep in ``folder``; None if one is undecided."""
    found: list[Setting] = []
    for leg in legs(folder, rungs, WHOLE)[:-1]:
        ended = decision(leg)
        if ended is None:
            return None
        found += ended
    return found


def settle(leg: Leg, batches: Path, ended: Sequence[Setting]) -> None:
    """Write what became of members that end at a rung among the finished ones, and the decision.

    Several processes may do so at once: all write the same.

    Args:
      leg: to the rung.
      batches: directory of finished members.
      ended: their settings.
    """
    names = {setting_key(setting) for setting in ended}
    for file in populations(leg.records):
        records = read_records(file) or []
        chosen = [n for n, own in enumerate(records) if setting_key(own.setting) in names]
        if not chosen:
            continue
        place = batches / f"rung-{leg.end}-{file.stem}.json"
        rows = (columns(row, chosen) for row in read_rows(file.with_suffix(".jsonl")))
        write_atomically(place.with_suffix(".jsonl"), "".join(json.dumps(r) + "\n" for r in rows))
        own = [records[n]._replace(halved=leg.end).as_json() for n in chosen]
        write_atomically(place, json.dumps(own) + "\n")
    write_atomically(leg.records / "decision.json", json.dumps(list(ended)) + "\n")


def populations(folder: Path) -> list[Path]:
    """The files of records in a directory."""
    return sorted(file for file in folder.glob("*.json") if file.name != "decision.json")


def columns(row: Mapping[str, Any], chosen: Sequence[int]) -> dict[str, Any]:
    """A row of some of a population's members."""
    return {k: v if k == "step" else [v[n] for n in chosen] for k, v in row.items()}


class Place(NamedTuple):
    """Where a member is: file of its population, row in it, size of it, and its record."""

    file: Path
    row: int
    size: int
    record: Record


def carry_over(
    before: Leg,
    members: Sequence[Member],
    shapes: tuple[TrainState, TrainState],
    log: Path,
    measured: Path,
) -> TrainState | None:
    """The states in which a population begins where its members' former ones ended; writes its history so far.

    Args:
      before: the leg that they come from.
      members: of the new population, of one program.
      shapes: of its states at the rung, as `jgan.sweeps.population.Population` has them.
      log: file of its rows of metrics.
      measured: file of what is measured of it.

    Returns:
      None if states are not there or damaged; then nothing was written, and training from the beginning comes
      to the same.
    """
    assert before.end is not None
    every = places_of(before.records)
    if any(member.key not in every for member in members):
        return None
    places = [every[member.key] for member in members]
    files = list(dict.fromkeys(place.file for place in places))
    try:
        parts = [_states_of(before, file, places, shapes[0]) for file in files]
    except UserError:
        return None
    order = [n for file in files for n, place in enumerate(places) if place.file == file]
    turned = jnp.argsort(jnp.asarray(order))
    join = lambda *leaves: jnp.concatenate(leaves)[turned]
    joined = jax.tree.map(join, *(part.replace(step=(), began=()) for part in parts))
    states = joined.replace(step=parts[0].step, began=parts[0].began)
    rows = {file: {r["step"]: r for r in read_rows(file.with_suffix(".jsonl"))} for file in files}
    steps = sorted(set.intersection(*(set(own) for own in rows.values())))
    lines = []
    for step in steps:
        own = [columns(rows[place.file][step], [place.row]) for place in places]
        lines.append({k: v if k == "step" else [r[k][0] for r in own] for k, v in own[0].items()})
    write_atomically(log, "".join(json.dumps(line) + "\n" for line in lines))
    marks = [
        {"step": row["step"], "member": n, **{k: v for k, v in row.items() if k != "step"}}
        for n, place in enumerate(places)
        for row in place.record.learning_curve
    ]
    marks.sort(key=lambda row: row["step"])
    write_atomically(measured, "".join(json.dumps(row) + "\n" for row in marks))
    return jax.device_put(states, shapes[1])


def places_of(folder: Path) -> dict[str, Place]:
    """Where each member of a leg is, by its key; what is damaged is left out."""
    found = {}
    for file in populations(folder):
        records = read_records(file) or []
        for index, record in enumerate(records):
            found[record.member.key] = Place(file, index, len(records), record)
    return found


def _states_of(leg: Leg, file: Path, places: Sequence[Place], shapes: TrainState) -> TrainState:
    """The states of those members that were in one population, on the first device, in their order."""
    own = [place for place in places if place.file == file]
    resized = lambda leaf: jax.ShapeDtypeStruct((own[0].size, *leaf.shape[1:]), leaf.dtype)
    like = jax.tree.map(resized, shapes).replace(step=shapes.step, began=shapes.began)
    states = SavedCheckpoints(leg.states / file.stem).load(like, leg.end)
    chosen = jnp.asarray([place.row for place in own])
    part = jax.tree.map(lambda leaf: leaf[chosen], states.replace(step=(), began=()))
    return part.replace(step=states.step, began=states.began)


def remove_states(folder: Path) -> None:
    """Remove the states of a finished sweep's rungs, and what was in training."""
    shutil.rmtree(folder / "current", ignore_errors=True)
    for inner in ("states", "current"):
        for place in (folder / "rungs").glob(f"*/{inner}"):
            shutil.rmtree(place, ignore_errors=True)
