"""Train an experiment in memory, chunk by chunk. Files and terminals are `jgan.training.train`'s."""

import math
from collections.abc import Iterator

import jax
import jax.numpy as jnp

from jgan.errors import UserError
from jgan.rules import TrainState
from jgan.training.experiment import Experiment, Trained
from jgan.training.loop import Arrays, compile_steps, first_state

Row = dict[str, float]


class Diverged(UserError):
    """A loss or a gradient is no longer finite."""


def place(experiment: Experiment) -> Arrays:
    """The experiment's data on the device.

    Raises:
      UserError: if one update needs more examples than the data set has.
    """
    size = experiment.source.size
    needed = experiment.batch_size * experiment.rule.minibatches
    if experiment.batch_size < 1:
        raise UserError(f"batch_size is {experiment.batch_size}, but must be at least 1.")
    if needed > size:
        most = size // experiment.rule.minibatches
        raise UserError(
            f"batch_size is {experiment.batch_size} ({experiment.rule.minibatches} minibatches an update), "
            f"but the source {experiment.source.name!r} has only {size} examples; use at most {most}."
        )
    return {name: jnp.asarray(array) for name, array in experiment.source.arrays.items()}


def begin(experiment: Experiment, arrays: Arrays, seed: int) -> TrainState:
    """The experiment's first state under ``seed``, compiled as one program."""
    init = jax.jit(first_state, static_argnums=(0, 3))
    try:
        return init(experiment.rule, arrays, seed, experiment.batch_size)
    except ValueError as error:
        # Shapes and norms are checked while tracing; the message is already one sentence.
        raise UserError(str(error)) from error


def chunks(
    experiment: Experiment, state: TrainState, arrays: Arrays, every: int
) -> Iterator[tuple[TrainState, Row]]:
    """Train to ``experiment.steps``, yielding after each multiple of ``every`` steps and at the end.

    Each state is consumed by the next chunk: what must outlive it has to be copied. A chunk whose
    metrics are not finite raises before it is yielded.

    Raises:
      Diverged: naming the first metric that is not finite and the steps it happened in.
    """
    run = compile_steps(experiment.rule, experiment.batch_size)
    step = int(state.step)
    while step < experiment.steps:
        # Chunks end on multiples of `every` whatever the first step, so that a resumed run logs the
        # same rows as an uninterrupted one.
        count = min(every - step % every, experiment.steps - step)
        state, metrics = run(state, arrays, count)
        row = {name: float(value) for name, value in jax.device_get(metrics).items()}
        bad = next((name for name, value in sorted(row.items()) if not math.isfinite(value)), None)
        if bad:
            raise Diverged(
                f"{bad} is {row[bad]} between steps {step} and {step + count}: the training has diverged; "
                "lower the learning rate or add a gradient penalty."
            )
        step += count
        yield state, {"step": step, **row}


def fit(experiment: Experiment, seed: int = 0, every: int = 100) -> Trained:
    """Train from the first step to the last, keeping the rows of metrics."""
    arrays = place(experiment)
    state = begin(experiment, arrays, seed)
    history = []
    for newest, row in chunks(experiment, state, arrays, every):
        state = newest
        history.append(row)
    return Trained(experiment, state, history)
