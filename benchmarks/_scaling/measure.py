"""Runs a plan: a process for each number of fake devices, rounds in turns, exponents."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks._scaling.cells import Axis, Cell, Plan
from benchmarks._workers.client import Worker
from benchmarks._workers.rounds import seconds, summary, take_turns

Say = Callable[[str], None]
TOLERANCE = 0.15
"""Growth beyond that of the operations that is no surprise, as an exponent: over a factor of 8, 1.37."""


def fake_devices(count: int) -> Worker:
    """A worker process with so many fake CPU devices."""
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count={count}"
    environment = {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags.strip()}
    return Worker(sys.executable, f"{count}-device", environment, "benchmarks._scaling.worker")


class Machines:
    """Workers by number of devices, started when first asked; a context manager that ends them."""

    def __init__(self) -> None:
        self._workers: dict[int, Worker] = {}
        self._found: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> "Machines":
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers.values():
            worker.close()

    def worker(self, devices: int) -> Worker:
        """The process with so many devices."""
        if devices not in self._workers:
            self._workers[devices] = fake_devices(devices)
        return self._workers[devices]

    def prepare(self, cell: Cell, timed: bool = True) -> dict[str, Any]:
        """What is known of a cell before it is timed; one that several axes share is compiled once."""
        name = name_of(cell)
        if name not in self._found:
            worker = self.worker(cell.devices)
            self._found[name] = worker.ask("prepare", name=name, cell=cell._asdict(), timed=timed)
        return self._found[name]

    def measure(self, cell: Cell, count: int) -> dict[str, Any]:
        """Time ``count`` steps, and the share of the machine that others used meanwhile."""
        worker = self.worker(cell.devices)
        worker.ask("choose", name=name_of(cell))
        return worker.measure(count)


def name_of(cell: Cell) -> str:
    """A cell's name.

    >>> name_of(Cell(batch=16))
    'batch 16, resolution 32, width 16, seeds 0, devices 1, mode jit'
    """
    return ", ".join(f"{field} {value}" for field, value in cell._asdict().items())


def exponent(x: Sequence[float], y: Sequence[float]) -> float:
    """The slope of the least-squares line through the logarithms.

    >>> round(exponent([1, 2, 4, 8], [3, 12, 48, 192]), 6)
    2.0
    """
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def time_axis(title: str, axis: Axis, machines: Machines, plan: Plan, say: Say) -> dict[str, Any]:
    """All cells of an axis, timed in turns, and how their cost grows."""
    by_name = {name_of(cell): cell for cell in axis.cells}
    facts = {name: machines.prepare(cell) for name, cell in by_name.items()}
    steps = {}
    for name, cell in by_name.items():
        wall = machines.measure(cell, 2)["wall_seconds"]
        steps[name] = max(1, round(2 * plan.seconds / wall))
    rounds = take_turns(
        list(by_name),
        lambda name: machines.measure(by_name[name], steps[name]),
        plan.rounds,
        plan.disturbance,
        lambda line: say(f"{title}: {line}"),
    )
    rows = []
    for name, cell in by_name.items():
        times = summary(seconds(rounds, name))
        rows.append(
            {
                **cell._asdict(),
                **{f"seconds_{key}": value for key, value in times.items() if key != "spread"},
                "spread": times["spread"],
                "images_per_second": cell.images / times["median"],
                **facts[name],
            }
        )
    return {
        "along": axis.along,
        "rows": rows,
        **growth(axis.values, rows),
        "rounds": len(rounds.kept),
        "rounds_thrown_away": rounds.discarded,
        "disturbed": rounds.disturbed,
    }


def growth(values: Sequence[int], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Exponents of time, operations and temporary memory in ``values``; whether time is a surprise.

    Expected is the growth of the operations of all devices together: none for a batch that more fake
    devices share, since they share the same cores, and proportional for a batch that grows with them.
    """
    found: dict[str, Any] = {
        "seconds_exponent": exponent(values, [row["seconds_median"] for row in rows]),
        "flops_exponent": exponent(values, [row["flops"] for row in rows]),
    }
    if "temporary_bytes" in rows[0]:
        found["temporary_exponent"] = exponent(values, [row["temporary_bytes"] for row in rows])
        # What all devices compute over what one would: 1 if they share the work, n if each does it all.
        work = [row["compiler_flops"] * row["devices"] / row["flops"] for row in rows]
        found["work_growth"] = work[-1] / work[0]
    found["superlinear"] = found["seconds_exponent"] > found["flops_exponent"] + TOLERANCE
    return found


def run(plan: Plan, say: Say, done: Callable[[str, Any], None]) -> None:
    """Measure a plan; ``done(title, result)`` hears of each axis, and of the layouts at the end."""
    with Machines() as machines:
        for title, axis in plan.axes.items():
            done(title, time_axis(title, axis, machines, plan, say))
        rows = [{**cell._asdict(), **machines.prepare(cell, timed=False)} for cell in plan.layouts]
        done("layouts", {"rows": rows})
