"""Discretisation drift: what descent follows instead of the game's flow, and how to undo part of it."""

from collections.abc import Mapping
from typing import Any

import jax
import optax

from jgan.arguments import check_count, check_number
from jgan.batch_axis import whole_mean
from jgan.game import (
    DISCRIMINATOR,
    GENERATOR,
    PLAYERS,
    Aux,
    Batch,
    Game,
    PyTree,
    Variables,
    check_player,
    composition_of,
    remade,
)
from jgan.rules.consensus import paying
from jgan.rules.joint_move import with_params
from jgan.rules.rule import Rule
from jgan.rules.simultaneous import simultaneous
from jgan.scene.by_player import Losses

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

    Raises:
      ValueError: if a rate is not a finite number of at least 0, another number not finite, or a player
        has no rate or no steps.
    """
    if set(rates) != set(PLAYERS):
        raise ValueError(f"rates has the keys {sorted(rates)}, but must have {sorted(PLAYERS)}.")
    if first is not None:
        check_player(first)
    counts = steps or dict.fromkeys(PLAYERS, 1)
    if set(counts) != set(PLAYERS):
        raise ValueError(f"steps has the keys {sorted(counts)}, but must have {sorted(PLAYERS)}.")
    for player in PLAYERS:
        check_number(f"the rate of the {player}", rates[player], least=0)
        check_count(f"steps of the {player}", counts[player])
    check_number("own", own)
    check_number("interaction", interaction)

    def drifting(inner: Losses) -> Losses:
        def losses(
            variables: Variables,
            batch: Batch,
            key: jax.Array,
            step: Any,
            held: Variables | None = None,
        ) -> Mapping[str, tuple[jax.Array, Aux]]:
            still = jax.lax.stop_gradient(variables) if held is None else held

            def slope(at: Variables, whose: str, over: str) -> PyTree:
                def value(params: PyTree) -> jax.Array:
                    moved = with_params(at, {over: params})
                    return inner(moved, batch, key, step, at)[whose][0]

                return whole_mean(jax.grad(value)(at[over]["params"]))

            results = inner(variables, batch, key, step, still)
            for player in PLAYERS:
                rival = RIVAL[player]
                sign = 1.0 if first in (None, player) else -1.0
                square = optax.tree.norm(slope(variables, player, player), squared=True)
                # The other player's own gradient counts as a constant in the article.
                cross = optax.tree.vdot(slope(variables, player, rival), slope(still, rival, rival))
                term = own * rates[player] / (4 * counts[player]) * square
                term += interaction * sign * rates[rival] / 2 * cross
                results = {**results, player: paying(*results[player], "drift", term)}
            return results

        return losses

    composition = composition_of(game)
    return remade(game, composition._replace(transforms=(*composition.transforms, drifting)))


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

    Raises:
      ValueError: for numbers and players as in `with_drift`.
    """
    check_number("own", own)
    check_number("interaction", interaction)
    corrected = with_drift(game, rates, own=-own, interaction=-interaction)
    return simultaneous(corrected, {player: optax.sgd(rates[player]) for player in PLAYERS})
