"""The compiled unit of training: many whole steps in one program, the host not in the loop."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jgan.batch_axis import over_axis, over_mesh
from jgan.data import example_indices, gather
from jgan.data.augment import Augment
from jgan.data.order import table_keys
from jgan.data.source import scaled, tables_of
from jgan.game import PLAYERS, Batch, Metrics
from jgan.players import DUE
from jgan.rules import Rule, TrainState
from jgan.training.compiler import Program
from jgan.training.devices import AXIS, Layout
from jgan.training.stages import strong

Arrays = Mapping[str, Any]
"""Fields, or tables of fields, on the device: `jgan.data.Source.stored`."""
DATA = 2**31
"""What the run's key is folded with to order the data: no step, since those are below 2^31."""


UPDATE_NORM, PARAMETER_NORM = NORMS = ("/update_norm", "/parameter_norm")
"""Ends of the names of metrics that are those of the last step, not means."""


def over_due(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Means of updates with those of occasional metrics taken over the updates that measured them.

    A metric that no update measured is left out. Values are numbers, or arrays over the members of a
    population, whose updates are due together.

    >>> over_due({"loss": 2.0, "r1": 0.5, "r1/due": 0.25, "r2": 0.0, "r2/due": 0.0})
    {'loss': 2.0, 'r1': 2.0}
    """
    shares = {name: metrics.get(name + DUE) for name in metrics if not name.endswith(DUE)}
    return {
        name: metrics[name] if share is None else metrics[name] / share
        for name, share in shares.items()
        if share is None or np.all(share)
    }


def data_key(state: TrainState) -> jax.Array:
    """The key that orders and augments the data."""
    return jax.random.fold_in(state.key, DATA)


def draw(
    state: TrainState,
    arrays: Arrays,
    count: int,
    part: Callable[[jax.Array], jax.Array] = jnp.asarray,
) -> Batch:
    """The ``count`` examples of each table for update ``state.step``; their order depends on the key alone.

    ``part`` chooses those of them that a device is to have.
    """
    tables = tables_of(arrays)
    batch: dict[str, Any] = {}
    for table, key in table_keys(data_key(state), tables).items():
        size = next(iter(tables[table].values())).shape[0]
        batch |= gather(tables[table], part(example_indices(key, state.step, count, size)))
    return batch


def _augmented(state: TrainState, batch: Batch, augment: Augment | None) -> Batch:
    if augment is None:
        return batch
    return augment(jax.random.fold_in(data_key(state), state.step), dict(batch))


def _repeat(
    rule: Rule,
    state: TrainState,
    count: jax.Array | int,
    batch_of: Callable[[TrainState, jax.Array], Batch],
) -> tuple[TrainState, Metrics]:
    """``count`` updates, the i-th on ``batch_of(state, i)``, and the mean metrics."""
    # Traced once, for the shapes of its metrics and for the loop.
    first = (state, jnp.zeros((), jnp.int32))
    update, shapes = jax.make_jaxpr(
        lambda state, index: rule.update(state, batch_of(state, index)), return_shape=True
    )(*first)
    structure = jax.tree.structure(shapes)

    def one(state: TrainState, index: jax.Array) -> tuple[TrainState, Metrics]:
        leaves = jax.tree.leaves((state, index))
        return jax.tree.unflatten(
            structure, jax.core.eval_jaxpr(update.jaxpr, update.consts, *leaves)
        )

    def body(index: jax.Array, carry: tuple[TrainState, Metrics]) -> tuple[TrainState, Metrics]:
        state, sums = carry
        state, metrics = one(state, index)
        return state, jax.tree.map(jnp.add, sums, metrics)

    def phase(number: jax.Array, carry: tuple[TrainState, Metrics, Any]) -> Any:
        # All steps but the last, then the last: its change is measured without a copy in every step.
        state, sums, _ = carry
        before = _params(state)
        bounds = jnp.where(number == 0, 0, count - 1), jnp.where(number == 0, count - 1, count)
        state, sums = jax.lax.fori_loop(*bounds, body, (state, sums))
        return state, sums, before

    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes[1])
    state, sums, before = jax.lax.fori_loop(0, 2, phase, (state, zeros, _params(state)))
    means = jax.tree.map(lambda total: total / count, sums)
    return state, means | _norms(before, _params(state))


def _params(state: TrainState) -> dict[str, Any]:
    return {player: state.variables[player]["params"] for player in PLAYERS}


def _norms(before: dict[str, Any], after: dict[str, Any]) -> Metrics:
    norms = {}
    for player in PLAYERS:
        update = jax.tree.map(jnp.subtract, after[player], before[player])
        norms[player + UPDATE_NORM] = optax.tree.norm(update)
        norms[player + PARAMETER_NORM] = optax.tree.norm(after[player])
    return norms


def run_steps(
    rule: Rule,
    state: TrainState,
    arrays: Arrays,
    count: jax.Array | int,
    batch_size: int,
    *,
    augment: Augment | None = None,
    part: Callable[[jax.Array], jax.Array] = jnp.asarray,
) -> tuple[TrainState, Metrics]:
    """``count`` updates of the rule on a data set that lives on the device; pure, vmappable over states.

    Args:
      rule: how the players move.
      state: where to go on from; its step says which examples come next.
      arrays: the data set as `jgan.data.Source.stored`, examples on the leading axis; images may be uint8.
      count: number of updates, at least 1; may be traced, so that one program serves every count.
      batch_size: examples in a minibatch.
      augment: of the data.
      part: chooses a device's share of the indices of a step.

    Returns:
      The new state, and the mean of each metric over the updates. With them come each player's
      ``update_norm`` and ``parameter_norm``: the length of the last update's change of its
      parameters, and of the parameters after it.
    """
    examples = rule.minibatches * batch_size

    def batch_of(state: TrainState, index: jax.Array) -> Batch:
        return _augmented(state, draw(state, arrays, examples, part), augment)

    return _repeat(rule, state, count, batch_of)


def run_block(
    rule: Rule,
    state: TrainState,
    block: Arrays,
    count: jax.Array | int,
    *,
    augment: Augment | None = None,
) -> tuple[TrainState, Metrics]:
    """`run_steps` on examples that were read for it: ``block`` holds ``(steps, examples, ...)``.

    Only the first ``count`` of its steps are used.
    """

    def batch_of(state: TrainState, index: jax.Array) -> Batch:
        rows = {
            name: scaled(jax.lax.dynamic_index_in_dim(values, index, keepdims=False))
            for name, values in block.items()
        }
        return _augmented(state, rows, augment)

    return _repeat(rule, state, count, batch_of)


Compiled = Callable[[TrainState, Arrays, Any], tuple[TrainState, Metrics]]
"""``(state, arrays or block, count)``; the given state's buffers are consumed."""


@functools.lru_cache(maxsize=2)
def compile_steps(
    rule: Rule, batch_size: int, layout: Layout | None = None, augment: Augment | None = None
) -> Compiled:
    """`run_steps` compiled for a layout, or for one device.

    The last two are kept, so that an experiment which is trained under several seeds is compiled once.
    """
    options: dict[str, Any] = {"augment": augment}
    if layout is None or layout.count == 1:
        return Program(
            lambda state, arrays, count: run_steps(
                rule, state, arrays, count, batch_size, **options
            ),
            donate_argnums=0,
        )
    if layout.mode == "pmap":
        part = lambda indices: jax.lax.dynamic_slice_in_dim(
            indices,
            jax.lax.axis_index(AXIS) * (len(indices) // layout.count),
            len(indices) // layout.count,
        )
        return _pmapped(
            lambda state, arrays, count: run_steps(
                rule, state, arrays, count, batch_size, part=part, **options
            ),
            layout,
            rows=None,
        )
    # Whole first, or the shuffle would be computed in parts too, with an exchange in each of its rounds.
    whole = lambda indices: jax.lax.with_sharding_constraint(indices, layout.replicated)
    split = lambda indices: jax.lax.with_sharding_constraint(whole(indices), layout.split())
    return _over_mesh(
        lambda state, arrays, count: run_steps(
            rule, state, arrays, count, batch_size, part=split, **options
        ),
        layout,
    )


@functools.lru_cache(maxsize=2)
def compile_block(
    rule: Rule, layout: Layout | None = None, augment: Augment | None = None
) -> Compiled:
    """`run_block` compiled for a layout, or for one device; kept as by `compile_steps`.

    Under "pmap" the block holds ``(steps, devices, examples, ...)``.
    """
    run = lambda state, block, count: run_block(rule, state, block, count, augment=augment)
    if layout is None or layout.count == 1:
        return Program(run, donate_argnums=0)
    if layout.mode == "pmap":
        return _pmapped(run, layout, rows=1)
    return _over_mesh(run, layout)


def _over_mesh(run: Compiled, layout: Layout) -> Compiled:
    def laid_out(state: TrainState, arrays: Arrays, count: Any) -> tuple[TrainState, Metrics]:
        # The state must come out as it went in, or the second call would compile again.
        shardings = layout.of_state(state)
        with over_mesh(layout.split(), layout.replicated if layout.mode == "fsdp" else None):
            state, metrics = run(state, arrays, count)
        return jax.lax.with_sharding_constraint(state, shardings), metrics

    return Program(laid_out, donate_argnums=0)


def _pmapped(run: Compiled, layout: Layout, rows: int | None) -> Compiled:
    def one_device(
        number: jax.Array, state: TrainState, arrays: Arrays, count: Any
    ) -> tuple[TrainState, Metrics]:
        with over_axis(AXIS, layout.count):
            return run(state, arrays, count)

    mapped = jax.pmap(
        one_device, AXIS, in_axes=(0, None, rows, None), out_axes=None, devices=layout.devices
    )
    # pmap wants one argument that differs between the devices, which resident data do not have.
    return functools.partial(mapped, np.arange(layout.count))


def first_state(rule: Rule, batch: Batch, seed: int | jax.Array) -> TrainState:
    """The state of a run before its first step; pure in ``seed``, vmappable over seeds."""
    return strong(rule.init(jax.random.key(seed), batch))
