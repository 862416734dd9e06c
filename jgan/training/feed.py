"""Feeds: two ways of bringing a source to the compiled steps, with the same examples at every step."""

from collections.abc import Callable, Iterator, Mapping

import jax
import jax.numpy as jnp
import numpy as np

from jgan.data import Source
from jgan.data.loader import Reading, batches
from jgan.errors import UserError
from jgan.game import Metrics
from jgan.rules import TrainState
from jgan.training.devices import Layout
from jgan.training.experiment import Experiment
from jgan.training.loop import NORMS, Arrays, compile_block, compile_steps, data_key
from jgan.training.resources import free_bytes
from jgan.training.stages import Stage

Feed = Callable[[TrainState, int], tuple[TrainState, Metrics]]
"""``(state, count) -> (state, mean metrics)``: ``count`` updates; the given state is consumed."""
LOADERS = ("auto", "device", "stream")
BLOCK_STEPS = 32
BLOCK_BYTES = 64 * 2**20


def make_feed(
    experiment: Experiment | Stage,
    state: TrainState,
    layout: Layout,
    loader: str = "auto",
    reading: Reading | None = None,
) -> Feed:
    """The feed of an experiment or of one stage of it that goes on from ``state``.

    Args:
      experiment: what is trained.
      state: the run's; its key orders the data, its step says where to begin.
      layout: where the run lives.
      loader: "device" puts the whole set on every device, "stream" reads it step by step, "auto" takes
        the device if the set needs at most half of its free memory.
      reading: how a stream is read.

    Raises:
      UserError: if a batch is not possible, or the loader is unknown.
    """
    check_batch(experiment)
    if is_resident(experiment.source, layout, loader):
        return resident(experiment, layout)
    return streamed(experiment, state, layout, reading or Reading())


def is_resident(source: Source, layout: Layout, loader: str) -> bool:
    """Whether ``loader`` puts this set on every device.

    Raises:
      UserError: if the loader is unknown.
    """
    if loader not in LOADERS:
        raise UserError(f"loader is {loader!r}, but must be one of {', '.join(LOADERS)}.")
    return loader == "device" or (loader == "auto" and fits_device(source, layout))


def check_batch(experiment: Experiment | Stage) -> None:
    """Raise UserError if one update needs more examples than a table of the data set has."""
    source, minibatches = experiment.source, experiment.rule.minibatches
    table = min(source.sizes, key=lambda table: source.sizes[table])
    size = source.sizes[table]
    if experiment.batch_size * minibatches > size:
        each = f" ({minibatches} minibatches an update)" if minibatches > 1 else ""
        of = f"the table {table!r} of " if len(source.sizes) > 1 else ""
        most = size // minibatches
        raise UserError(
            f"batch_size is {experiment.batch_size}{each}, but {of}the source {source.name!r} has "
            f"only {size} example{'s' if size > 1 else ''}; "
            + (f"use at most {most}." if most else f"the rule needs at least {minibatches}.")
        )


def fits_device(source: Source, layout: Layout) -> bool:
    """Whether a set is in memory already and needs at most half of what each device has free."""
    if not all(isinstance(values, np.ndarray) for values in source.arrays.values()):
        return False
    return source.nbytes <= free_bytes(layout.devices[0], layout.count) / 2


def place(experiment: Experiment | Stage, layout: Layout | None = None) -> Arrays:
    """The experiment's data on every device of the layout, or on the first device.

    Raises:
      UserError: if one update needs more examples than a table of the data set has.
    """
    check_batch(experiment)
    loaded = jax.tree.map(
        lambda values: values if isinstance(values, np.ndarray) else values[np.arange(len(values))],
        experiment.source.stored,
    )
    if layout is None or layout.count == 1:
        return jax.device_put(loaded, layout.devices[0] if layout else jax.devices()[0])
    return layout.replicate(loaded)


def resident(experiment: Experiment | Stage, layout: Layout) -> Feed:
    """The whole set lives on every device and is shuffled and gathered inside the compiled steps."""
    arrays = place(experiment, layout)
    run = compile_steps(experiment.rule, experiment.batch_size, layout, experiment.source.augment)
    return lambda state, count: run(state, arrays, count)


def streamed(
    experiment: Experiment | Stage, state: TrainState, layout: Layout, reading: Reading
) -> Feed:
    """Examples are read ahead on the host and brought to the devices in blocks of some steps."""
    source = experiment.source
    examples = experiment.batch_size * experiment.rule.minibatches
    part = layout.part(examples)
    step_bytes = examples * sum(values.nbytes // len(values) for values in source.arrays.values())
    depth = max(1, min(BLOCK_STEPS, BLOCK_BYTES // max(1, step_bytes)))
    run = compile_block(experiment.rule, layout, source.augment)
    stream = batches(
        source.stored,
        data_key(state),
        examples,
        int(state.step),
        int(state.began) + experiment.steps,
        part=part,
        reading=reading,
    )
    put = _sender(layout)

    def feed(state: TrainState, count: int) -> tuple[TrainState, Metrics]:
        before: Metrics | None = None
        total: Metrics = {}
        metrics: Metrics = {}
        done = 0
        while done < count:
            steps = min(depth, count - done)
            block = put(_stack(stream, steps, depth))
            jax.block_until_ready(before)  # one block runs and one waits, or memory would fill
            state, metrics = run(state, block, steps)
            before, total = total, _add(total, metrics, steps)
            done += steps
        last = {name: value for name, value in metrics.items() if name.endswith(NORMS)}
        return state, {name: value / count for name, value in total.items()} | last

    return feed


@jax.jit
def _add(total: Metrics, metrics: Metrics, steps: int) -> Metrics:
    return {name: total.get(name, 0.0) + value * steps for name, value in metrics.items()}


def _stack(
    stream: Iterator[Mapping[str, np.ndarray]], steps: int, depth: int
) -> dict[str, np.ndarray]:
    """The next ``steps`` batches one above the other, in a block that is always ``depth`` high."""
    block: dict[str, np.ndarray] = {}
    for row in range(steps):
        for name, values in next(stream).items():
            if row == 0:
                block[name] = np.zeros((depth, *values.shape), values.dtype)
            block[name][row] = values
    return block


def _sender(layout: Layout) -> Callable[[dict[str, np.ndarray]], Arrays]:
    if layout.count == 1:
        return lambda block: jax.device_put(block, layout.devices[0])
    if layout.mode == "pmap":
        return lambda block: {
            name: jnp.asarray(values.reshape(len(values), layout.count, -1, *values.shape[2:]))
            for name, values in block.items()
        }
    sharding = layout.split(axis=1)
    return lambda block: {
        name: jax.make_array_from_process_local_data(sharding, values)
        for name, values in block.items()
    }
