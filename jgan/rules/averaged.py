"""Exponential averages of the generator, kept beside the run and used for samples."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jgan.arguments import check_number
from jgan.game import FROZEN, GENERATOR, TERMS, Batch, Collections, Metrics
from jgan.rules.rule import Rule, TrainState
from jgan.schedules import Changing

Decay = Callable[[jax.Array], jax.Array]
"""From the number of updates so far to the decay."""


def half_life_decay(half_life: float) -> float:
    """The decay whose average forgets half in ``half_life`` updates.

    StyleGAN counts its half-life in images: divide by the batch size.

    Raises:
      ValueError: if ``half_life`` is not a positive finite number.

    >>> half_life_decay(1.0)
    0.5
    """
    check_number("half_life", half_life, above=0)
    return 0.5 ** (1.0 / half_life)


def half_life_schedule(half_life: float, ramp: float = 0.05) -> Decay:
    """The decay of an average whose half-life grows with the run, up to ``half_life`` updates.

    Before update t (from 0) it is ``min(half_life, ramp t)``: StyleGAN2's ramp-up (Karras et al. 2020), so that
    early generators are soon forgotten.

    Args:
      half_life: in updates; StyleGAN counts images, so divide by the batch size.
      ramp: the half-life as a share of the updates so far.

    Raises:
      ValueError: if ``half_life`` or ``ramp`` is not a positive finite number.

    >>> decay = half_life_schedule(10.0, ramp=0.5)
    >>> [round(float(decay(jnp.array(float(t)))), 4) for t in (0, 2, 20, 1000)]
    [0.0, 0.5, 0.933, 0.933]
    """
    check_number("half_life", half_life, above=0)
    check_number("ramp", ramp, above=0)
    return changing_half_life(lambda count: jnp.minimum(ramp * count, half_life))


def changing_half_life(half_life: Changing) -> Decay:
    """The decay of an average whose half-life, in updates, is a function of the number of updates so far.

    R3GAN's begins with 0 (Huang et al. 2024, code): then the average is the generator itself.

    >>> decay = changing_half_life(lambda count: count / 10)
    >>> [round(float(decay(jnp.array(t))), 4) for t in (0, 10, 40)]
    [0.0, 0.5, 0.8409]
    """
    return lambda count: 0.5 ** (1.0 / jnp.maximum(half_life(count), 1e-3))


def averaged(rule: Rule, decay: float | Decay = 0.999, warmup: float = 10.0) -> Rule:
    """The rule that also averages the generator's variables, w̄ ← d w̄ + (1 - d) w.

    Args:
      rule: the rule that moves the players; it is not affected.
      decay: d, such as the result of `half_life_decay`, or a function of the number of updates so far, such as
        that of `half_life_schedule` or `changing_half_life`.
      warmup: in update t (from 0), d is ``min(decay, (1 + t)/(warmup + t))``, so that the average
        follows closely at first; 0 or 1 turns this off. A function has none.

    All floating-point variables of the generator are averaged, running statistics included (they must
    fit the averaged weights; StyleGAN2's code copies buffers instead, of which it has hardly any). Memories of
    terms and frozen parameters are not averaged.
    The average is ``state.averages["generator"]``; it starts as the initial generator.

    Raises:
      ValueError: if ``decay`` is not in [0, 1), or ``warmup`` not a finite number of at least 0.
    """
    if not callable(decay):
        check_number("decay", decay, least=0, below=1)
    check_number("warmup", warmup, least=0)

    def init(key: jax.Array, batch: Batch) -> TrainState:
        state = rule.init(key, batch)
        # Copies: a donated buffer must not appear in the state twice.
        average = jax.tree.map(jnp.copy, _averageable(state.variables[GENERATOR]))
        return state.replace(averages={**state.averages, GENERATOR: average})

    def update(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        before, count = state.averages[GENERATOR], state.step.astype(jnp.float32)
        state, metrics = rule.update(state, batch)
        if callable(decay):
            kept = decay(count)
        else:
            kept = jnp.minimum(decay, (1 + count) / jnp.maximum(warmup + count, 1e-6))

        def blend(old: jax.Array, new: jax.Array) -> jax.Array:
            if not jnp.issubdtype(new.dtype, jnp.floating):
                return new
            return (old + (1 - kept) * (new - old)).astype(new.dtype)

        average = jax.tree.map(blend, before, _averageable(state.variables[GENERATOR]))
        return state.replace(averages={**state.averages, GENERATOR: average}), metrics

    return Rule(init, update, rule.minibatches)


def _averageable(own: Collections) -> Collections:
    return {name: values for name, values in own.items() if name not in (TERMS, FROZEN)}
