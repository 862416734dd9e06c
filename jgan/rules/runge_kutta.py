"""Runge-Kutta: follow the continuous flow of the game more closely than Euler's steps do."""

import jax
import optax

from jgan.arguments import check_number
from jgan.batch_axis import whole_mean
from jgan.game import DISCRIMINATOR, GENERATOR, Batch, Game, Metrics, PyTree
from jgan.rules.joint_move import (
    combine,
    descent,
    gradients,
    params_of,
    project,
    step_both,
    with_params,
)
from jgan.rules.rule import Rule, TrainState, start

TABLEAUS: dict[int, tuple[tuple[float, ...], tuple[float, ...]]] = {
    2: ((1.0,), (0.5, 0.5)),
    4: ((0.5, 0.5, 1.0), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
}
"""By order: how far each further stage goes along the gradient before it, and the weights of all stages."""


def runge_kutta(
    game: Game,
    learning_rate: float | jax.Array,
    order: int = 4,
    *,
    regularization: float | jax.Array = 0.0,
) -> Rule:
    """Runge-Kutta steps of the game's flow, ODE-GAN (Qin et al. 2020).

    Args:
      game: what is played.
      learning_rate: the step in time, the same for both players; 1e-2 in DeepMind's CIFAR-10 setting.
      order: 2 (Heun) or 4 (the classical method).
      regularization: weight of ‖∂L_G/∂θ_G‖², whose gradient in the discriminator's parameters, taken at the
        start of the step, joins the discriminator's direction. 0 spares the second-order pass only if
        it is a Python number.

    On a bilinear game order 2 has spectral radius sqrt(1 + c⁴/4), weakly unstable for every step; order 4
    has sqrt(1 - c⁶/72 + c⁸/576), stable for c < 2√2. All stages see the same minibatch and latents.

    Raises:
      ValueError: if ``order`` is neither 2 nor 4, or another number not finite and at least 0.
    """
    check_number("learning_rate", learning_rate, least=0)
    check_number("regularization", regularization, least=0)
    if order not in TABLEAUS:
        raise ValueError(f"order is {order}, but must be one of {', '.join(map(str, TABLEAUS))}.")
    distances, weights = TABLEAUS[order]
    optimizers = descent(learning_rate)
    regularised = not (isinstance(regularization, int | float) and regularization == 0)

    def init(key: jax.Array, batch: Batch) -> TrainState:
        return start(game, optimizers, key, batch)

    def update(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        key = jax.random.fold_in(state.key, state.step)
        params = params_of(state.variables)
        found = gradients(game, state.variables, batch, key, state.clock)
        stages = [found.grads]
        for distance in distances:
            ahead = project(game, combine((1.0, params), (-learning_rate * distance, stages[-1])))
            moved = with_params(state.variables, ahead)
            stages.append(gradients(game, moved, batch, key, state.clock).grads)
        directions = combine(*zip(weights, stages, strict=True))
        if regularised:

            def steepness(own: PyTree) -> jax.Array:
                moved = with_params(state.variables, {DISCRIMINATOR: own})
                grads = gradients(game, moved, batch, key, state.clock).grads[GENERATOR]
                return regularization * optax.tree.norm(grads, squared=True)

            extra = whole_mean(jax.grad(steepness)(params[DISCRIMINATOR]))
            total = combine((1.0, directions[DISCRIMINATOR]), (1.0, extra))
            directions = {**directions, DISCRIMINATOR: total}
        return step_both(game, optimizers, state, directions, found)

    return Rule(init, update)
