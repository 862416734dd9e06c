"""Train an experiment in memory, chunk by chunk. Files and terminals are `jgan.training.train`'s."""

import math
from collections.abc import Iterator

import jax
from jax.sharding import SingleDeviceSharding

from jgan.errors import UserError
from jgan.rules import TrainState
from jgan.training.devices import Layout, choose_layout
from jgan.training.experiment import Experiment, Trained
from jgan.training.feed import Feed, check_batch, make_feed
from jgan.training.loop import first_state
from jgan.training.mistakes import as_user_error

Row = dict[str, float]


class Diverged(UserError):
    """A loss, a gradient or a parameter is no longer finite.

    Attributes:
      row: the metrics that tell.
    """

    def __init__(self, message: str, row: Row) -> None:
        super().__init__(message)
        self.row = row


def layout_of(experiment: Experiment, mode: str = "jit") -> Layout:
    """The devices that an experiment is trained on."""
    check_batch(experiment)
    return choose_layout(experiment.batch_size * experiment.rule.minibatches, mode=mode)


def begin(experiment: Experiment, seed: int, layout: Layout | None = None) -> TrainState:
    """The experiment's first state under ``seed``, compiled as one program.

    Raises:
      UserError: if a batch is not possible, or the networks do not fit the data.
    """
    check_batch(experiment)
    batch = experiment.source.first(experiment.batch_size)
    make = lambda: first_state(experiment.rule, batch, seed)
    with as_user_error("the first state of the experiment"):  # shapes are checked while tracing
        if layout is None or layout.count == 1:
            # Bound to the device as the data are, or the second call of the steps would compile again.
            device = jax.devices()[0] if layout is None else layout.devices[0]
            return jax.jit(make, out_shardings=SingleDeviceSharding(device))()
        return jax.jit(make, out_shardings=layout.of_state(jax.eval_shape(make)))()


def chunks(
    experiment: Experiment, state: TrainState, feed: Feed, every: int
) -> Iterator[tuple[TrainState, Row]]:
    """Train to ``experiment.steps``, yielding after each multiple of ``every`` steps and at the end.

    Each state is consumed by the next chunk: what must outlive it has to be copied. A chunk whose
    metrics are not finite raises before it is yielded.

    Raises:
      Diverged: naming the first metric that is not finite and the steps it happened in.
    """
    step = int(state.step)
    while step < experiment.steps:
        # Chunks end on multiples of `every` whatever the first step, so that a resumed run logs the
        # same rows as an uninterrupted one.
        count = min(every - step % every, experiment.steps - step)
        with as_user_error("an update of the experiment"):
            state, metrics = feed(state, count)
        row = {name: float(value) for name, value in jax.device_get(metrics).items()}
        bad = next((name for name, value in sorted(row.items()) if not math.isfinite(value)), None)
        if bad:
            raise Diverged(
                f"{bad} is {row[bad]} between steps {step} and {step + count}: the training has diverged; "
                "lower the learning rate or add a gradient penalty.",
                {"step": step + count, **row},
            )
        step += count
        yield state, {"step": step, **row}


def fit(experiment: Experiment, seed: int = 0, every: int = 100) -> Trained:
    """Train from the first step to the last, keeping the rows of metrics."""
    layout = layout_of(experiment)
    state = begin(experiment, seed, layout)
    feed = make_feed(experiment, state, layout)
    history = []
    for newest, row in chunks(experiment, state, feed, every):
        state = newest
        history.append(row)
    return Trained(experiment, state, history)
