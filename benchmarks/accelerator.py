"""The table of `speed.py` on a GPU or TPU, as one job that fits into some minutes and goes on if called again.

    python -m benchmarks.accelerator --torch-python PYTHON --out FILE.json --minutes 9

Each cell is one work at one batch size and precision with all its contenders: jgan's loop, the same step by
step (what that takes more is the host's time between dispatches), streamed from the host, populations of
seeds; torch eager, channels-last and compiled. FILE is written after every cell; cells that it holds are not
measured again, and none is begun that would probably not end in time. `--list` names the cells.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks._workers.client import BenchmarkError
from benchmarks._workers.report import commit, heading, machine, table
from benchmarks._workers.timing import Settings, sides, time_work
from benchmarks._workers.works import POPULATIONS
from benchmarks.speed import environment
from jgan.errors import UserError
from jgan.files import write_atomically

IMAGES = ("stepwise", "stream", "fused", "channels_last", "compile_channels_last")
POINTS = ("stepwise", "stream", *(f"seeds{count}" for count in POPULATIONS), "fused", "compile")
FIRST_GUESS = 90.0
"""Seconds that a cell is thought to take before one has been measured."""


class Cell(NamedTuple):
    """One work as it is timed here."""

    work: str
    batch: int
    dtype: str = "float32"
    variants: Sequence[str] = IMAGES

    @property
    def name(self) -> str:
        """What the results call it."""
        return f"{self.work} batch {self.batch} {self.dtype}"


def cells() -> Iterator[Cell]:
    """All cells, those that matter most first."""
    for work in ("dcgan32", "sngan32"):
        yield from (Cell(work, 64, dtype) for dtype in ("float32", "bfloat16"))
    yield Cell("mlp_ring", 64, variants=POINTS)
    for batch in (512, 4096):
        yield from (Cell("dcgan32", batch, dtype) for dtype in ("float32", "bfloat16"))
    yield from (Cell(work, 64) for work in ("dcgan64", "r1", "wgan_gp"))
    yield Cell("dcgan64", 512, "bfloat16")
    yield from (Cell("mlp_ring", batch, variants=POINTS) for batch in (512, 4096))


def tiny() -> Iterator[Cell]:
    """The same kinds of cells small enough to try this file on a CPU."""
    yield Cell("tiny", 4, variants=("stepwise", "stream", "fused"))
    yield Cell("tiny", 8, "bfloat16", variants=("fused",))
    yield Cell("tiny_mlp", 4, variants=("seeds4", "fused"))


def run(options: argparse.Namespace, say: Callable[[str], None]) -> bool:
    """Measure what FILE lacks as long as there is time; returns whether nothing is left."""
    began = time.monotonic()
    # Several processes hold memory of one device in turn.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    pythons = {"jgan": sys.executable}
    if options.torch_python:
        pythons["torch"] = options.torch_python
    facts = _read(options.out)
    if not facts:
        facts = {
            "machine": machine(),
            "commit": commit(),
            "python": sys.version,
            "environment": environment(),
            "sides": sides(pythons),
            "cells": {},
        }
        _write(options.out, facts)
    elif set(facts["sides"]) != set(pythons):
        raise BenchmarkError(
            f"{options.out} was measured with {' and '.join(facts['sides'])}; "
            f"go on with these, or give another --out."
        )
    for line in heading(facts):
        say(line)
    longest = FIRST_GUESS if not options.tiny else 0.0
    for cell in tiny() if options.tiny else cells():
        if cell.name in facts["cells"]:
            continue
        start = time.monotonic()
        if start - began + longest > 60 * options.minutes:
            say(f"out of time before {cell.name!r}; the same command goes on from here")
            return False
        facts["cells"][cell.name] = _measure_cell(cell, pythons, options, facts["sides"], say)
        _write(options.out, facts)
        longest = max(longest, time.monotonic() - start)
    return True


def _measure_cell(
    cell: Cell,
    pythons: dict[str, str],
    options: argparse.Namespace,
    about: dict[str, Any],
    say: Callable[[str], None],
) -> dict[str, Any]:
    changes = {"batch": cell.batch, "dtype": cell.dtype}
    settings = Settings(options.rounds, options.seconds, 1.0, cell.variants, changes)
    try:
        result = time_work(cell.work, pythons, settings, about, say)
    except BenchmarkError as error:  # too large for the device, say
        say(f"{cell.name} does not run: {error}")
        return {"error": str(error)}
    say(f"\n{cell.name}")
    for line in table(result):
        say(line)
    for name, row in result["contenders"].items():
        row["examples_per_second"] = cell.batch / row["seconds_median"]
        say(f"  {name:28}{row['examples_per_second']:>12,.0f} examples a second")
    return result


def _read(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        return json.loads(file.read_text())
    except ValueError as error:
        raise BenchmarkError(f"{file} is not a result of this benchmark: {error}.") from error


def _write(file: Path, facts: dict[str, Any]) -> None:
    write_atomically(file, json.dumps(facts, indent=1) + "\n")


def parse(words: Sequence[str] | None) -> argparse.Namespace:
    """The command line.

    Raises:
      BenchmarkError: if a number is not allowed.
    """
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--torch-python", metavar="PATH", help="interpreter that has torch")
    parser.add_argument("--out", type=Path, metavar="FILE", help="results, JSON")
    parser.add_argument("--minutes", type=float, default=9.0, help="for this call (9)")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of a contender (3)")
    parser.add_argument("--seconds", type=float, default=1.0, help="a measurement lasts (1)")
    parser.add_argument("--tiny", action="store_true", help="three tiny cells, to try it on a CPU")
    parser.add_argument("--list", action="store_true", help="name the cells and measure nothing")
    options = parser.parse_args(words)
    for name in ("minutes", "rounds", "seconds"):
        if getattr(options, name) <= 0:
            raise BenchmarkError(f"--{name} is {getattr(options, name)}, but must be positive.")
    if options.out is None and not options.list:
        raise BenchmarkError("--out is missing; it must name the file for the results.")
    return options


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; a user's mistake is one sentence on standard error and exit code 2."""
    try:
        options = parse(words)
        if options.list:
            print(*(cell.name for cell in cells()), sep="\n")
            return 0
        return 0 if run(options, lambda line: print(line, flush=True)) else 3
    except (BenchmarkError, UserError) as error:
        print(f"accelerator: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
