"""The compiled unit of training: many whole steps in one program, the host not in the loop."""

from collections.abc import Callable, Mapping

import jax
import jax.numpy as jnp

from jgan.data import example_indices, gather
from jgan.game import Batch, Metrics
from jgan.rules import Rule, TrainState

Arrays = Mapping[str, jax.Array]
DATA = 2**31
"""What the run's key is folded with to order the data: no step, since those are below 2^31."""


def draw(state: TrainState, arrays: Arrays, count: int) -> Batch:
    """The ``count`` examples of update ``state.step``; the order depends on the run's key alone."""
    data_key = jax.random.fold_in(state.key, DATA)
    size = next(iter(arrays.values())).shape[0]
    return gather(arrays, example_indices(data_key, state.step, count, size))


def run_steps(
    rule: Rule, state: TrainState, arrays: Arrays, count: jax.Array | int, batch_size: int
) -> tuple[TrainState, Metrics]:
    """``count`` updates of the rule on a data set that lives on the device; pure, vmappable over states.

    Args:
      rule: how the players move.
      state: where to go on from; its step says which examples come next.
      arrays: the data set, examples on the leading axis; images may be uint8.
      count: number of updates; may be traced, so that one program serves every count.
      batch_size: examples in a minibatch.

    Returns:
      The new state, and the mean of each metric over the updates.
    """
    drawn = rule.minibatches * batch_size

    def one(state: TrainState) -> tuple[TrainState, Metrics]:
        return rule.update(state, draw(state, arrays, drawn))

    def body(_: jax.Array, carry: tuple[TrainState, Metrics]) -> tuple[TrainState, Metrics]:
        state, sums = carry
        state, metrics = one(state)
        return state, jax.tree.map(jnp.add, sums, metrics)

    zeros = jax.tree.map(
        lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(one, state)[1]
    )
    state, sums = jax.lax.fori_loop(0, count, body, (state, zeros))
    return state, jax.tree.map(lambda total: total / count, sums)


def compile_steps(
    rule: Rule, batch_size: int
) -> Callable[[TrainState, Arrays, int], tuple[TrainState, Metrics]]:
    """`run_steps` compiled, as ``(state, arrays, count)``; the given state's buffers are consumed."""

    def steps(state: TrainState, arrays: Arrays, count: jax.Array) -> tuple[TrainState, Metrics]:
        return run_steps(rule, state, arrays, count, batch_size)

    return jax.jit(steps, donate_argnums=0)


def first_state(rule: Rule, arrays: Arrays, seed: int | jax.Array, batch_size: int) -> TrainState:
    """The state of a run before its first step; pure in ``seed``, vmappable over seeds."""
    batch = gather(arrays, jnp.arange(batch_size))
    state = rule.init(jax.random.key(seed), batch)
    # Strong types, or the state's types would change in the first step and everything compile twice.
    return jax.tree.map(lambda leaf: jax.lax.convert_element_type(leaf, leaf.dtype), state)
