"""Odd data, runs and flags drawn at random: every command must end well, or with one sentence.

    python -m benchmarks.fuzz --cases 2000 --out benchmarks/results/fuzz-cpu2.json
    python -m benchmarks.fuzz --cases 200 --seed 7 --keep kept

The cases are those of `tests/benchmarks/test_fuzz.py`, of which `make test` runs 100. With the same seed and the
same version of hypothesis they are the same cases. A case outside the rule is printed with its commands, and its
folder is left in ``--keep``.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import jax
from hypothesis import HealthCheck, Phase, given, settings

from benchmarks._fuzz.case import Case
from benchmarks._fuzz.cases import cases, trained
from benchmarks._fuzz.flags import all_flags
from benchmarks._fuzz.outcome import KEPT, Outcome, run
from benchmarks._fuzz.world import make
from benchmarks._workers.report import commit, machine
from jgan.training.files import write_atomically
from jgan.training.run import read_settings, versions

SHARE = 50
"""One case in so many trains, samples and goes on."""


def each(strategy: Any, count: int, seed: int, look: Callable[[Case], None]) -> int:
    """Look at ``count`` cases of a strategy; returns how many there were, fewer only if there are no more."""
    seen = 0

    @hypothesis.seed(seed)
    @settings(
        max_examples=10 * count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def all_cases(case: Case) -> None:
        nonlocal seen
        if seen < count:
            seen += 1
            look(case)

    all_cases()
    return seen


def fuzz(count: int, seed: int, keep: Path | None, say: Callable[[str], None]) -> dict[str, Any]:
    """Run cases; returns their outcomes as JSON."""
    counts: Counter[str] = Counter()
    of_commands: dict[str, Counter[str]] = {}
    faults: list[dict[str, Any]] = []
    slowest = (0.0, "")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["JGAN_CACHE"] = f"{folder}/cache"
        for name, value in (
            ("jax_compilation_cache_dir", f"{folder}/programs"),
            ("jax_persistent_cache_min_compile_time_secs", 0.0),
            ("jax_persistent_cache_min_entry_size_bytes", -1),
        ):
            jax.config.update(name, value)
        world = make(Path(folder))
        usual = cases(all_flags(f"{folder}/probe.py"), read_settings(world.path / "run"))

        def look(case: Case) -> None:
            nonlocal slowest
            outcome: Outcome = run(case, world, keep)
            counts[outcome.kind] += 1
            of_commands.setdefault(ascii(case.commands[0][0]), Counter())[outcome.kind] += 1
            slowest = max(slowest, (outcome.seconds, ascii(case.commands[0])))
            if outcome.kind not in KEPT:
                faults.append({**case.told(), **outcome._asdict()})
                say(f"{outcome.kind}: {case.told()}\n{outcome.told}")
            if counts.total() % 100 == 0:
                say(f"{counts.total()} cases, {time.perf_counter() - began:.0f} s: {dict(counts)}")

        few = -(-count // SHARE)
        each(usual, count - few, seed, look)
        each(trained(), few, seed, look)
    return {
        "cases": counts.total(),
        "seed": seed,
        "outcomes": dict(counts),
        "commands": {name: dict(own) for name, own in sorted(of_commands.items())},
        "seconds": round(time.perf_counter() - began, 1),
        "slowest": {"seconds": round(slowest[0], 2), "command": slowest[1]},
        "outside the rule": faults,
        "machine": machine(),
        "commit": commit(),
        "versions": {**versions(), "hypothesis": hypothesis.__version__},
    }


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; exit code 1 if a case is outside the rule."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the counts as JSON")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="for the folders of cases outside the rule"
    )
    options = parser.parse_args(words)
    found = fuzz(options.cases, options.seed, options.keep, lambda line: print(line, flush=True))
    print(json.dumps({name: found[name] for name in ("outcomes", "seconds", "slowest")}, indent=2))
    if options.out:
        write_atomically(options.out, json.dumps(found, indent=1) + "\n")
    return 1 if found["outside the rule"] else 0


if __name__ == "__main__":
    sys.exit(main())
