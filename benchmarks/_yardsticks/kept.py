"""Cells of a yardstick, each measured once and kept."""

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks._workers.report import commit, machine
from jgan.errors import UserError
from jgan.files import parse_json, write_atomically
from jgan.versions import versions

Measures = dict[str, float | None]


class Cell(NamedTuple):
    """One measurement.

    Attributes:
      row: what is measured, by the name of its row in the table.
      seed: under which seed.
      settings: all that decides the result, as JSON.
      measure: makes the numbers; None instead of them if it was stopped and goes on at the next call.
    """

    row: str
    seed: int
    settings: dict[str, Any]
    measure: Callable[[], Measures | None]


class Options(NamedTuple):
    """How yardsticks are measured.

    Attributes:
      scale: "published" for the authors' sizes, "laptop" for smaller ones.
      seeds: of the trainings; the published numbers of them by default.
      runs: the folder of the trainings, which go on from their checkpoints.
      digits: the labelled pictures that digits are taken from, as `jgan.data.load` takes them.
    """

    scale: str
    seeds: tuple[int, ...]
    runs: Path
    digits: str


def read(file: Path) -> dict[str, Any]:
    """What a file of results holds, without cells if it is not there.

    Raises:
      UserError: if it is no such file.
    """
    if not file.exists():
        return {"cells": {}}
    facts = parse_json(file.read_bytes())
    if not isinstance(facts, dict) or not isinstance(facts.get("cells"), dict):
        raise UserError(f"{str(file)!r} holds no results of a yardstick.")
    return facts


def measure(file: Path, cells: Iterable[Cell], stop: Callable[[], bool]) -> bool:
    """Measure the cells that a file has not, writing it after each.

    Args:
      file: of the results, JSON.
      cells: wanted; one that was measured with other settings is measured again.
      stop: whether to leave the rest to the next call.

    Returns:
      Whether all are there.
    """
    facts = read(file)
    for cell in cells:
        name = f"{cell.row}, seed {cell.seed}"
        settings = json.loads(json.dumps(cell.settings))
        known = facts["cells"].get(name)
        if known is not None and known["settings"] == settings:
            continue
        if stop():
            return False
        begin = time.perf_counter()
        found = cell.measure()
        if found is None:
            return False
        seconds = time.perf_counter() - begin
        facts["cells"][name] = {
            "row": cell.row,
            "seed": cell.seed,
            "settings": settings,
            "measures": found,
            "seconds": round(seconds, 1),
            "commit": commit(),
        }
        facts |= {"machine": machine(), "versions": versions()}
        write_atomically(file, json.dumps(facts, indent=1) + "\n")
        shown = ", ".join(
            f"{key} -" if value is None else f"{key} {value:.4g}" for key, value in found.items()
        )
        print(f"{name}: {seconds:.0f} s, {shown}", flush=True)
    return True
