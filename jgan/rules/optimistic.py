"""Optimistic descent: step along the gradient expected next."""

import jax
import optax

from jgan.arguments import check_rate
from jgan.game import PLAYERS, Game
from jgan.rules.rule import Rule
from jgan.rules.simultaneous import simultaneous


def optimistic(game: Game, learning_rate: float | jax.Array) -> Rule:
    """Optimistic mirror descent (Daskalakis et al. 2018): z ← z - 2ηF(z_t) + ηF(z_{t-1}).

    This is `simultaneous` with `optax.optimistic_gradient_descent`; ``optax.optimistic_adam_v2`` gives
    the paper's Adam. On a bilinear game it converges for c = ηs < 1/√3, fastest at c = ½ with spectral
    radius 1/√2. The first step has length η; codes that start from a past gradient of 0 make it 2η.

    Raises:
      ValueError: if ``learning_rate`` is not a finite number of at least 0 (or a schedule of optax).
    """
    check_rate("learning_rate", learning_rate)
    return simultaneous(
        game, dict.fromkeys(PLAYERS, optax.optimistic_gradient_descent(learning_rate))
    )
