"""Simultaneous descent: both players move at once, from one forward pass."""

import jax

from jgan.game import Batch, Game, Metrics
from jgan.rules.joint_move import gradients, step_both
from jgan.rules.rule import Optimizers, Rule, TrainState, check_optimizers, start


def simultaneous(game: Game, optimizers: Optimizers) -> Rule:
    """Simultaneous gradient descent: both gradients are taken at the same variables.

    Both losses are evaluated with the same key, hence on the same fakes and the same logits, and share one
    forward pass where they can (`jgan.rules.joint_move.gradients`).
    """
    check_optimizers(optimizers)

    def init(key: jax.Array, batch: Batch) -> TrainState:
        return start(game, optimizers, key, batch)

    def update(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        key = jax.random.fold_in(state.key, state.step)
        found = gradients(game, state.variables, batch, key, state.clock)
        return step_both(game, optimizers, state, found.grads, found)

    return Rule(init, update)
