"""Times whole two-player training steps of jgan and of PyTorch on this machine, in turns.

Run ``python benchmarks/speed.py --torch-python ENVIRONMENT/bin/python --json speed.json``;
benchmarks/README.md says what is measured and how.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs as a file

from benchmarks._workers.client import ENVIRONMENT, BenchmarkError
from benchmarks._workers.report import cold_table, commit, heading, machine, table
from benchmarks._workers.timing import Settings, sides, time_cold, time_work
from benchmarks._workers.works import VARIANTS, WORKS

DEFAULT = [name for name in WORKS if not name.startswith("tiny")]


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line.

    Raises:
      BenchmarkError: if a work, a variant or a number is not allowed.
    """
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--torch-python", metavar="PATH", help="interpreter that has torch")
    parser.add_argument("--work", nargs="+", default=DEFAULT, help=f"of {', '.join(WORKS)}")
    parser.add_argument(
        "--variants", nargs="+", help="to run beside jgan's loop; default: see README"
    )
    parser.add_argument("--rounds", type=int, default=5, help="quiet rounds (5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="a measurement lasts (2)")
    parser.add_argument(
        "--disturbance", type=float, default=0.05, help="share of the machine left to others (0.05)"
    )
    parser.add_argument("--cold", action="store_true", help="time first steps, not later ones")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write everything measured")
    options = parser.parse_args(arguments)
    allowed = [name for names in VARIANTS.values() for name in names]
    for kind, given, known in (
        ("work", options.work, list(WORKS)),
        ("variants", options.variants or [], allowed),
    ):
        unknown = [name for name in given if name not in known]
        if unknown:
            raise BenchmarkError(f"--{kind} has {unknown[0]!r}, but must be of {', '.join(known)}.")
    for name in ("rounds", "seconds"):
        if getattr(options, name) <= 0:
            raise BenchmarkError(f"--{name} is {getattr(options, name)}, but must be positive.")
    return options


def environment() -> dict[str, str]:
    """What is set for the workers, and what they inherit that bears on speed."""
    kinds = ("OMP_", "GOMP_", "KMP_", "MKL_", "XLA_", "JAX_", "TORCH", "LD_PRELOAD")
    inherited = {name: value for name, value in os.environ.items() if name.startswith(kinds)}
    return {**inherited, **ENVIRONMENT}


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure, printing as results come, and write the file after each work."""
    pythons = {"jgan": sys.executable}
    if options.torch_python:
        pythons["torch"] = options.torch_python
    else:
        print("without --torch-python only jgan is timed")
    facts: dict[str, Any] = {
        "machine": machine(),
        "commit": commit(),
        "python": sys.version,
        "environment": environment(),
        "sides": sides(pythons),
        "works": [],
    }
    print(*heading(facts), sep="\n", flush=True)
    settings = Settings(options.rounds, options.seconds, options.disturbance, options.variants)
    say = lambda line: print(line, flush=True)
    for work in options.work:
        if options.cold:
            result: dict[str, Any] = {"work": work, "cold": time_cold(work, pythons)}
            lines = [work, *cold_table(result["cold"])]
        else:
            result = time_work(work, pythons, settings, facts["sides"], say)
            lines = list(table(result))
        facts["works"].append(result)
        print("", *lines, sep="\n", flush=True)
        if options.json:
            options.json.write_text(json.dumps(facts, indent=1) + "\n")
    return facts


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; a user's mistake is one sentence on standard error and exit code 2."""
    try:
        run(parse(arguments))
    except BenchmarkError as error:
        print(f"speed: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
