"""Simultaneous descent: both players move at once, from one forward pass."""

import jax

from jgan.game import PLAYERS, Aux, Batch, Game, Metrics, PyTree
from jgan.rules.rule import (
    Optimizers,
    Rule,
    TrainState,
    check_optimizers,
    report,
    start,
    step_player,
)


def simultaneous(game: Game, optimizers: Optimizers) -> Rule:
    """Simultaneous gradient descent: both gradients are taken at the same variables.

    Both losses are evaluated with the same key, hence on the same fakes and the same logits, in one
    traced function whose two pullbacks give the two gradients; the compiler then keeps one forward
    pass where the losses share it.
    """
    check_optimizers(optimizers)

    def init(key: jax.Array, batch: Batch) -> TrainState:
        return start(game, optimizers, key, batch)

    def update(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        key = jax.random.fold_in(state.key, state.step)

        def losses(params: dict[str, PyTree]) -> tuple[dict[str, jax.Array], dict[str, Aux]]:
            variables = {p: {**state.variables[p], "params": params[p]} for p in PLAYERS}
            both = {p: game.losses[p](variables, batch, key, state.step) for p in PLAYERS}
            return {p: loss for p, (loss, _) in both.items()}, {
                p: aux for p, (_, aux) in both.items()
            }

        params = {p: state.variables[p]["params"] for p in PLAYERS}
        values, pullback, auxes = jax.vjp(losses, params, has_aux=True)
        variables, optimizer_states = dict(state.variables), dict(state.optimizers)
        metrics: Metrics = {}
        for player in PLAYERS:
            # Arrays, not Python numbers: a cotangent must have the loss's type.
            seeds = {p: (values[p] * 0 + (p == player)).astype(values[p].dtype) for p in PLAYERS}
            grads = pullback(seeds)[0][player]
            variables[player], optimizer_states[player] = step_player(
                game,
                player,
                optimizers[player],
                state.variables[player],
                state.optimizers[player],
                grads,
                auxes[player],
            )
            metrics |= report(player, values[player], auxes[player], grads)
        state = state.replace(step=state.step + 1, variables=variables, optimizers=optimizer_states)
        return state, metrics

    return Rule(init, update)
