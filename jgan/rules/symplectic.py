"""Symplectic gradient adjustment: turn the rotating part of the field towards the equilibrium."""

import jax
import jax.numpy as jnp
import optax

from jgan.arguments import check_number
from jgan.batch_axis import whole_mean
from jgan.game import Batch, Game, Metrics
from jgan.rules.joint_move import combine, gradient_map, params_of, step_both
from jgan.rules.rule import Optimizers, Rule, TrainState, check_optimizers, start


def symplectic(
    game: Game,
    optimizers: Optimizers,
    strength: float | jax.Array = 1.0,
    *,
    align: bool = True,
    epsilon: float = 0.1,
) -> Rule:
    """Symplectic gradient adjustment (Balduzzi et al. 2018): ξ + λ Aᵀξ.

    ξ holds both gradients, A = ½(H - Hᵀ) is the antisymmetric part of its Jacobian H.

    Args:
      game: what is played.
      optimizers: an optax optimizer for each player.
      strength: |λ|.
      align: choose the sign of λ as sign(⟨ξ, Hᵀξ⟩⟨Aᵀξ, Hᵀξ⟩/n + epsilon), so that the adjustment points
        towards stable fixed points and away from unstable ones. As in the authors' code n is the number
        of parameter arrays; the paper has the number of parameters.
      epsilon: the preference for positive signs, 1/10 in paper and code.

    On a bilinear game this is `jgan.rules.consensus` with gamma = λ. Costs a jvp and a vjp of the gradients.

    Raises:
      ValueError: if ``strength`` or ``epsilon`` is not a finite number of at least 0.
    """
    check_number("strength", strength, least=0)
    check_number("epsilon", epsilon, least=0)
    check_optimizers(optimizers)

    def init(key: jax.Array, batch: Batch) -> TrainState:
        return start(game, optimizers, key, batch)

    def update(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        key = jax.random.fold_in(state.key, state.step)
        function = gradient_map(game, state.variables, batch, key, state.clock)
        params = params_of(state.variables)
        xi, pullback, found = jax.vjp(function, params, has_aux=True)
        transposed = whole_mean(pullback(xi)[0])
        forward = jax.jvp(lambda point: function(point)[0], (params,), (xi,))[1]
        adjustment = combine((0.5, transposed), (-0.5, forward))
        weight = jnp.asarray(strength)
        if align:
            inner = optax.tree.vdot(xi, transposed) * optax.tree.vdot(adjustment, transposed)
            # The sign is a choice, not a function to differentiate through.
            weight = weight * jnp.sign(
                jax.lax.stop_gradient(inner) / len(jax.tree.leaves(xi)) + epsilon
            )
        return step_both(game, optimizers, state, combine((1.0, xi), (weight, adjustment)), found)

    return Rule(init, update)
