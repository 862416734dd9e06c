"""Discretisation drift: what descent follows instead of the game's flow, and how to undo part of it."""

from collections.abc import Mapping

import jax
import optax

from jgan.batch_axis import whole_mean
from jgan.detach import detach
from jgan.game import (
    DISCRIMINATOR,
    GENERATOR,
    PLAYERS,
    Aux,
    Batch,
    Game,
    LossFunction,
    PyTree,
    Variables,
    check_player,
)
from jgan.rules.joint import with_params
from jgan.rules.rule import Rule
from jgan.rules.simultaneous import simultaneous

Rates = Mapping[str, float | jax.Array]
"""A learning rate for each player."""
RIVAL = {GENERATOR: DISCRIMINATOR, DISCRIMINATOR: GENERATOR}


def with_drift(
    game: Game,
    rates: Rates,
    *,
    own: float | jax.Array = 1.0,
    interaction: float | jax.Array = 1.0,
    first: str | None = None,
    steps: Mapping[str, int] | None = None,
) -> Game:
    """The game whose flow gradient descent on ``game`` follows, up to the third power of the rates.

    The modified losses of Rosca et al. 2021 (corollaries 5.1 and 5.2), for any two losses: player p adds

        own · a_p/(4 m_p) ‖∇_p L_p‖²  +  interaction · s_p a_o/2 ⟨∇_o L_p, ∇_o L_o⟩

    with the other player o, rates a and m_p inner steps of a_p/m_p each; the last gradient counts as a
    constant, and s_p is -1 for the second player of an alternating game, else 1. In a zero-sum game the
    second term pulls like s_p a_o/4 times ∓‖∇_o E‖², and is what destabilises.

    The flow is meant in one common time in which player p moves at ``rates[p]``. The article follows each
    player in a time of its own; the two agree for equal rates only.

    Args:
      game: what descent is run on.
      rates: a_p for each player.
      own: weight of the first term; 1 for the true drift.
      interaction: weight of the second; 1 for the true drift, -1 to cancel it in a game that is descended.
      first: who moves first in alternating descent; None for simultaneous descent.
      steps: m_p for each player, 1 if None; simultaneous descent makes one.
    """
    if set(rates) != set(PLAYERS):
        raise ValueError(f"rates has the keys {sorted(rates)}, but must have {sorted(PLAYERS)}.")
    if first is not None:
        check_player(first)
    counts = steps or dict.fromkeys(PLAYERS, 1)

    def drifting(player: str) -> LossFunction:
        rival = RIVAL[player]
        sign = 1.0 if first in (None, player) else -1.0

        def loss(
            variables: Variables, batch: Batch, key: jax.Array, step: jax.Array
        ) -> tuple[jax.Array, Aux]:
            def slope(whose: str, over: str) -> PyTree:
                def value(params: PyTree) -> jax.Array:
                    moved = with_params(variables, {over: params})
                    return game.losses[whose](moved, batch, key, step)[0]

                return whole_mean(jax.grad(value)(variables[over]["params"]))

            value, aux = game.losses[player](variables, batch, key, step)
            square = optax.tree.norm(slope(player, player), squared=True)
            constant = detach(slope(rival, rival))
            cross = optax.tree.vdot(slope(player, rival), constant)
            value += own * rates[player] / (4 * counts[player]) * square
            value += interaction * sign * rates[rival] / 2 * cross
            return value, aux

        return loss

    return game._replace(losses={player: drifting(player) for player in PLAYERS}, rebuild=None)


def drift_corrected(
    game: Game,
    rates: Rates,
    *,
    own: float | jax.Array = 0.0,
    interaction: float | jax.Array = 1.0,
) -> Rule:
    """Simultaneous descent with part of its drift taken away (Rosca et al. 2021, section 6).

    Args:
      game: what is played.
      rates: a learning rate for each player; the article has 1e-2 for the discriminator and 5e-3 for
        the generator.
      own: share of the players' own terms that is cancelled.
      interaction: share of the interaction terms that is cancelled; the article cancels these alone.

    On a bilinear game with c = ηs the spectral radius is sqrt(1 + c⁴/4), that of Heun's method, against
    sqrt(1 + c²) of plain descent.
    """
    corrected = with_drift(game, rates, own=-own, interaction=-interaction)
    return simultaneous(corrected, {player: optax.sgd(rates[player]) for player in PLAYERS})
