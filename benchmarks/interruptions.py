"""Kill a training at random moments, resume it each time, and compare it with one never killed.

    python -m benchmarks.interruptions --kills 20
    python -m benchmarks.interruptions --kills 20 --loader stream --workers 2
    python -m benchmarks.interruptions --kills 20 --readers 2 --out benchmarks/results/interruptions-cpu2.json

Each kill is SIGKILL, a random time of up to a tenth of a second after a random step was logged, with a
checkpoint written every 20 steps, so that many kills hit one that is being written. The two final states must
be bitwise equal, and so must the rows of metrics and the pictures. Readers are other processes that draw
samples from the killed run as long as it trains, each from the checkpoint that is then the newest, as
``jgan sample`` does.
"""

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np

from jgan.evaluation.samples import sampler
from jgan.files import write_atomically
from jgan.runs.checkpoint import fingerprint
from jgan.runs.logs import read_rows
from jgan.runs.saved import checkpoint_steps, load_run
from jgan.versions import versions

ROOT = Path(__file__).parents[1]
EXPERIMENT = '''"""A small game on the ring with every kind of state."""

import optax

from jgan.data import load
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.terms.penalties import r1
from jgan.rules import alternating, averaged
from jgan.training.experiment import Experiment


def experiment(*, optimizer: str = "adam", lr: float = 1e-3) -> Experiment:
    """Spectral vectors, batch statistics, an optimiser of optax and an average."""
    generator = mlp_generator((2,), (16,), norm="batch")
    game = gan(generator, mlp_discriminator((16,), norm="spectral"), non_saturating(), normal(4))
    optimizers = dict.fromkeys(PLAYERS, getattr(optax, optimizer)(lr))
    rule = alternating(game.add(r1(1.0)), optimizers)
    return Experiment(game, averaged(rule), load("ring", size=5000), steps=2000, batch_size=32)
'''


def command(file: Path, out: Path, flags: list[str]) -> list[str]:
    """The training as a user starts it, with frequent checkpoints."""
    cadence = ["--log-every", "5", "--save-every", "20", "--sample-every", "400"]
    train = [sys.executable, "-m", "jgan.cli.main", "train", str(file), "--out", str(out)]
    return [*train, *cadence, *flags]


def logged_steps(process: subprocess.Popen[str], metrics: Path) -> Iterator[int]:
    """The steps of the rows that a training logs as long as it runs."""
    newest = lambda: next((int(row["step"]) for row in reversed(read_rows(metrics))), 0)
    last = newest()
    while process.poll() is None:
        step = newest()
        if step != last:
            yield step
        last = step
        time.sleep(0.005)


def environment() -> dict[str, str]:
    """Of trainings and readers: this package, on the CPU."""
    return {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}


def read(run: Path) -> None:
    """Draw samples from a run's newest checkpoint again and again, and say so; ends with its input."""
    while not run.joinpath("checkpoints").is_dir() or not checkpoint_steps(run):
        time.sleep(0.05)
    waiting = threading.Thread(target=sys.stdin.read, daemon=True)
    waiting.start()
    draw = None
    while waiting.is_alive():
        saved = load_run(run)
        if draw is None:
            draw = sampler(saved.experiment.game, saved.experiment.source)
        made = np.concatenate(list(draw(saved.state.averaged_variables(), 64)))
        if not np.isfinite(made).all():
            raise SystemExit(f"samples of step {saved.step} are not finite")
        print(f"read {saved.step}", flush=True)


@contextlib.contextmanager
def readers(run: Path, count: int) -> Iterator[list[int]]:
    """``count`` processes that read a run meanwhile; at the end, the steps that they read in each reading.

    Raises:
      SystemExit: if one of them failed.
    """
    steps: list[int] = []
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in range(count)]
        started = [
            subprocess.Popen(
                [sys.executable, "-m", "benchmarks.interruptions", "--read", str(run)],
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
                env=environment(),
                cwd=ROOT,
            )
            for file in files
        ]
        for process in started:
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield steps
        for process, file in zip(started, files, strict=True):
            process.communicate("")
            file.seek(0)
            lines = file.read().splitlines()
            if process.returncode:
                raise SystemExit(f"a reader failed: {lines[-1:]}")
            steps += [int(line.split()[1]) for line in lines if line.startswith("read ")]


def train_with_kills(
    file: Path, out: Path, flags: list[str], kills: int, seed: int, steps: int = 2000
) -> list[int]:
    """Start, kill, start again; returns the last step logged before each kill."""
    rng = random.Random(seed)
    killed = []
    for number in range(kills + 1):
        process = subprocess.Popen(
            command(file, out, flags),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(),
        )
        # Random moments in order, so that there is something left to kill.
        limit = steps * (number + rng.random()) / (kills + 1)
        last = 0
        for last in logged_steps(process, out / "metrics.jsonl"):
            if number < kills and last >= limit:
                time.sleep(rng.random() / 10)
                process.kill()
                break
        if process.stdout:
            rest = process.stdout.read()
            process.stdout.close()
        if process.wait() not in (0, -9):
            raise SystemExit(f"the training failed after step {last}: {rest}")
        if number < kills:
            killed.append(last)
    return killed


def differences(first: Path, second: Path) -> list[str]:
    """What differs between two runs' final states, rows and pictures; nothing if they are the same."""
    states = [load_run(run).state for run in (first, second)]
    found = []
    if int(fingerprint(states[0])) != int(fingerprint(states[1])):
        found.append("fingerprint of the final state")
    pairs = zip(*(jax.tree.leaves(state.variables) for state in states), strict=True)
    if not all(np.array_equal(a, b) for a, b in pairs):
        found.append("variables of the final state")
    files = ["metrics.jsonl", "metrics.csv", "samples.png"]
    files += sorted(str(path.relative_to(first)) for path in first.glob("samples/*.png"))
    found += [name for name in files if (first / name).read_bytes() != (second / name).read_bytes()]
    return found


def main() -> int:
    """Run both trainings and say whether they differ."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--loader", default="device")
    parser.add_argument("--workers", default="0")
    parser.add_argument("--readers", type=int, default=0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        read(options.read)
        return 0
    flags = ["--loader", options.loader, "--workers", options.workers]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "small.py"
        file.write_text(EXPERIMENT)
        whole, killed = Path(folder) / "whole", Path(folder) / "killed"
        train_with_kills(file, whole, flags, 0, options.seed)
        with readers(killed, options.readers) as steps:
            moments = train_with_kills(file, killed, flags, options.kills, options.seed)
        found = differences(whole, killed)
    reading = f", read {len(steps)} times by {options.readers} processes" if steps else ""
    print(
        f"killed after the steps {moments}{reading}: "
        + (f"DIFFERENT: {found}" if found else "bitwise equal")
    )
    if options.out:
        findings = {
            "kills_after_steps": moments,
            "readers": options.readers,
            "readings": len(steps),
            "checkpoints_read": len(set(steps)),
            "differences": found,
            "loader": options.loader,
            "seed": options.seed,
            "versions": versions(),
        }
        write_atomically(options.out, json.dumps(findings, indent=2) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
