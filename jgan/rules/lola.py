"""Learning with opponent-learning awareness: gradients that foresee the other player's step."""

import jax

from jgan.arguments import check_number
from jgan.batch_axis import whole_mean
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Batch, Game, Metrics, PyTree
from jgan.rules.joint_move import (
    Joint,
    combine,
    gradient_map,
    gradients,
    off_diagonal_hessian,
    params_of,
    step_both,
    with_params,
)
from jgan.rules.rule import Optimizers, Rule, TrainState, check_optimizers, start


def lola(
    game: Game,
    optimizers: Optimizers,
    alpha: float | jax.Array,
    *,
    anticipation: float | jax.Array = 1.0,
    shaping: float | jax.Array = 1.0,
) -> Rule:
    """LOLA (Foerster et al. 2018) in the notation of Letcher et al. 2019: (I - αH_o)ξ - αχ.

    H_o is the off-diagonal part of the game's Hessian; χ is how each player's loss changes through what
    its own parameters make the other one do, χ_i = (∂ξ_j/∂x_i)ᵀ ∇_j L_i.

    Args:
      game: what is played.
      optimizers: an optax optimizer for each player.
      alpha: the step that the other player is expected to make.
      anticipation: weight of -αH_o ξ, the other player's step as it is.
      shaping: weight of -αχ. (1, 1) is LOLA with exact Taylor terms; (0, 1) the original article's
        update; (1, 0) is `look_ahead`; (1, p) with a fixed p is SOS without its rule for p.

    On a bilinear game this is consensus with gamma = (anticipation + shaping) α.

    Raises:
      ValueError: if ``alpha`` is not a finite number of at least 0, or a weight is not finite.
    """
    check_number("alpha", alpha, least=0)
    check_number("anticipation", anticipation)
    check_number("shaping", shaping)
    check_optimizers(optimizers)
    other = {GENERATOR: DISCRIMINATOR, DISCRIMINATOR: GENERATOR}

    def init(key: jax.Array, batch: Batch) -> TrainState:
        return start(game, optimizers, key, batch)

    def update(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        key = jax.random.fold_in(state.key, state.step)
        function = gradient_map(game, state.variables, batch, key, state.clock)
        params = params_of(state.variables)
        xi, off_diagonal, found = off_diagonal_hessian(function, params)
        foreseen = off_diagonal(xi)

        def shape(player: str) -> PyTree:
            rival = other[player]

            def loss(theirs: PyTree) -> jax.Array:
                moved = with_params(state.variables, {rival: theirs})
                return game.losses(moved, batch, key, state.clock, state.variables)[player][0]

            wanted = whole_mean(jax.grad(loss)(params[rival]))

            def rival_gradient(own: PyTree) -> PyTree:
                moved = with_params(state.variables, {player: own})
                return gradients(game, moved, batch, key, state.clock).grads[rival]

            return whole_mean(jax.vjp(rival_gradient, params[player])[1](wanted)[0])

        shaped: Joint = {player: shape(player) for player in PLAYERS}
        directions = combine(
            (1.0, xi), (-alpha * anticipation, foreseen), (-alpha * shaping, shaped)
        )
        return step_both(game, optimizers, state, directions, found)

    return Rule(init, update)


def look_ahead(game: Game, optimizers: Optimizers, alpha: float | jax.Array) -> Rule:
    """LookAhead (Zhang & Lesser 2010): the gradient against the opponent's next step, (I - αH_o)ξ.

    Not to be confused with `jgan.rules.lookahead_minimax`, which averages over time.

    Raises:
      ValueError: if ``alpha`` is not a finite number of at least 0.
    """
    return lola(game, optimizers, alpha, shaping=0.0)
