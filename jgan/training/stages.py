"""Stages: trainings that follow each other, each with its own game, rule, data and length.

A stage begins with the first state that its rule makes of new networks and with what its *carry* brings
over from the state in which the stage before it ended. The key and the count of steps run on.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgan.data import Source
from jgan.game import Batch, Game
from jgan.rules import Rule, TrainState
from jgan.training.carries import Carry, inherit

STAGE = 2**31 + 1
"""What the run's key is folded with for the first states of later stages: neither a step nor the data's."""


class Stage(NamedTuple):
    """One of the trainings that an experiment is made of.

    Attributes:
      game: what is played.
      rule: how the players move.
      source: the data.
      steps: updates of the rule in this stage.
      batch_size: examples in a minibatch; an update takes ``rule.minibatches`` of them.
      carry: ``(fresh, past, source) -> state``, the stage's first state, made of the one that its rule
        begins with and the last one of the stage before; by `jgan.training.carries`. The first stage of an
        experiment has no use for it.
    """

    game: Game
    rule: Rule
    source: Source
    steps: int
    batch_size: int = 64
    carry: Carry = inherit()


def strong(state: TrainState) -> TrainState:
    """The state without weak types, or they would change in the first step and everything compile twice."""
    return jax.tree.map(lambda leaf: jax.lax.convert_element_type(leaf, leaf.dtype), state)


def following_state(stage: Stage, past: TrainState, batch: Batch) -> TrainState:
    """The first state of a stage that follows another; pure in ``past``, vmappable.

    New variables are drawn with a key that depends on the run's key and on the step alone, so the state is
    the same whenever it is computed, and need not be saved.

    Args:
      stage: the one that begins.
      past: the last state of the one before it.
      batch: examples of the stage, of which its rule makes its first state.
    """
    key = jax.random.fold_in(jax.random.fold_in(past.key, STAGE), past.step)
    # A copy: a donated buffer must not appear in the state twice.
    place = {"step": past.step, "key": past.key, "began": jnp.copy(past.step)}
    fresh = stage.rule.init(key, batch).replace(**place)
    return strong(stage.carry(fresh, past, stage.source).replace(**place))
