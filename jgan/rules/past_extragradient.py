"""Past extragradient: extragradient that looks ahead with the gradient of the update before."""

import jax
import jax.numpy as jnp

from jgan.arguments import check_number
from jgan.game import Batch, Game, Metrics
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


def past_extragradient(game: Game, learning_rate: float | jax.Array) -> Rule:
    """Extrapolation from the past (Popov 1980; Gidel et al. 2019, section 3.2): one gradient an update.

    z'_t = z_t - ηF(z'_{t-1}), then z_{t+1} = z_t - ηF(z'_t). Without projections z' follows optimistic
    descent, so the spectral radius is that of `jgan.rules.optimistic`. The first update is a plain step.
    The gradient of the update before is ``state.memory["past"]``.

    Raises:
      ValueError: if ``learning_rate`` is not a finite number of at least 0.
    """
    check_number("learning_rate", learning_rate, least=0)
    optimizers = descent(learning_rate)

    def init(key: jax.Array, batch: Batch) -> TrainState:
        state = start(game, optimizers, key, batch)
        nothing = jax.tree.map(jnp.zeros_like, params_of(state.variables))
        return state.replace(memory={"past": nothing})

    def update(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        key = jax.random.fold_in(state.key, state.step)
        params = params_of(state.variables)
        ahead = project(game, combine((1.0, params), (-learning_rate, state.memory["past"])))
        found = gradients(game, with_params(state.variables, ahead), batch, key, state.clock)
        state, metrics = step_both(game, optimizers, state, found.grads, found)
        return state.replace(memory={"past": found.grads}), metrics

    return Rule(init, update)
