"""Train an experiment in memory, chunk by chunk. Files and terminals are `jgan.runs.train`'s."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import SingleDeviceSharding

from jgan.data.loader import Reading
from jgan.display import task
from jgan.errors import UserError
from jgan.rules import TrainState
from jgan.training.compiler import compiled_sooner
from jgan.training.devices import Layout, choose_layout, on_host
from jgan.training.experiment import Experiment, Trained
from jgan.training.feed import Feed, check_batch, is_resident, make_feed
from jgan.training.loop import first_state, over_due
from jgan.training.resources import check_memory, free_bytes
from jgan.training.stages import Stage, following_state
from jgan.training.user_code import as_user_error

Row = dict[str, float]


class Diverged(UserError):
    """A loss, a gradient or a parameter is no longer finite.

    Attributes:
      row: the metrics that tell.
    """

    def __init__(self, message: str, row: Row) -> None:
        super().__init__(message)
        self.row = row


def layout_of(experiment: Experiment | Stage, mode: str = "jit") -> Layout:
    """The devices that a stage is trained on."""
    check_batch(experiment)
    return choose_layout(experiment.batch_size * experiment.rule.minibatches, mode=mode)


def begin(
    experiment: Experiment, seed: int, layout: Layout | None = None, loader: str = "auto"
) -> TrainState:
    """The experiment's first state under ``seed``, compiled as one program.

    Raises:
      UserError: if a batch is not possible, the networks do not fit the data, or state and data the memory.
    """
    stage = experiment.stages[0]
    check_batch(stage)
    batch = stage.source.first(stage.batch_size)
    make = lambda: first_state(stage.rule, batch, seed)
    with task("initializing the networks", apart=True):
        return placed(make, "the first state", layout, fits=fitting(stage, layout, loader))


def follow(
    stage: Stage, past: TrainState, layout: Layout | None = None, loader: str = "auto"
) -> TrainState:
    """The first state of a stage that follows the one which ended with ``past``, compiled as one program.

    Arrays that are taken over are shared with ``past``, which must not be used once the new state is trained.

    Raises:
      UserError: if a batch is not possible, the networks do not fit the data, state and data do not fit the
        memory, or the stage's carry fails.
    """
    check_batch(stage)
    batch = stage.source.first(stage.batch_size)
    if layout is not None and layout.count > 1:
        past = jax.device_put(past, layout.of_state(past))
    elif past.step.sharding.num_devices > 1:
        past = on_host(past)
    make = lambda past: following_state(stage, past, batch)
    fits = fitting(stage, layout, loader)
    return placed(make, "the first state of a stage", layout, past, fits=fits)


def fitting(stage: Stage, layout: Layout | None, loader: str) -> Callable[[TrainState], None]:
    """``shapes of a state -> None``: refuses a stage whose state and data exceed the memory of a device."""
    layout = layout or Layout((jax.devices()[0],))
    resident = is_resident(stage.source, layout, loader)

    def check(state: TrainState) -> None:
        data = stage.source.nbytes if resident else 0
        check_memory(state, data, free_bytes(layout.devices[0], layout.count))

    return check


def placed(
    make: Callable[..., TrainState],
    what: str,
    layout: Layout | None,
    *arguments: TrainState,
    fits: Callable[[TrainState], None] = lambda state: None,
) -> TrainState:
    """``make(*arguments)``, a state called ``what``, compiled as one program for a layout or one device.

    ``fits`` is told the state's shapes before anything is compiled.
    """
    with as_user_error(f"{what} of the experiment"):  # shapes are checked while tracing
        # What was traced for the shapes is not traced again.
        made = jax.jit(make)
        shapes = jax.eval_shape(made, *arguments)
        fits(shapes)
        if layout is None or layout.count == 1:
            # Bound to the device as the data are, or the second call of the steps would compile again.
            device = jax.devices()[0] if layout is None else layout.devices[0]
            shardings: Any = SingleDeviceSharding(device)
        else:
            shardings = layout.of_state(shapes)
        options = compiled_sooner()
        return jax.jit(made, out_shardings=shardings, compiler_options=options)(*arguments)


def chunks(
    stage: Experiment | Stage, state: TrainState, feed: Feed, every: int
) -> Iterator[tuple[TrainState, Row]]:
    """Train one stage to its end, yielding after each multiple of ``every`` steps and at the end.

    Each state is consumed by the next chunk: what must outlive it has to be copied. A chunk whose
    metrics are not finite raises before it is yielded.

    Args:
      stage: what is trained, or an experiment of one stage.
      state: where to go on from.
      feed: of the stage.
      every: steps between rows.

    Raises:
      Diverged: naming the first metric that is not finite and the steps it happened in.
    """
    step, end = int(state.step), int(state.began) + stage.steps
    while step < end:
        # Chunks end on multiples of `every` whatever the first step, so that a resumed run logs the
        # same rows as an uninterrupted one.
        count = min(every - step % every, end - step)
        with as_user_error("an update of the experiment"):
            state, metrics = feed(state, count)
        row = {name: float(value) for name, value in over_due(jax.device_get(metrics)).items()}
        bad = next((name for name, value in sorted(row.items()) if not math.isfinite(value)), None)
        if bad:
            raise Diverged(
                f"{bad} is {row[bad]} between steps {step} and {step + count}: the training has diverged; "
                "lower the learning rate or add a gradient penalty.",
                {"step": step + count, **row},
            )
        step += count
        yield state, {"step": step, **row}


def all_chunks(
    experiment: Experiment,
    state: TrainState,
    every: int,
    *,
    parallel: str = "jit",
    loader: str = "auto",
    reading: Reading | None = None,
) -> Iterator[tuple[TrainState, Row]]:
    """Train from ``state`` to the end of the experiment, stage by stage, yielding as `chunks` does.

    Args:
      experiment: what is trained.
      state: where to go on from, whichever stage it belongs to.
      every: steps between rows; the end of a stage has one besides.
      parallel: as in `layout_of`.
      loader: as in `jgan.training.feed.make_feed`.
      reading: likewise.

    Raises:
      Diverged: as `chunks` does.
      UserError: if a stage cannot begin.
    """
    first = experiment.number(int(state.step))
    for number, stage in enumerate(experiment.stages[first:], first):
        layout = layout_of(stage, parallel)
        if number > first:
            state = follow(stage, state, layout, loader)
        if int(state.step) < experiment.ends[number]:
            feed = make_feed(stage, state, layout, loader, reading)
            for newest, row in chunks(stage, state, feed, every):
                state = newest
                yield newest, row


def fit(
    experiment: Experiment, seed: int = 0, every: int = 100, begun: TrainState | None = None
) -> Trained:
    """Train to the last step, keeping the rows of metrics.

    Args:
      experiment: what is trained.
      seed: of the first state.
      every: steps between rows.
      begun: a state to go on from in place of the first, whichever stage it belongs to. It is copied.
    """
    if begun is None:
        state = begin(experiment, seed, layout_of(experiment.stages[0]))
    else:
        state = jax.tree.map(jnp.copy, begun)  # training consumes it
    history = []
    for newest, row in all_chunks(experiment, state, every):
        state = newest
        history.append(row)
    return Trained(experiment, state, history)
