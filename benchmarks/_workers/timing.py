"""One work, timed on all its contenders; and how long the first step takes in a fresh process."""

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks._workers.client import BenchmarkError, Worker
from benchmarks._workers.rounds import check_same_parameters, ratio, seconds, summary, take_turns
from benchmarks._workers.works import SHOWN_ONLY, VARIANTS, WORKS, applies, changed, variants

Pythons = Mapping[str, str]
"""The interpreter of each side, ``"jgan"`` and, unless left out, ``"torch"``."""


class Settings(NamedTuple):
    """How to measure.

    Attributes:
      rounds: quiet rounds wanted.
      seconds: length of one measurement, at least one step.
      disturbance: the largest share of the machine that other processes may use.
      variants: names of variants to run beside jgan's loop, or None for each work's own list.
      changes: fields of the works that have other values.
    """

    rounds: int = 5
    seconds: float = 2.0
    disturbance: float = 0.05
    variants: Sequence[str] | None = None
    changes: Mapping[str, Any] | None = None


def sides(pythons: Pythons) -> dict[str, Any]:
    """Versions, threads and the matrix-product peak of each side, from a process of its own."""
    found = {}
    for side, python in pythons.items():
        worker = Worker(python, side)
        try:
            found[side] = {**worker.ask("facts"), **worker.ask("peak")}
        except BenchmarkError as error:
            raise BenchmarkError(f"{python!r} cannot run the {side} side: {error}") from error
        finally:
            worker.close()
    return found


def contenders(work: str, pythons: Pythons, chosen: Sequence[str] | None) -> list[tuple[str, str]]:
    """``(side, variant)`` of everything that runs this work, jgan's own way first."""
    found = []
    for side in pythons:
        names = variants(side, WORKS[work])
        if chosen is not None:
            wanted = ["loop", *(name for name in chosen if applies(name, WORKS[work]))]
            names = [name for name in VARIANTS[side] if name in wanted]
        found += [(side, name) for name in names]
    return found


def time_work(
    work: str,
    pythons: Pythons,
    settings: Settings,
    facts: Mapping[str, Any],
    say: Callable[[str], None],
) -> dict[str, Any]:
    """All contenders of one work: prepared, checked against each other, timed in turns."""
    workers: dict[str, Worker] = {}
    prepared: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    try:
        for side, variant in contenders(work, pythons, settings.variants):
            name = f"{side}/{variant}"
            workers[name] = Worker(pythons[side], side)
            try:
                prepared[name] = workers[name].ask(
                    "prepare", work=work, variant=variant, changes=settings.changes
                )
            except BenchmarkError as error:
                if side == "jgan":
                    raise
                failed[name] = str(error)
                workers.pop(name).close()
                say(f"{work} {name} does not run: {error}")
        difference = check_same_parameters({n: p["parameters"] for n, p in prepared.items()})
        if difference:
            raise BenchmarkError(f"{work}: {difference}")
        steps = {}
        for name, worker in workers.items():
            steps[name] = _steps(worker, settings.seconds, changed(work, settings.changes).period)
        rounds = take_turns(
            list(workers),
            lambda name: workers[name].measure(steps[name]),
            settings.rounds,
            settings.disturbance,
            lambda line: say(f"{work}: {line}"),
        )
    finally:
        for worker in workers.values():
            worker.close()
    rows = {}
    for name in workers:
        times = summary(seconds(rounds, name))
        flops, peak = prepared[name]["flops"], facts[name.split("/")[0]]["flops_per_second"]
        memory = max(one[name]["peak_bytes"] for one in rounds.kept)
        share = flops / times["median"] / peak if flops else None
        rows[name] = {
            **{f"seconds_{key}": value for key, value in times.items() if key != "spread"},
            **{"spread": times["spread"], "flops": flops, "share_of_peak": share},
            **{"peak_bytes": memory, "first_call_seconds": prepared[name]["compile_seconds"]},
            "steps_a_measurement": steps[name],
        }
    opponents = [name for name in rows if name.startswith("torch/") and name[6:] not in SHOWN_ONLY]
    return {
        "work": work,
        "settings": changed(work, settings.changes)._asdict(),
        "parameters": prepared["jgan/loop"]["parameters"],
        "contenders": rows,
        "failed": failed,
        "against": ratio(rounds, "jgan/loop", opponents),
        "rounds": len(rounds.kept),
        "rounds_thrown_away": rounds.discarded,
        "disturbed": rounds.disturbed,
        "every_round": rounds.kept,
    }


def _steps(worker: Worker, seconds: float, period: int) -> int:
    """How many steps take about this long, a multiple of ``period``, from trials that also warm up."""
    count = period
    wall = worker.measure(count)["wall_seconds"]
    while wall < seconds / 10 and count < 1_000_000:
        count *= 10
        wall = worker.measure(count)["wall_seconds"]
    return period * max(1, round(seconds * count / wall / period))


def time_cold(work: str, pythons: Pythons) -> dict[str, Any]:
    """Seconds to the first step in fresh processes, with an empty cache and then with a full one."""
    names = {"jgan": "loop", "torch": "compile"}
    found = {}
    for side, python in pythons.items():
        with tempfile.TemporaryDirectory() as cache:
            environment = {
                "JAX_ENABLE_COMPILATION_CACHE": "true",
                "JAX_COMPILATION_CACHE_DIR": cache,
                "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
                "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
                "TORCHINDUCTOR_CACHE_DIR": cache,
            }
            for state in ("cold", "cached"):
                began = time.perf_counter()
                worker = Worker(python, side, environment)
                name = f"{side}/{names[side]} {state}"
                try:
                    answer = worker.ask("prepare", work=work, variant=names[side])
                    found[name] = {
                        "first_call_seconds": answer["compile_seconds"],
                        "from_start_seconds": time.perf_counter() - began,
                    }
                except BenchmarkError as error:
                    found[name] = {"error": str(error)}
                finally:
                    worker.close()
    return found
