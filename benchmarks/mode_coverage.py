"""Mode coverage of losses, penalties and remedies on ring, grid, 1200 dimensions and Stacked MNIST.

    python -m benchmarks.mode_coverage --data ring grid --out benchmarks/results/mode-coverage-cpu2.json

All seeds of a method are one population (`jgan.sweeps.population`) of `experiments/coverage.py`. A
finished cell, one method on one data set, is kept in the JSON file; a killed run goes on behind it.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._coverage.cells import measure
from benchmarks._coverage.methods import METHODS, SCALES
from benchmarks._coverage.pictures import picture
from benchmarks._coverage.table import table
from benchmarks._workers.report import commit, machine
from jgan.errors import UserError
from jgan.files import make_folder, write_atomically
from jgan.training.devices import one_device_a_core
from jgan.versions import versions


def main(words: Sequence[str] | None = None) -> int:
    """Measure what is not yet in the file, print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--scale", choices=SCALES, default="laptop", help="sizes, see benchmarks/README.md")
    add("--data", nargs="+", choices=list(SCALES["laptop"]), default=["ring", "grid"])
    add("--methods", nargs="+", choices=list(METHODS), help="default: those of the data set")
    add("--seeds", type=int, help="how many (default: of the data set)")
    add("--digits", default="fashion", help="labelled pictures to stack, such as mnist:FOLDER")
    add(
        "--out",
        type=Path,
        help="results.json, continued if it is there; tables and pictures go beside it",
    )
    add("--samples", type=Path, default=Path("runs/mode_coverage"), help="where samples are kept")
    options = parser.parse_args(words)
    one_device_a_core()
    try:
        run(options)
    except UserError as error:
        print(f"mode_coverage: {error}", file=sys.stderr)
        return 2
    return 0


def run(options: argparse.Namespace) -> dict[str, Any]:
    """All cells asked for; returns what the file holds."""
    if options.seeds is not None and options.seeds < 1:
        raise UserError(f"--seeds is {options.seeds}, but must be at least 1.")
    facts = _earlier(options.out)
    for data in options.data:
        size = SCALES[options.scale][data]
        size = size._replace(seeds=options.seeds or size.seeds)
        for method in options.methods or size.methods:
            name = f"{data}, {method}"
            settings = size.settings(method, options.digits)
            known = facts["cells"].get(name)
            if known and known["asked"] == settings:
                print(f"{name}: kept", flush=True)
                continue
            begin = time.perf_counter()
            measured = measure(size, method, options.digits)
            seconds = time.perf_counter() - begin
            facts["cells"][name] = {
                "asked": settings,
                "seconds": seconds,
                "commit": commit(),
                **measured.facts,
            }
            facts |= {"machine": machine(), "versions": versions()}
            print(f"{name}: {seconds:.0f} s, {measured.summary}", flush=True)
            np.save(make_folder(options.samples) / f"{name}.npy", measured.shown)
            if options.out:
                write_atomically(options.out, json.dumps(facts, indent=1) + "\n")
    if options.out:
        write_atomically(options.out.with_suffix(".txt"), _tables(SCALES["laptop"], facts))
    for data in options.data:
        print("\n" + "\n".join(table(data, facts["cells"])))
        if options.out and data != "high":
            files = {m: options.samples / f"{data}, {m}.npy" for m in METHODS}
            shown = {m: np.load(file) for m, file in files.items() if file.exists()}
            picture(data, shown, options.out.with_name(f"{options.out.stem}-{data}.png"))
    return facts


def _tables(names: Iterable[str], facts: dict[str, Any]) -> str:
    """The tables of the data sets that have results."""
    tables = ("\n".join(table(data, facts["cells"])) for data in names)
    return "\n\n".join(text for text in tables if text) + "\n"


def _earlier(out: Path | None) -> dict[str, Any]:
    if out is None or not out.exists():
        return {"cells": {}}
    try:
        facts = json.loads(out.read_text())
        facts["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"--out is {str(out)!r}, which holds no results of this benchmark."
        ) from error
    return facts


if __name__ == "__main__":
    sys.exit(main())
