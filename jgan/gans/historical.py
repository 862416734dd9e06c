"""Historical averaging: a player is drawn to the mean of its past."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

from jgan.detach import detach
from jgan.game import (
    PLAYERS,
    Aux,
    Batch,
    Game,
    LossFunction,
    Metrics,
    SharedLosses,
    Variables,
    check_player,
)

HISTORY = "history"


def with_historical_average(
    game: Game, weight: float = 1.0, players: Sequence[str] = PLAYERS
) -> Game:
    """Add weight · ‖θ - (1/t) Σ_{i≤t} θ_i‖² to the loss of each player (Salimans et al. 2016, section 3.3).

    The mean runs over the player's parameters before each of its own moves, the present ones included; it is a
    constant to the gradient, and lives in the player's collection ``"history"``.

    Args:
      game: what is played.
      weight: of the added terms.
      players: whose loss is changed.

    Logs the term as ``historical_average``.
    """
    for player in players:
        check_player(player)

    def init(key: jax.Array, batch: Batch) -> Variables:
        variables = game.init(key, batch)
        for player in players:
            own = variables[player]
            mean = jax.tree.map(jnp.zeros_like, own["params"])
            history = {"mean": mean, "moves": jnp.zeros(())}
            variables = {**variables, player: {**own, HISTORY: history}}
        return variables

    def drawn(
        result: tuple[jax.Array, Aux], variables: Variables, player: str
    ) -> tuple[jax.Array, Aux]:
        value, aux = result
        params, history = variables[player]["params"], variables[player][HISTORY]
        moves = history["moves"] + 1
        still = detach(params)
        mean = jax.tree.map(lambda old, new: old + (new - old) / moves, history["mean"], still)
        squares = jax.tree.map(lambda x, y: jnp.sum(jnp.square(x - y)), params, mean)
        term = weight * sum(jax.tree.leaves(squares), start=jnp.zeros(()))
        metrics: Metrics = {**aux.metrics, "historical_average": term}
        return value + term, Aux({**aux.state, HISTORY: {"mean": mean, "moves": moves}}, metrics)

    def single(player: str) -> LossFunction:
        inner = game.losses[player]
        if player not in players:
            return inner
        return lambda variables, batch, key, step: drawn(
            inner(variables, batch, key, step), variables, player
        )

    losses: dict[str, LossFunction] = {player: single(player) for player in PLAYERS}
    if isinstance(game.losses, SharedLosses):
        shared: Callable[..., dict[str, tuple[jax.Array, Aux]]] = game.losses.both

        def both(
            variables: Variables, batch: Batch, key: jax.Array, step: jax.Array
        ) -> dict[str, tuple[jax.Array, Aux]]:
            results = shared(variables, batch, key, step)
            return results | {p: drawn(results[p], variables, p) for p in players}

        losses = SharedLosses(losses, both)
    rebuild = game.rebuild
    return game._replace(
        init=init,
        losses=losses,
        rebuild=rebuild
        and (lambda critic: with_historical_average(rebuild(critic), weight, players)),
    )
