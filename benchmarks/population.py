"""Sixteen trainings in one program against sixteen processes in turn.

    python -m benchmarks.population --members 16 --steps 2000

Both sides count start-up and compilation. The processes may use the compilation cache that the first of them
fills, as a user's would. Then members are compared with their separate runs after 50 steps, and the two ways
of computing members, at once ("vmap", where convolutions become grouped ones) and in turn ("map"), are timed
on perceptrons and on convolutions, with the CPU as one device and, as `jgan sweep` has it, with one a core.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jgan.sweeps.population import WAYS, member, population
from jgan.training.devices import cores
from jgan.training.experiment import load_experiment
from jgan.training.fit import fit
from jgan.versions import versions

ROOT = Path(__file__).parents[1]
EXPERIMENT = '''"""A plain perceptron GAN on the ring."""

import optax

from jgan.data import load
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.rules import alternating
from jgan.training.experiment import Experiment


def experiment(*, lr: float = 1e-3) -> Experiment:
    """Two hidden layers of 128 each."""
    game = gan(
        mlp_generator((2,), (128, 128)), mlp_discriminator((128, 128)), non_saturating(), normal(8)
    )
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.adam(lr, 0.5)))
    return Experiment(game, rule, load("ring"), steps=2000, batch_size=64)
'''


def timed(words: list[str], cache: Path) -> float:
    """Seconds that a command of jgan takes."""
    start = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "jgan.cli.main", *words],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=ROOT,
        env={**os.environ, "JGAN_CACHE": str(cache)},
    )
    return time.perf_counter() - start


def seconds_a_step(file: Path, members: int, way: str, steps: int, **arguments: Any) -> float:
    """Median over five calls of the compiled program, for one step of one member."""
    made = population(load_experiment(file).build, arguments, list(range(members)), way=way)
    states, _ = made.run(made.init(), steps)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        states, _ = jax.block_until_ready(made.run(states, steps))
        times.append(time.perf_counter() - start)
    return float(np.median(times)) / (members * steps)


def ways(file: Path, members: int) -> dict[str, Any]:
    """Milliseconds for a step of one member, by way and work, on the devices of this process."""
    dcgan = ROOT / "experiments/dcgan.py"
    return {
        way: {
            "ring": 1000 * seconds_a_step(file, members, way, 200),
            "DCGAN of width 8": 1000 * seconds_a_step(dcgan, 4, way, 3, width=8),
        }
        for way in WAYS
    }


def ways_on(devices: int, file: Path, members: int) -> dict[str, Any]:
    """`ways` in a process that shows the CPU as so many devices."""
    flags = f"--xla_force_host_platform_device_count={devices}"
    code = (
        "import json, pathlib; from benchmarks.population import ways; "
        f"print(json.dumps(ways(pathlib.Path({str(file)!r}), {members})))"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "XLA_FLAGS": flags},
        text=True,
    ).stdout
    return dict(json.loads(printed.splitlines()[-1]))


def difference(file: Path, seeds: list[int], steps: int) -> float:
    """The largest difference of any parameter between members and their separate runs."""
    build = load_experiment(file).build
    made = population(build, {}, seeds)
    states, _ = made.run(made.init(), steps)
    worst = 0.0
    for index, seed in enumerate(seeds):
        single = fit(replace(build(), steps=steps), seed).state.variables
        pairs = zip(*map(jax.tree.leaves, (single, member(states, index).variables)), strict=True)
        worst = max([worst, *(float(np.max(np.abs(a - b))) for a, b in pairs)])
    return worst


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--members", type=int, default=16)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    steps = ["--steps", str(options.steps)]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        file = folder / "ring.py"
        file.write_text(EXPERIMENT)
        sweep = ["sweep", str(file), "--over", "lr=0.001", "--seeds", str(options.members), *steps]
        together = timed([*sweep, "--out", str(folder / "sweep")], folder / "cache-together")
        in_turn = [
            timed(
                ["train", str(file), "--seed", str(seed), "--out", str(folder / f"{seed}"), *steps],
                folder / "cache-alone",
            )
            for seed in range(options.members)
        ]
        found: dict[str, Any] = {
            "versions": versions(),
            "device": str(jax.devices()[0]),
            "members": options.members,
            "steps": options.steps,
            "seconds together, measures included": together,
            "seconds in turn": sum(in_turn),
            "ratio": together / sum(in_turn),
            "largest difference after 50 steps": difference(file, list(range(options.members)), 50),
            "milliseconds for a step of one member": {
                f"{count} devices": ways_on(count, file, options.members)
                for count in sorted({1, cores()})
            },
        }
    text = json.dumps(found, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
