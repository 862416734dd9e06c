"""How cost and memory of a training grow with its sizes and its devices, and what many devices should give.

    python -m benchmarks.scaling --out benchmarks/results/scaling-cpu2.json
    python -m benchmarks.scaling --quick
    python -m benchmarks.scaling --estimate             # the tables of docs/scaling.md; runs nothing

The first times steps of a small DCGAN through jgan's own training path against batch, resolution, width,
members of a population and fake CPU devices, by strong scaling (one batch that all devices share) and weak
scaling (a batch for each device), each number of devices in a process of its own. Fake devices share the
machine's cores, so eight cannot be faster than one: the question is whether time grows faster than the
operations. Memory is the compiler's own figure for one device, and so is what it sends to others.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks._scaling.cells import FULL, QUICK, Plan
from benchmarks._scaling.estimate import SHARE
from benchmarks._scaling.measure import TOLERANCE
from benchmarks._scaling.measure import run as measure
from benchmarks._scaling.paper import tables
from benchmarks._scaling.report import axis_table, layouts_table
from benchmarks._workers.client import ENVIRONMENT, BenchmarkError
from benchmarks._workers.report import commit, machine
from jgan.files import write_atomically
from jgan.versions import versions


def run(plan: Plan, out: Path | None = None) -> dict[str, Any]:
    """Measure ``plan``, printing as results come, and write them to ``out`` after each axis.

    Raises:
      BenchmarkError: if a worker process fails.
    """
    about = machine()
    facts: dict[str, Any] = {
        "machine": about,
        "versions": versions(),
        "commit": commit(),
        "environment": ENVIRONMENT,
        "tolerance": TOLERANCE,
        "results": {},
    }
    print(f"{about['processor']}, {about['cores']} cores; commit {facts['commit']}")

    def done(title: str, result: dict[str, Any]) -> None:
        facts["results"][title] = result
        lines = layouts_table(result) if title == "layouts" else axis_table(title, result)
        print("", *lines, sep="\n", flush=True)
        if out:
            write_atomically(out, json.dumps(facts, indent=1) + "\n")

    measure(plan, lambda line: print(line, flush=True), done)
    return facts


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; a mistake is one sentence on standard error and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write everything measured as JSON"
    )
    parser.add_argument("--quick", action="store_true", help="tiny sizes, one round, two devices")
    parser.add_argument("--estimate", action="store_true", help="print the paper estimate only")
    parser.add_argument(
        "--share", type=float, default=SHARE, help=f"of the peak, for the estimate ({SHARE})"
    )
    options = parser.parse_args(words)
    try:
        if options.estimate:
            print(*tables(options.share), sep="\n")
        else:
            run(QUICK if options.quick else FULL, options.out)
    except (BenchmarkError, ValueError) as error:
        print(f"scaling: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
