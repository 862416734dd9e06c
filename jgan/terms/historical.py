"""Historical averaging: a player is drawn to the mean of its past."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.arguments import check_weight
from jgan.players import GENERATOR, PLAYERS
from jgan.scene import Result, Scene, Term


def historical_average(weight: Any = 1.0, player: str = GENERATOR) -> Term:
    """weight · ‖θ - (1/t) Σ_{i≤t} θ_i‖² (Salimans et al. 2016, section 3.3).

    The mean runs over the player's parameters before each of its own moves, the present ones included. It is
    a constant to the player's own gradient, and the term's memory, ``{"mean": like θ, "moves": t}``.

    Args:
      weight: as for `jgan.scene.Term`.
      player: who pays; `historical_averages` is for both.

    Raises:
      ValueError: if ``weight`` is not a finite number of at least 0.
    """
    check_weight("weight", weight)

    def begin(scene: Scene) -> Any:
        mean = jax.tree.map(jnp.zeros_like, scene.variables[player]["params"])
        return {"mean": mean, "moves": jnp.zeros(())}

    def value(scene: Scene) -> Result:
        moves = scene.memory["moves"] + 1
        mean = jax.tree.map(
            lambda old, new: old + (new - old) / moves,
            scene.memory["mean"],
            scene.held[player]["params"],
        )
        params = scene.variables[player]["params"]
        squares = jax.tree.map(lambda x, y: jnp.sum(jnp.square(x - y)), params, mean)
        term = sum(jax.tree.leaves(squares), start=jnp.zeros(()))
        return term, {"mean": mean, "moves": moves}, {}

    return Term("historical_average", value, player, weight=weight, memory=begin)


def historical_averages(weight: Any = 1.0) -> tuple[Term, ...]:
    """`historical_average` for both players, as in the article."""
    return tuple(historical_average(weight, player) for player in PLAYERS)
