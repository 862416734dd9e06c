"""Times the feature networks of jgan and of PyTorch on this machine, in turns, and compares their values.

    python benchmarks/features.py --torch-python ENVIRONMENT/bin/python --json features.json

Inception-2015-12-05 and EfficientNet-Lite0 with the same random weights on the same images: one call is 32
images in the network's own size, float32. jgan's way is the one that `jgan.evaluation.extraction` runs.
PyTorch runs as published (``eager``), in channels-last memory, with batch normalisation folded into the
convolutions, and with both; the fastest is the opponent, and the ratio to ``eager`` is given besides.
Rounds that other processes disturbed are thrown away (benchmarks/README.md). The ratio of CPU seconds (the
least of each side) stands besides: on a machine that is never quiet it is the one to trust, with one core
for all (``taskset -c 0 python benchmarks/features.py ...``), because threads that wait also use CPU.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it also runs as a file

from benchmarks._workers.client import ENVIRONMENT, BenchmarkError, Worker
from benchmarks._workers.features_works import NETWORKS, VARIANTS
from benchmarks._workers.report import commit, duration, machine
from benchmarks._workers.rounds import Rounds, ratio, seconds, summary, take_turns

OURS = "jgan/compiled"
TOLERANCE = 1e-4
"""Largest difference between both sides' features, relative to the largest feature."""


def time_network(name: str, pythons: dict[str, str], options: argparse.Namespace) -> dict[str, Any]:
    """All contenders of one network: checked against each other, timed in turns."""
    workers: dict[str, Worker] = {}
    prepared: dict[str, dict[str, Any]] = {}
    try:
        for side, variants in VARIANTS.items():
            for variant in variants:
                kind = "features_jax" if side == "jgan" else "features_torch"
                workers[f"{side}/{variant}"] = Worker(pythons[side], kind)
        shapes = workers["torch/eager"].ask("shapes", work=name)
        for contender, worker in workers.items():
            variant = contender.split("/")[1]
            prepared[contender] = worker.ask("prepare", work=name, variant=variant, shapes=shapes)
        difference = _difference({one: np.asarray(p["features"]) for one, p in prepared.items()})
        if difference > TOLERANCE:
            raise BenchmarkError(f"{name}: features differ by {difference:.2e} of their largest.")
        rounds = take_turns(
            list(workers),
            lambda contender: workers[contender].measure(options.calls),
            options.rounds,
            options.disturbance,
            lambda line: print(f"{name}: {line}", flush=True),
        )
    finally:
        for worker in workers.values():
            worker.close()
    return {
        "network": name,
        **NETWORKS[name]._asdict(),
        **_result(rounds, prepared, difference, options.calls),
    }


def _difference(features: dict[str, np.ndarray]) -> float:
    ours = features[OURS]
    return max(
        float(np.abs(ours - theirs).max() / np.abs(ours).max()) for theirs in features.values()
    )


def _result(
    rounds: Rounds, prepared: dict[str, Any], difference: float, calls: int
) -> dict[str, Any]:
    rows = {
        name: {
            **summary(seconds(rounds, name)),
            "cpu_seconds": min(one[name]["cpu_seconds"] for one in rounds.kept) / calls,
            "first_call_seconds": prepared[name]["compile_seconds"],
        }
        for name in prepared
    }
    fastest = min(row["cpu_seconds"] for name, row in rows.items() if name != OURS)
    return {
        "relative_difference": difference,
        "contenders": rows,
        "cpu_ratio": rows[OURS]["cpu_seconds"] / fastest,
        "against_fastest": ratio(rounds, OURS, [name for name in rows if name != OURS]),
        "against_published": ratio(rounds, OURS, ["torch/eager"]),
        "rounds": len(rounds.kept),
        "rounds_thrown_away": rounds.discarded,
        "disturbed": rounds.disturbed,
        "every_round": rounds.kept,
    }


def table(result: dict[str, Any]) -> list[str]:
    """The result of one network as lines."""
    lines = [f"{result['network']}: {result['batch']} images of {result['side']}x{result['side']}"]
    for name, row in result["contenders"].items():
        speed = f"{result['batch'] / row['median']:.1f} images/s"
        cpu = f"CPU {duration(row['cpu_seconds'])}"
        lines.append(
            f"  {name:28}{duration(row['median']):>9}{row['spread']:>7.0%}{speed:>18}{cpu:>14}"
        )
    for key in ("against_fastest", "against_published"):
        found = result[key]
        around = f"(round by round {found['least']:.3f} to {found['greatest']:.3f})"
        lines.append(f"  ratio {OURS} over {found['opponent']}: {found['ratio']:.3f} {around}")
    lines.append(f"  ratio of CPU seconds to the least of torch's: {result['cpu_ratio']:.3f}")
    warning = "; DISTURBED by other processes, not fit to be quoted" if result["disturbed"] else ""
    thrown = result["rounds_thrown_away"]
    lines.append(f"  largest difference {result['relative_difference']:.1e} of the largest feature")
    return [*lines, f"  {result['rounds']} rounds kept, {thrown} thrown away{warning}"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; a user's mistake is one sentence on standard error and exit code 2."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--torch-python", metavar="PATH", required=True, help="interpreter that has torch")
    add("--networks", nargs="+", choices=list(NETWORKS), default=list(NETWORKS))
    add("--rounds", type=int, default=5, help="quiet rounds (5)")
    add("--calls", type=int, default=2, help="calls in a measurement (2)")
    add("--disturbance", type=float, default=0.05, help="share of the machine for others (0.05)")
    add("--json", metavar="FILE", type=Path, help="write everything measured")
    options = parser.parse_args(arguments)
    pythons = {"jgan": sys.executable, "torch": options.torch_python}
    try:
        sides = {}
        for side, kind in (("jgan", "features_jax"), ("torch", "features_torch")):
            worker = Worker(pythons[side], kind)
            sides[side] = worker.ask("facts")
            worker.close()
        facts: dict[str, Any] = {
            "machine": machine(),
            "commit": commit(),
            "environment": dict(ENVIRONMENT),
            "sides": sides,
            "networks": [],
        }
        for name in options.networks:
            result = time_network(name, pythons, options)
            facts["networks"].append(result)
            print(*table(result), sep="\n", flush=True)
            if options.json:
                options.json.write_text(json.dumps(facts, indent=1) + "\n")
    except BenchmarkError as error:
        print(f"features: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
