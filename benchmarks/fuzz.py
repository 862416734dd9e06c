"""Odd data, runs and flags drawn at random: every command must end well, or with one sentence.

    python -m benchmarks.fuzz --cases 2000 --out benchmarks/results/fuzz-cpu2.json
    python -m benchmarks.fuzz --cases 200 --seed 7 --keep kept

`make test` runs 100 of them (`tests/benchmarks/test_fuzz.py`). The same seed and the same version of hypothesis
give the same cases. One that is outside the rule of `benchmarks._fuzz.outcome` is printed with its commands,
and its folder is left in ``--keep``.
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
from benchmarks._fuzz.outcome import KEPT, run
from benchmarks._fuzz.world import World, make
from benchmarks._workers.report import commit, machine
from jgan.files import write_atomically
from jgan.runs.run import read_settings
from jgan.versions import versions

SHARE = 50
"""One case in so many trains, samples and goes on."""


def each(strategy: Any, count: int, seed: int, look: Callable[[Case], None]) -> int:
    """Look at ``count`` cases of a strategy; returns how many there were, fewer only if there are no more."""
    done = 0

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
        nonlocal done
        if done < count:
            done += 1
            look(case)

    all_cases()
    return done


def fuzz(
    world: World, count: int, seed: int, say: Callable[[str], None], keep: Path | None = None
) -> dict[str, Any]:
    """Run cases.

    Args:
      world: what they share.
      count: how many.
      seed: which.
      say: told of every case outside the rule, and now and then how far it is.
      keep: a folder in which those of the cases outside the rule are left.

    Returns:
      The counts of outcomes, of each command too, and the cases outside the rule, as JSON.
    """
    counts: Counter[str] = Counter()
    of_commands: dict[str, Counter[str]] = {}
    faults: list[dict[str, Any]] = []
    slowest = (0.0, "")
    began = time.perf_counter()
    usual = cases(all_flags(str(world.path / "probe.py")), read_settings(world.path / "run"))

    def look(case: Case) -> None:
        nonlocal slowest
        outcome = run(case, world, keep)
        counts[outcome.kind] += 1
        of_commands.setdefault(ascii(case.commands[0][0]), Counter())[outcome.kind] += 1
        slowest = max(slowest, (outcome.seconds, ascii(case.commands[0])))
        if outcome.kind not in KEPT:
            faults.append({**case.as_json(), **outcome._asdict()})
            say(f"{outcome.kind}: {case.as_json()}\n{outcome.message}")
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
    }


def keep_programs(folder: Path) -> None:
    """Keep what is compiled, and what jgan caches, in a folder; cases compile the same programs many times."""
    os.environ["JGAN_CACHE"] = str(folder / "cache")
    jax.config.update("jax_compilation_cache_dir", str(folder / "programs"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


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
    say = lambda line: print(line, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        keep_programs(Path(folder))
        found = fuzz(make(Path(folder)), options.cases, options.seed, say, options.keep)
    found |= {
        "machine": machine(),
        "commit": commit(),
        "versions": {**versions(), "hypothesis": hypothesis.__version__},
    }
    print(json.dumps({name: found[name] for name in ("outcomes", "seconds", "slowest")}, indent=2))
    if options.out:
        write_atomically(options.out, json.dumps(found, indent=1) + "\n")
    return 1 if found["outside the rule"] else 0


if __name__ == "__main__":
    sys.exit(main())
