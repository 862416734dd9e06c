"""Extragradient: look one step ahead, and step from where you are with the gradient found there."""

import jax

from jgan.game import PLAYERS, Batch, Game, Metrics
from jgan.rules.joint_move import gradients, step_both
from jgan.rules.rule import Optimizers, Rule, TrainState, check_optimizers, start, step_player


def extragradient(game: Game, optimizers: Optimizers) -> Rule:
    """Extragradient (Korpelevich 1976; Gidel et al. 2019, "A Variational Inequality Perspective").

    z' = z - ηF(z), then z ← z - ηF(z'). On a bilinear game with c = ηs the spectral radius is
    sqrt(1 - c² + c⁴): it converges for c < 1.

    With an optimizer that has a state, both moves go through it (ExtraAdam, the paper's algorithm 4). Both
    gradients are taken on the same minibatch and the same latents: independent ones lose convergence on
    bilinear games (Mishchenko et al. 2020).
    """
    check_optimizers(optimizers)

    def init(key: jax.Array, batch: Batch) -> TrainState:
        return start(game, optimizers, key, batch)

    def update(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        key = jax.random.fold_in(state.key, state.step)
        here = gradients(game, state.variables, batch, key, state.clock)
        ahead, moments = {}, dict(state.optimizers)
        for player in PLAYERS:
            moved, moments[player] = step_player(
                game,
                player,
                optimizers[player],
                state.variables[player],
                state.optimizers[player],
                here.grads[player],
                here.auxes[player],
            )
            # Statistics and memories advance once an update, with what is seen before it.
            ahead[player] = {**state.variables[player], "params": moved["params"]}
        there = gradients(game, ahead, batch, key, state.clock)
        return step_both(game, optimizers, state.replace(optimizers=moments), there.grads, here)

    return Rule(init, update)
