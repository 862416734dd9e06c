"""Consensus optimisation: both players also want the vector field to be small."""

from typing import Any

import jax
import optax

from jgan.arguments import check_number
from jgan.game import PLAYERS, Aux, Batch, Game, Variables, composition_of, remade
from jgan.rules.joint_move import gradients_of
from jgan.rules.rule import Optimizers, Rule
from jgan.rules.simultaneous import simultaneous
from jgan.scene.by_player import Losses


def with_consensus(game: Game, gamma: float | jax.Array) -> Game:
    """The game in which both players also minimise (gamma/2)‖v‖², v being the old game's field.

    With this any rule becomes its regularised version. Fixed points of v stay, and where its Jacobian J is
    invertible none are added; at them the Jacobian becomes J - gamma JᵀJ.

    Raises:
      ValueError: if ``gamma`` is not a finite number of at least 0.
    """
    check_number("gamma", gamma, least=0)

    def regularised(inner: Losses) -> Losses:
        def losses(
            variables: Variables,
            batch: Batch,
            key: jax.Array,
            step: Any,
            held: Variables | None = None,
        ) -> dict[str, tuple[jax.Array, Aux]]:
            found = gradients_of(inner, variables, batch, key, step)
            term = 0.5 * gamma * optax.tree.norm(found.grads, squared=True)
            results = inner(variables, batch, key, step, held)
            return {player: paying(*results[player], "consensus", term) for player in PLAYERS}

        return losses

    composition = composition_of(game)
    return remade(game, composition._replace(transforms=(*composition.transforms, regularised)))


def paying(value: jax.Array, aux: Aux, name: str, term: jax.Array) -> tuple[jax.Array, Aux]:
    """A loss and its Aux with one more term."""
    metrics, terms = {**aux.metrics, name: term}, {**aux.terms, name: term}
    return value + term, aux._replace(metrics=metrics, terms=terms)


def consensus(game: Game, optimizers: Optimizers, gamma: float | jax.Array = 10.0) -> Rule:
    """Consensus optimisation (Mescheder et al. 2017, algorithm 2): v - gamma ∇½‖v‖² = v - gamma Jᵀv.

    The paper uses RMSProp at 1e-4 and gamma = 10 with batches of 512 (the mixture) and 64 (images). On a
    bilinear game with c = ηs and g = gamma s the spectral radius is sqrt((1 - cg)² + c²), below 1 for
    c < 2g/(1 + g²).

    Raises:
      ValueError: if ``gamma`` is not a finite number of at least 0.
    """
    return simultaneous(with_consensus(game, gamma), optimizers)
