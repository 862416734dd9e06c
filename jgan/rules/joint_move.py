"""Parts of rules that look at both players at once: their gradients, and products with the game's Hessian."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jgan.batch_axis import whole_mean
from jgan.game import PLAYERS, Aux, Batch, Game, Metrics, PyTree, Variables
from jgan.rules.rule import Optimizers, TrainState, report, step_player
from jgan.scene.by_player import Losses, mean_over_devices

Joint = dict[str, PyTree]
"""``{player: params}`` or anything shaped like it: gradients, directions, tangents."""


class Gradients(NamedTuple):
    """Both players' gradients at one point, from one traced forward pass.

    Attributes:
      grads: ``{player: gradient of its own loss in its own parameters}``, the ξ of the papers.
      losses: ``{player: loss}``.
      auxes: ``{player: Aux}``.
    """

    grads: Joint
    losses: dict[str, jax.Array]
    auxes: dict[str, Aux]


def params_of(variables: Variables) -> Joint:
    """``{player: params}``."""
    return {player: variables[player]["params"] for player in PLAYERS}


def with_params(variables: Variables, params: Joint) -> Variables:
    """The variables with the parameters of the given players replaced."""
    changed = {player: {**variables[player], "params": own} for player, own in params.items()}
    return {**variables, **changed}


def gradients(
    game: Game, variables: Variables, batch: Batch, key: jax.Array, step: Any
) -> Gradients:
    """Both gradients at the same variables, with the same key, hence on the same fakes and logits.

    The losses are evaluated once and pulled back twice, each time only to the parameters of the player
    whose loss it is.
    """
    return gradients_of(game.losses, variables, batch, key, step)


def gradients_of(
    losses: Losses, variables: Variables, batch: Batch, key: jax.Array, step: Any
) -> Gradients:
    """`gradients` of the losses alone."""

    def values(params: Joint) -> tuple[dict[str, jax.Array], dict[str, Aux]]:
        results = losses(with_params(variables, params), batch, key, step, variables)
        return {p: results[p][0] for p in PLAYERS}, {p: results[p][1] for p in PLAYERS}

    found, pullback, auxes = jax.vjp(values, params_of(variables), has_aux=True)
    none = jax.tree.map(jnp.zeros_like, found)
    grads = {p: pullback({**none, p: jnp.ones_like(found[p])})[0][p] for p in PLAYERS}
    grads, found = whole_mean((grads, found))
    return Gradients(grads, found, {p: mean_over_devices(aux) for p, aux in auxes.items()})


def gradient_map(
    game: Game, variables: Variables, batch: Batch, key: jax.Array, step: Any
) -> Callable[[Joint], tuple[Joint, Gradients]]:
    """``params -> (ξ(params), Gradients)``; the Jacobian of ξ is the game's Hessian H."""

    def function(params: Joint) -> tuple[Joint, Gradients]:
        found = gradients(game, with_params(variables, params), batch, key, step)
        return found.grads, found

    return function


def off_diagonal_hessian(
    function: Callable[[Joint], tuple[Joint, Gradients]], params: Joint
) -> tuple[Joint, Callable[[Joint], Joint], Gradients]:
    """H_o v, how each player's gradient changes when the *other* player moves along v, as a linear map.

    The gradients are evaluated once, however often the map is applied.

    Args:
      function: as `gradient_map` makes it.
      params: where H_o is taken.

    Returns:
      ξ, v ↦ H_o v, and the gradients at ``params``.
    """
    xi, derivative, found = jax.linearize(function, params, has_aux=True)

    def product(tangent: Joint) -> Joint:
        none = jax.tree.map(jnp.zeros_like, tangent)
        return {p: derivative({**tangent, p: none[p]})[p] for p in PLAYERS}

    return xi, product, found


def combine(*terms: tuple[float | jax.Array, PyTree]) -> PyTree:
    """The sum of ``weight · tree`` over the terms, in the types of the first tree."""
    weights = [weight for weight, _ in terms]

    def blend(*leaves: jax.Array) -> jax.Array:
        total = sum(weight * leaf for weight, leaf in zip(weights, leaves, strict=True))
        return jnp.asarray(total, leaves[0].dtype)

    return jax.tree.map(blend, *(tree for _, tree in terms))


def project(game: Game, params: Joint) -> Joint:
    """Parameters inside the game's projections.

    Raises:
      ValueError: if a projection changes structure or shapes.
    """
    inside = {
        player: game.projections[player](own) if player in game.projections else own
        for player, own in params.items()
    }
    for player, own in params.items():
        shapes = [
            [jnp.shape(leaf) for leaf in jax.tree.leaves(tree)] for tree in (inside[player], own)
        ]
        if shapes[0] != shapes[1]:
            raise ValueError(
                f"the {player}'s projection returns the shapes {shapes[0]}, but must keep {shapes[1]}."
            )
    return inside


def step_both(
    game: Game, optimizers: Optimizers, state: TrainState, directions: Joint, found: Gradients
) -> tuple[TrainState, Metrics]:
    """Both players step along minus ``directions``, each with its optimizer, and are projected.

    Args:
      game: what is played.
      optimizers: an optax optimizer for each player.
      state: before the step.
      directions: what the optimizers take for gradients.
      found: the gradients at ``state``, for new non-parameter collections and metrics.
    """
    variables, optimizer_states = dict(state.variables), dict[str, Any](state.optimizers)
    metrics: Metrics = {}
    for player in PLAYERS:
        variables[player], optimizer_states[player] = step_player(
            game,
            player,
            optimizers[player],
            state.variables[player],
            state.optimizers[player],
            directions[player],
            found.auxes[player],
        )
        metrics |= report(player, found.losses[player], found.auxes[player], found.grads[player])
    state = state.replace(step=state.step + 1, variables=variables, optimizers=optimizer_states)
    return state, metrics


def descent(learning_rate: float | jax.Array) -> Optimizers:
    """Plain gradient descent for both players, for rules that define their own step."""
    return dict.fromkeys(PLAYERS, optax.sgd(learning_rate))
