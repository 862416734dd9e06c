"""What a training has chosen, and why: devices, loader, precision, batch; and the memory that it takes."""

import jax
import numpy as np

from jgan.rules import TrainState
from jgan.training.devices import Layout
from jgan.training.feed import is_resident
from jgan.training.resources import free_bytes, tree_bytes, with_unit
from jgan.training.stages import Stage


def choices(
    stage: Stage, state: TrainState, layout: Layout, loader: str = "auto", dtype: str | None = None
) -> list[str]:
    """Lines that say how a stage is trained; nothing is compiled for them.

    Args:
      stage: what is trained.
      state: the one that it begins with, or its shapes.
      layout: the devices.
      loader: as in `jgan.training.feed.make_feed`.
      dtype: the type in which the networks compute, where the experiment names one.
    """
    return [
        f"devices: {_devices(stage, layout)}",
        f"loader: {_loader(stage, layout, loader)}",
        f"precision: {_precision(state, layout, dtype)}",
        f"batch: {_batch(stage)}",
        f"memory: {_memory(stage, state, layout, loader)}",
    ]


def _devices(stage: Stage, layout: Layout) -> str:
    kind = layout.devices[0].device_kind
    count, present = layout.count, jax.device_count()
    if count == present:
        return f"{count} x {kind}" + (f", by {layout.mode}" if count > 1 else "")
    examples = stage.batch_size * stage.rule.minibatches
    return (
        f"{count} of {present} x {kind}, by {layout.mode}, because {examples} examples cannot be split evenly "
        "between more"
    )


def _loader(stage: Stage, layout: Layout, loader: str) -> str:
    size = with_unit(stage.source.nbytes, "B")
    resident = is_resident(stage.source, layout, loader)
    if loader != "auto":
        return f"{loader}, as given by --loader ({size})"
    if resident:
        return f"device, because the data ({size}) need at most half of its free memory"
    if all(isinstance(values, np.ndarray) for values in stage.source.arrays.values()):
        return f"stream, because the data ({size}) need more than half of the device's free memory"
    return f"stream, because the data ({size}) are decoded from files whenever they are needed"


def _precision(state: TrainState, layout: Layout, dtype: str | None) -> str:
    leaves = jax.tree.leaves([own["params"] for own in state.variables.values()])
    kept = " and ".join(sorted({str(leaf.dtype) for leaf in leaves})) or "no parameters"
    products = jax.config.jax_default_matmul_precision
    if dtype not in (None, kept):
        return f"{dtype} in the networks, {kept} in parameters and losses"
    if products is None and layout.devices[0].platform != "cpu":
        return f"{kept}; matrix products at the device's default precision (JAX_DEFAULT_MATMUL_PRECISION)"
    return kept if products is None else f"{kept}; matrix products at precision {products}"


def _batch(stage: Stage) -> str:
    examples = stage.batch_size * stage.rule.minibatches
    minibatches = f" in {stage.rule.minibatches} minibatches" if stage.rule.minibatches > 1 else ""
    epochs = stage.steps * examples / stage.source.size
    return (
        f"{examples:,} examples a step{minibatches}; {stage.steps:,} steps show each of {stage.source.size:,} "
        f"examples {epochs:.3g} times"
    )


def _memory(stage: Stage, state: TrainState, layout: Layout, loader: str) -> str:
    data = stage.source.nbytes if is_resident(stage.source, layout, loader) else 0
    kept = f" and {with_unit(data, 'B')} for the data" if data else ""
    free = free_bytes(layout.devices[0], layout.count)
    of = f", of {with_unit(free, 'B')} that are free" if np.isfinite(free) else ""
    return f"{with_unit(tree_bytes(state), 'B')} for the train state{kept}{of}"
