"""Lookahead-minimax: every k updates, step back towards where the players were k updates ago."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.arguments import check_count, check_number
from jgan.game import Batch, Metrics
from jgan.rules.joint_move import combine, params_of, with_params
from jgan.rules.rule import Rule, TrainState


def lookahead_minimax(rule: Rule, every: int = 5, alpha: float | jax.Array = 0.5) -> Rule:
    """Lookahead for games (Chavdarova et al. 2021, algorithm 1) around any rule.

    After each ``every`` updates of ``rule`` both players' parameters become φ ← φ + alpha (ω - φ), where φ
    are those of the last such moment. The optimizers go on undisturbed.

    Args:
      rule: the rule that moves the players in between.
      every: k, at least 1.
      alpha: how much of the way is kept, ½ in the paper.

    If B is the operator of ``rule`` near an equilibrium, a whole period has (1 - alpha) I + alpha Bᵏ:
    pulling back along the chord damps rotation. A projection onto a convex set holds between two of its
    points. φ is ``state.memory["slow"]``, the inner rule's memory ``state.memory["inner"]``.

    Raises:
      ValueError: if ``every`` is not a whole number of at least 1, or ``alpha`` not in [0, 1].
    """
    check_count("every", every)
    check_number("alpha", alpha, least=0, most=1)

    def init(key: jax.Array, batch: Batch) -> TrainState:
        state = rule.init(key, batch)
        # Copies: a donated buffer must not appear in the state twice.
        slow = jax.tree.map(jnp.copy, params_of(state.variables))
        return state.replace(memory={"inner": state.memory, "slow": slow})

    def update(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        memory: dict[str, Any] = state.memory
        moved, metrics = rule.update(state.replace(memory=memory["inner"]), batch)
        fast, slow = params_of(moved.variables), memory["slow"]
        pulled = combine((1 - alpha, slow), (alpha, fast))
        due = moved.step % every == 0
        fast, slow = jax.tree.map(
            lambda new, old: jnp.where(due, new, old), (pulled, pulled), (fast, slow)
        )
        moved = moved.replace(
            variables=with_params(moved.variables, fast),
            memory={"inner": moved.memory, "slow": slow},
        )
        return moved, metrics

    return Rule(init, update, rule.minibatches)
