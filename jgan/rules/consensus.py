"""Consensus optimisation: both players also want the vector field to be small."""

import jax
import optax

from jgan.game import PLAYERS, Aux, Batch, Game, LossFunction, Variables
from jgan.rules.joint import gradients
from jgan.rules.rule import Optimizers, Rule
from jgan.rules.simultaneous import simultaneous


def with_consensus(game: Game, gamma: float | jax.Array) -> Game:
    """The game in which both players also minimise (gamma/2)‖v‖², v being the old game's field.

    With this any rule becomes its regularised version. Fixed points of v stay, and where its Jacobian J is
    invertible none are added; at them the Jacobian becomes J - gamma JᵀJ.
    """

    def regularised(player: str) -> LossFunction:
        base = game.losses[player]

        def loss(
            variables: Variables, batch: Batch, key: jax.Array, step: jax.Array
        ) -> tuple[jax.Array, Aux]:
            value, aux = base(variables, batch, key, step)
            found = gradients(game, variables, batch, key, step)
            term = 0.5 * gamma * optax.tree.norm(found.grads, squared=True)
            return value + term, Aux(aux.state, {**aux.metrics, "consensus": term})

        return loss

    rebuild = game.rebuild
    return game._replace(
        losses={player: regularised(player) for player in PLAYERS},
        rebuild=rebuild and (lambda critic: with_consensus(rebuild(critic), gamma)),
    )


def consensus(game: Game, optimizers: Optimizers, gamma: float | jax.Array = 10.0) -> Rule:
    """Consensus optimisation (Mescheder et al. 2017, algorithm 2): v - gamma ∇½‖v‖² = v - gamma Jᵀv.

    The paper uses RMSProp at 1e-4 and gamma = 10 with batches of 512 (the mixture) and 64 (images). On a
    bilinear game with c = ηs and g = gamma s the spectral radius is sqrt((1 - cg)² + c²), below 1 for
    c < 2g/(1 + g²).
    """
    return simultaneous(with_consensus(game, gamma), optimizers)
