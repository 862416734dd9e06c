"""What a training costs beside its compiled steps, and whether the device waits for pictures from disk.

    python -m benchmarks.loop                       # jgan train against bare steps, resident and streaming
    python -m benchmarks.loop --pictures 100000     # a folder of so many small JPEGs besides

A. The training loop of ``jgan train`` with its logs, pictures, checkpoints and data against the same compiled
steps alone, which are made between its chunks of 50 steps; the first chunk, which compiles, is not counted.
B. A folder of JPEGs that are decoded whenever they are met: share of the time that the loop waits for
examples, decoded pictures a second by themselves, and the process's memory after each of ten epochs.
"""

import argparse
import itertools
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
from PIL import Image

from jgan.data import load
from jgan.data.loader import Reading, batches
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import dcgan_discriminator, dcgan_generator
from jgan.rules import alternating
from jgan.runs.logs import Row
from jgan.runs.train import Options, train
from jgan.training import feed as feeds
from jgan.training.compiler import keep_freed_memory
from jgan.training.devices import Layout
from jgan.training.experiment import Experiment, load_experiment
from jgan.training.feed import place
from jgan.training.fit import begin
from jgan.training.loop import compile_steps
from jgan.versions import versions

ROOT = Path(__file__).parents[1]
FILE = ROOT / "experiments" / "dcgan.py"
EVERY = 50


def overhead(rounds: int, chunks: int) -> dict[str, Any]:
    """Seconds of the loop over those of as many bare steps, resident and streaming."""
    experiment = load_experiment(FILE).build()
    options = Options(log_every=EVERY, sample_every=10 * EVERY, save_every=10 * EVERY)
    ways = {
        "resident": options,
        "streaming": replace(options, loader="stream", reading=Reading(threads=2)),
    }
    arrays, run = place(experiment), compile_steps(experiment.rule, experiment.batch_size)
    state = begin(experiment, 0)

    def bare() -> None:
        nonlocal state
        state, metrics = run(state, arrays, EVERY)
        jax.block_until_ready(metrics)

    bare()  # compiles
    ratios: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, chosen in ways.items():
            ratios[name].append(_ratio(experiment, chunks, chosen, bare))
            print(f"round {number}: {name} {ratios[name][-1]:.3f}", flush=True)
    return {
        name: {"median": statistics.median(values), "rounds": values}
        for name, values in ratios.items()
    }


def _ratio(
    experiment: Experiment, chunks: int, options: Options, bare: Callable[[], None]
) -> float:
    """Seconds of ``chunks`` chunks of a whole training over those of the bare chunks made between them."""
    marks: list[tuple[float, float]] = []

    def mark(row: Row) -> None:
        reached = time.perf_counter()
        bare()
        marks.append((reached, time.perf_counter()))

    longer = replace(experiment, steps=EVERY * (chunks + 1))
    with tempfile.TemporaryDirectory() as out:
        run = Path(out) / "run"
        train(longer, FILE, {}, seed=0, out=run, options=options, report=False, after_row=mark)
    # A chunk with the checkpoint and the picture that follow it lasts from one mark to the next.
    spent = sum(later[0] - earlier[1] for earlier, later in itertools.pairwise(marks))
    return spent / sum(left - reached for reached, left in marks[1:])


def make_pictures(folder: Path, count: int) -> None:
    """Smooth random JPEGs of 40x40 pixels."""
    rng = np.random.default_rng(0)
    for number in range(count):
        small = Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8))
        small.resize((40, 40), Image.Resampling.BICUBIC).save(folder / f"{number:06d}.jpg")


def from_disk(count: int, epochs: int) -> dict[str, Any]:
    """Waiting, decoding speed and memory of trainings on a folder that is never kept in memory."""
    with tempfile.TemporaryDirectory() as place_of_pictures:
        folder = Path(place_of_pictures)
        make_pictures(folder, count)
        source = load(f"folder:{folder}@32+disk")
        numbers, start = np.arange(min(count, 10_000)), time.perf_counter()
        source.arrays["image"][numbers]
        pictures_per_second = len(numbers) / (time.perf_counter() - start)
        found = {
            "pictures": count,
            "decoded a second by one thread": pictures_per_second,
            "waiting, DCGAN-32 of width 64": waiting(_experiment(source, 64, 64), 300),
        }
        memory = []
        quick = replace(_experiment(source, 4, 500), steps=EVERY + epochs * (count // 500))
        for share, _ in waits(quick, count // 500):
            memory.append(_resident_megabytes())
            print(f"epoch {len(memory)}: {memory[-1]:.0f} MB, waiting {share:.2f}", flush=True)
        return found | {"memory after each epoch, MB": memory}


def _experiment(source: Any, width: int, batch: int) -> Experiment:
    game = gan(
        dcgan_generator((32, 32, 3), width=width),
        dcgan_discriminator(width=width),
        non_saturating(),
        normal(64),
    )
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.adam(2e-4, 0.5)))
    return Experiment(game, rule, source, steps=10**6, batch_size=batch)


def waits(experiment: Experiment, steps: int) -> Iterator[tuple[float, float]]:
    """Share of the time spent waiting for examples, and seconds, of each ``steps`` steps."""
    waited = [0.0]

    def timed(*arguments: Any, **options: Any) -> Iterator[Any]:
        stream = batches(*arguments, **options)
        while True:
            start = time.perf_counter()
            batch = next(stream, None)
            waited[0] += time.perf_counter() - start
            if batch is None:
                return
            yield batch

    feeds.batches = timed
    try:
        layout, state = Layout((jax.devices()[0],)), begin(experiment, 0)
        feed = feeds.streamed(experiment, state, layout, Reading(threads=2, ahead=16))
        state, _ = feed(state, EVERY)
        done = EVERY
        while done + steps <= experiment.steps:
            before, start = waited[0], time.perf_counter()
            state, metrics = feed(state, steps)
            jax.block_until_ready(metrics)
            seconds = time.perf_counter() - start
            done += steps
            yield (waited[0] - before) / seconds, seconds
    finally:
        feeds.batches = batches


def waiting(experiment: Experiment, steps: int) -> float:
    """Share of the time of ``steps`` steps that was spent waiting for examples."""
    return next(waits(experiment, steps))[0]


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    """Measure, print, and keep the numbers."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--chunks", type=int, default=10)
    parser.add_argument("--pictures", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    keep_freed_memory()  # as the command line does
    found: dict[str, Any] = {"versions": versions(), "device": str(jax.devices()[0])}
    if options.rounds:
        found["loop over bare steps"] = overhead(options.rounds, options.chunks)
    if options.pictures:
        found["folder"] = from_disk(options.pictures, options.epochs)
    text = json.dumps(found, indent=2)
    print(text)
    if options.out:
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
