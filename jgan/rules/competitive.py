"""Competitive gradient descent: each step is the Nash equilibrium of a local bilinear game."""

from typing import Any

import jax
from jax.scipy.sparse.linalg import cg

from jgan.arguments import check_count, check_number
from jgan.batch_axis import whole_mean
from jgan.game import Batch, Game, Metrics
from jgan.rules.joint_move import (
    Joint,
    combine,
    descent,
    gradient_map,
    off_diagonal_hessian,
    params_of,
    step_both,
)
from jgan.rules.rule import Rule, TrainState, start


def competitive(
    game: Game,
    learning_rate: float | jax.Array,
    *,
    tolerance: float = 1e-6,
    max_iterations: int | None = None,
) -> Rule:
    """Competitive gradient descent (Schäfer & Anandkumar 2019, eq. 4), for any two losses f and g.

    Δx = -η(∇ₓf + D²ₓᵧf Δy) and Δy = -η(∇ᵧg + D²ᵧₓg Δx), that is (I + ηH_o)Δ = -ηξ with the
    off-diagonal part H_o of the game's Hessian. It is solved through its normal equations by conjugate
    gradients without forming a matrix; for zero-sum games those are the paper's own two systems
    (I + η²D²ₓᵧD²ᵧₓ).

    Args:
      game: what is played.
      learning_rate: η, the same for both players.
      tolerance: relative residual at which conjugate gradients stop.
      max_iterations: bound on their number; None for ten times the number of parameters, and at most
        1,000, since single precision may never reach the tolerance.

    On a bilinear game it is the proximal point method: spectral radius 1/sqrt(1 + c²) for any step. The
    direction ``-Δ/η`` is what plain descent then follows.

    Raises:
      ValueError: if ``learning_rate`` or ``tolerance`` is not a finite number of at least 0, or
        ``max_iterations`` less than 1.
    """
    check_number("learning_rate", learning_rate, least=0)
    check_number("tolerance", tolerance, least=0)
    if max_iterations is not None:
        check_count("max_iterations", max_iterations)
    optimizers = descent(learning_rate)

    def init(key: jax.Array, batch: Batch) -> TrainState:
        return start(game, optimizers, key, batch)

    def update(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        key = jax.random.fold_in(state.key, state.step)
        function = gradient_map(game, state.variables, batch, key, state.clock)
        params = params_of(state.variables)
        xi, off_diagonal, found = off_diagonal_hessian(function, params)

        def interact(vector: Joint) -> Joint:
            return combine((1.0, vector), (learning_rate, off_diagonal(vector)))

        pull = jax.linear_transpose(interact, xi)

        def transpose(vector: Joint) -> Joint:
            return whole_mean(pull(vector)[0])

        def normal(vector: Joint) -> Joint:
            return transpose(interact(vector))

        right: Any = transpose(xi)
        bound = max_iterations or min(10 * sum(leaf.size for leaf in jax.tree.leaves(params)), 1000)
        directions, _ = cg(normal, right, tol=tolerance, maxiter=bound)
        return step_both(game, optimizers, state, directions, found)

    return Rule(init, update)
