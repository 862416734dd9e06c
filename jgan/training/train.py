"""Train a run in its directory: resume, log, picture, save, stop when asked."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.data import gather
from jgan.rules import TrainState
from jgan.training.checkpoint import Checkpoints
from jgan.training.experiment import Experiment
from jgan.training.files import write_atomically
from jgan.training.fit import Row, begin, chunks, place
from jgan.training.images import encode_png, picture
from jgan.training.loop import Arrays
from jgan.training.run import RunDirectory, settings_of

PICTURED = 64
Say = Callable[[str], None]


def viewer(experiment: Experiment, arrays: Arrays) -> Callable[[TrainState, str], np.ndarray]:
    """``(state, view) -> array``: the view of the averaged variables, always from the same latents."""
    count = PICTURED if "image" in arrays and arrays["image"].ndim == 4 else 2048
    batch = gather(arrays, jnp.arange(count) % experiment.source.size)
    views = {name: jax.jit(view) for name, view in experiment.game.views.items()}

    def look(state: TrainState, name: str) -> np.ndarray:
        return np.asarray(views[name](state.averaged_variables(), batch, jax.random.key(0)))

    return look


@contextmanager
def _stop_requests() -> Iterator[threading.Event]:
    """An event set by SIGINT or SIGTERM; a second signal acts as it always did."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in signals}

    def ask(number: int, frame: Any) -> None:
        asked.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in signals:
        signal.signal(number, ask)
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def progress_line(row: Row, steps: int, images_per_second: float) -> str:
    """One line about a chunk: step, speed, time left, and each player's loss and gradient norm."""
    step = int(row["step"])
    left = ""
    if images_per_second > 0 and "seconds_left" in row:
        minutes, seconds = divmod(round(row["seconds_left"]), 60)
        left = f"  {minutes}:{seconds:02d} left"
    players = "".join(
        f"  {player[0].upper()} {row[f'{player}/loss']:.3f} (grad {row[f'{player}/gradient_norm']:.2g})"
        for player in ("generator", "discriminator")
    )
    return f"step {step}/{steps}  {images_per_second:,.0f} images/s{left}{players}"


def train(
    experiment: Experiment,
    file: Path,
    arguments: dict[str, Any],
    *,
    seed: int,
    out: Path,
    log_every: int = 50,
    sample_every: int = 500,
    save_every: int = 500,
    say: Say = print,
) -> bool:
    """Train until ``experiment.steps``, going on from the newest checkpoint in ``out`` if there is one.

    Args:
      experiment: what to train.
      file: the experiment's file, kept in the run directory.
      arguments: of its ``experiment`` function.
      seed: of the run.
      out: the run directory.
      log_every: steps between rows of metrics; they are means over that many steps.
      sample_every: steps between pictures; a multiple of ``log_every`` or rounded up to one.
      save_every: steps between checkpoints, likewise.
      say: where progress goes, a line at a time.

    Returns:
      Whether it came to the end; False if a signal stopped it (its state is saved).

    Raises:
      UserError: if ``out`` holds a run with other settings or is in use, or the training diverges.
    """
    settings = settings_of(
        file, arguments, seed=seed, batch_size=experiment.batch_size, steps=experiment.steps
    )
    run = RunDirectory(out)
    try:
        run.write_settings(settings, file)
        arrays = place(experiment)
        with Checkpoints(run.checkpoints) as checkpoints, _stop_requests() as stop:
            state = begin(experiment, arrays, seed)
            if checkpoints.steps():
                state = checkpoints.load(state)
                say(f"resuming {out} at step {int(state.step)}")
            run.rows(until=int(state.step))
            look = viewer(experiment, arrays)
            done = int(state.step)
            images = experiment.batch_size * experiment.rule.minibatches
            started, first = time.monotonic(), None
            for newest, row in chunks(experiment, state, arrays, log_every):
                step = int(row["step"])
                run.append(row)
                now = time.monotonic()
                # The first chunk compiles, so its time says nothing about the rest.
                if first is None:
                    first, started = step, now
                    speed, left = 0.0, 0.0
                else:
                    speed = (step - first) * images / max(now - started, 1e-9)
                    left = (experiment.steps - step) * images / speed
                say(progress_line({**row, "seconds_left": left}, experiment.steps, speed))
                last = step >= experiment.steps or stop.is_set()
                if last or _crossed(done, step, sample_every):
                    _write_pictures(run, experiment, look, newest, step)
                if last or _crossed(done, step, save_every):
                    checkpoints.save(newest)
                done = step
                if stop.is_set():
                    say(f"stopped at step {step}; the same command goes on from here")
                    return step >= experiment.steps
        return True
    finally:
        run.close()


def _crossed(before: int, after: int, every: int) -> bool:
    return after // every > before // every


def _write_pictures(
    run: RunDirectory,
    experiment: Experiment,
    look: Callable[[TrainState, str], np.ndarray],
    state: TrainState,
    step: int,
) -> None:
    for name in experiment.game.views:
        reference = experiment.source.arrays["image"][:2048]
        content = encode_png(picture(look(state, name), reference))
        write_atomically(run.samples / f"{name}-{step:06d}.png", content)
        write_atomically(run.path / f"{name}.png", content)
