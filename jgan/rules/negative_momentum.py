"""Negative momentum: alternating descent that damps its own rotation."""

import jax
import optax

from jgan.arguments import check_number, check_rate
from jgan.game import GENERATOR, PLAYERS, Game
from jgan.rules.alternating import alternating
from jgan.rules.rule import Rule


def negative_momentum(
    game: Game,
    learning_rate: float | jax.Array,
    momentum: float | jax.Array = -0.5,
    *,
    first: str = GENERATOR,
) -> Rule:
    """Alternating heavy-ball descent with a momentum below zero (Gidel et al. 2019, AISTATS).

    On a bilinear game and for small c = ηs, the squared spectral radius is about 1 + 2βc²/(1 - β)³: it
    converges exactly for β < 0, fastest at β = -½ with 1 - (8/27)c². Simultaneous moves diverge for
    every β.

    Raises:
      ValueError: if ``learning_rate`` is not a finite number of at least 0 (or a schedule of optax), or
        ``momentum`` not in (-1, 1).
    """
    check_rate("learning_rate", learning_rate)
    check_number("momentum", momentum, above=-1, below=1)
    optimizer = optax.sgd(learning_rate, momentum=momentum)
    return alternating(game, dict.fromkeys(PLAYERS, optimizer), first=first)
