"""The machine and the code that figures hold for, and the figures as text."""

import platform
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks._workers.client import ROOT, cores
from benchmarks._workers.works import SHOWN_ONLY


def machine(cpuinfo: Path = Path("/proc/cpuinfo")) -> dict[str, Any]:
    """Processor, usable cores and system."""
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor(),
        "cores": cores(),
        "system": platform.platform(),
    }


def commit() -> str:
    """The commit that is timed, marked if files differ from it; "unknown" without git."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("-modified" if git("status", "--porcelain") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def duration(seconds: float) -> str:
    """Three significant figures in a unit that fits.

    >>> duration(0.00071), duration(12.34)
    ('0.71 ms', '12.3 s')
    """
    if seconds < 1:
        milliseconds = 1e3 * seconds
        return f"{milliseconds:.2f} ms" if milliseconds < 10 else f"{milliseconds:.3g} ms"
    return f"{seconds:.3g} s"


def heading(facts: Mapping[str, Any]) -> Iterator[str]:
    """Machine, versions, commit and peaks."""
    about = facts["machine"]
    yield f"{about['processor']}, {about['cores']} cores, {about['system']}; commit {facts['commit']}"
    for side, own in facts["sides"].items():
        extra = ", ".join(
            f"{key} {value}" for key, value in own.items() if key != "flops_per_second"
        )
        yield f"{side}: {extra}; matrix products {own['flops_per_second'] / 1e9:.0f} GFLOP/s"
    yield "environment: " + " ".join(f"{k}={v}" for k, v in facts["environment"].items())


def table(result: Mapping[str, Any]) -> Iterator[str]:
    """The contenders of one work, then the ratio."""
    counts = " + ".join(f"{count:,} {player}" for player, count in result["parameters"].items())
    yield f"{result['work']}: {counts} parameters on all sides"
    header = (
        "",
        "median",
        "least",
        "greatest",
        "spread",
        "GFLOP",
        "of peak",
        "memory",
        "first call",
    )
    yield "  {:28}{:>9}{:>10}{:>10}{:>8}{:>9}{:>9}{:>9}{:>11}".format(*header)
    for name, row in result["contenders"].items():
        cells = [duration(row[f"seconds_{key}"]) for key in ("median", "least", "greatest")]
        flops = f"{row['flops'] / 1e9:.3g}" if row["flops"] else "-"
        share = f"{row['share_of_peak']:.0%}" if row["share_of_peak"] else "-"
        memory, first = f"{row['peak_bytes'] / 2**20:.0f} MB", duration(row["first_call_seconds"])
        mark = " *" if name.split("/")[1] in SHOWN_ONLY else ""
        yield (
            f"  {name + mark:28}{cells[0]:>9}{cells[1]:>10}{cells[2]:>10}{row['spread']:>8.0%}"
            f"{flops:>9}{share:>9}{memory:>9}{first:>11}"
        )
    for name, sentence in result["failed"].items():
        yield f"  {name:28}does not run: {sentence}"
    kept, thrown = result["rounds"], result["rounds_thrown_away"]
    warning = "; DISTURBED by other processes, not fit to be quoted" if result["disturbed"] else ""
    yield f"  {kept} rounds kept, {thrown} thrown away{warning}"
    against = result["against"]
    if against:
        yield (
            f"  ratio jgan/loop over {against['opponent']}: {against['ratio']:.3f}"
            f" (round by round {against['least']:.3f} to {against['greatest']:.3f})"
        )
    yield from _other_ratios(result)


def _other_ratios(result: Mapping[str, Any]) -> Iterator[str]:
    against, rows = result["against"], result["contenders"]
    if not against:
        return
    pairs = [("jgan/seeds16", against["opponent"])]
    pairs += [("jgan/loop", name) for name in rows if name.startswith("torch/algebra")]
    for ours, theirs in pairs:
        if ours in rows:
            value = rows[ours]["seconds_median"] / rows[theirs]["seconds_median"]
            yield f"  ratio {ours} over {theirs}: {value:.3f}"


def cold_table(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """First calls of fresh processes."""
    for name, row in found.items():
        if "error" in row:
            yield f"  {name:28}does not run: {row['error']}"
        else:
            first, start = row["first_call_seconds"], row["from_start_seconds"]
            yield f"  {name:28}first step {duration(first)}, {duration(start)} from the process's start"
