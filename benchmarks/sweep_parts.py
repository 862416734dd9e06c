"""Kill the processes of a sweep's parts at random moments, and compare the end with that of one process.

    python -m benchmarks.sweep_parts --kills 10 --out benchmarks/results/sweep-parts-cpu2.json

One process trains a halved sweep; then three processes train the parts of the same sweep in one directory. Each
kill is SIGKILL, a random time of up to a second after the process has written something. A process that was
killed is started again, as SLURM requeues a job, and one that waits for the others at a rung is called again.
The tables must be equal byte for byte, and so must every member's record; the states that were kept must have
equal fingerprints.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.interruptions import EXPERIMENT, ROOT, environment
from jgan.cli.sweep import WAITS
from jgan.files import write_atomically
from jgan.runs.checkpoint import fingerprint
from jgan.runs.saved import load_run
from jgan.sweeps.sweep import finished_records
from jgan.versions import versions

FLAGS = [
    *("--over", "lr=loguniform(1e-4,1e-1)", "--trials", "8", "--search", "sobol"),
    *("--seeds", "3", "--rung-seeds", "2", "--rungs", "400", "--steps", "1200"),
    *("--at-once", "3", "--samples", "200", "--keep", "final"),
    *("--log-every", "10", "--save-every", "50"),
]

ENVIRONMENT = environment() | {
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
"""Every program is compiled once, so that restarts take no longer than they must."""
LONGEST = 10.0
"""Seconds after which a part that waits for others is called again at the latest."""


def command(file: Path, out: Path, *more: str) -> list[str]:
    """The sweep as a user starts it."""
    start = [sys.executable, "-m", "jgan.cli.main", "sweep", str(file), "--out", str(out)]
    return [*start, *FLAGS, *more]


class Kills:
    """How many kills are left, for all parts together."""

    def __init__(self, count: int, parts: int) -> None:
        self.moments: list[dict[str, object]] = []
        self._left = {part: count // parts + (part < count % parts) for part in range(parts)}

    def due(self, part: int) -> bool:
        """Whether this part is to be killed again."""
        return self._left[part] > 0

    def note(self, part: int, where: str) -> None:
        """Note a kill, and what the part had written last."""
        self._left[part] -= 1
        self.moments.append({"part": part + 1, "had_written": where})


def newest(out: Path, name: str) -> tuple[float, str]:
    """When a part wrote something last, and what."""
    found = (0.0, "")
    for path in out.rglob(f"*{name}*"):
        inner = path.rglob("*") if path.is_dir() else [path]
        for file in inner:
            if file.name.startswith(".lock"):
                continue
            try:
                found = max(found, (file.stat().st_mtime, str(file.relative_to(out))))
            except OSError:  # removed meanwhile
                continue
    return found


def finished(out: Path) -> int:
    """How many populations have come to a rung or to the end."""
    return len([*out.glob("rungs/*/*.json"), *out.glob("batches/*.json")])


def train_part(file: Path, out: Path, part: int, parts: int, kills: Kills, seed: int) -> None:
    """Start a part, kill it, start it again, until it is finished."""
    rng = random.Random(1000 * seed + part)
    name = f"{part + 1}-of-{parts}"
    while True:
        before = newest(out, name)[0]
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(
                command(file, out, "--part", f"{part + 1}/{parts}"),
                stdout=said,
                stderr=subprocess.STDOUT,
                env=ENVIRONMENT,
                cwd=ROOT,
            )
            while kills.due(part) and process.poll() is None:
                if newest(out, name)[0] <= before:
                    time.sleep(0.02)
                    continue
                time.sleep(rng.random())
                if process.poll() is None:
                    process.kill()
                    kills.note(part, newest(out, name)[1])
                break
            code = process.wait()
            said.seek(0)
            if code == 0:
                return
            if code not in (WAITS, -9):
                print(f"part {part + 1} failed: {said.read()[-2000:]}", file=sys.stderr)
                return
        have, until = finished(out), time.monotonic() + LONGEST
        while code == WAITS and finished(out) == have and time.monotonic() < until:
            time.sleep(0.1)


def differences(first: Path, second: Path) -> list[str]:
    """What differs between two finished sweeps; nothing if they are the same."""
    tables = ("members.csv", "summary.csv")
    found = [name for name in tables if (first / name).read_bytes() != (second / name).read_bytes()]
    one, other = finished_records(first), finished_records(second)
    found += [key for key in {**one, **other} if one.get(key) != other.get(key)]
    for place in sorted(first.glob("members/*/checkpoints")):
        run = place.parent
        states = [load_run(folder / run.relative_to(first)).state for folder in (first, second)]
        if int(fingerprint(states[0])) != int(fingerprint(states[1])):
            found.append(f"state of {run.name}")
    return found


def main() -> int:
    """Train both sweeps and say whether they differ."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--parts", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "small.py"
        file.write_text(EXPERIMENT)
        whole, parts = Path(folder) / "whole", Path(folder) / "parts"
        subprocess.run(command(file, whole), check=True, env=ENVIRONMENT, cwd=ROOT)
        parts.mkdir()
        kills = Kills(options.kills, options.parts)
        threads = [
            threading.Thread(
                target=train_part,
                args=(file, parts, part, options.parts, kills, options.seed),
            )
            for part in range(options.parts)
        ]
        begun = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.monotonic() - begun
        if not (parts / "members.csv").is_file():
            raise SystemExit("the parts have not finished the sweep")
        found = differences(whole, parts)
        records = finished_records(whole).values()
        kept = len(list(whole.glob("members/*/checkpoints")))
    count = len(kills.moments)
    print(f"{options.parts} processes, {count} kills: {found or 'bitwise equal'}")
    if options.out:
        findings = {
            "processes": options.parts,
            "kills": count,
            "killed": kills.moments,
            "members": len(records),
            "ended_at_rungs": sum(own.halved is not None for own in records),
            "diverged": sum(own.diverged is not None for own in records),
            "states_compared": kept,
            "differences": found,
            "seconds_of_parts": round(seconds, 1),
            "cores": os.cpu_count(),
            "flags": FLAGS,
            "seed": options.seed,
            "versions": versions(),
        }
        write_atomically(options.out, json.dumps(findings, indent=2) + "\n")
    return 1 if found or count < options.kills else 0


if __name__ == "__main__":
    raise SystemExit(main())
