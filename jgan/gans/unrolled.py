"""Unrolled GAN: the generator plays against the discriminator of k steps later."""

import jax
import optax

from jgan.batch_axis import whole_mean
from jgan.detach import detach
from jgan.game import (
    DISCRIMINATOR,
    GENERATOR,
    Aux,
    Batch,
    Collections,
    Game,
    PyTree,
    Variables,
    state_of,
)


def unrolled(
    game: Game,
    steps: int,
    optimizer: optax.GradientTransformation,
    *,
    second_order: bool = True,
) -> Game:
    """The generator meets a discriminator that has made ``steps`` more steps (Metz et al. 2017).

    ψ_{i+1} = ψ_i - u ∇L_D(θ, ψ_i); the generator minimises L_G(θ, ψ_k(θ)), eq. 7 to 10 of the article. The
    discriminator's own loss is untouched, and the looked-ahead discriminator is thrown away.

    Args:
      game: what is played; its discriminator's loss is the one unrolled, penalties and projections included.
      steps: k. 0 is the game itself.
      optimizer: of the inner steps, begun afresh each time: ``optax.sgd(u)``. The authors' demo goes on from
        the moments of the discriminator's own Adam instead. Adam needs ``eps_root`` here (1e-16, the
        square of its eps): it takes the root of a squared gradient, whose derivative is infinite where
        the gradient is zero.
      second_order: differentiate through the inner steps. Without it the generator sees ψ_k as a constant.

    On the bilinear game s·xy with inner rate u and simultaneous steps, c = ηs, the spectral radius is
    sqrt(1 - 2ckus + c²), and sqrt(1 - (k-1)c²) without the second-order term at u = η. All inner steps use
    the minibatch and the latents of the loss.

    In the article L_G is -L_D, and its term on the data is constant in θ for k = 0 only, since ψ_k(θ) judges
    the data too. `jgan.losses.minimax` leaves it out; experiments/unrolled.py puts it back.

    Raises:
      ValueError: if ``steps`` is negative.
    """
    if steps < 0:
        raise ValueError(f"steps is {steps}, but must be at least 0.")
    project = game.projections.get(DISCRIMINATOR, lambda params: params)

    def foresee(variables: Variables, batch: Batch, key: jax.Array, step: jax.Array) -> Collections:
        start = variables[DISCRIMINATOR]
        if not second_order:
            variables = detach(variables)

        def one(carry: tuple[PyTree, Collections, PyTree], _: None) -> tuple[PyTree, None]:
            params, state, moments = carry

            def loss(params: PyTree) -> tuple[jax.Array, Aux]:
                moved = {**variables, DISCRIMINATOR: {**state, "params": params}}
                return game.losses[DISCRIMINATOR](moved, batch, key, step)

            grads, aux = whole_mean(jax.grad(loss, has_aux=True)(params))
            updates, moments = optimizer.update(grads, moments, params)
            new = project(optax.apply_updates(params, updates))
            return (new, {**state, **aux.state}, moments), None

        carry = start["params"], state_of(start), optimizer.init(start["params"])
        (params, state, _), _ = jax.lax.scan(one, carry, length=steps)
        return {**state, "params": params}

    def generator(
        variables: Variables, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, Aux]:
        ahead = {**variables, DISCRIMINATOR: foresee(variables, batch, key, step)}
        return game.losses[GENERATOR](ahead, batch, key, step)

    rebuild = game.rebuild
    return game._replace(
        losses={**game.losses, GENERATOR: generator},
        rebuild=rebuild
        and (lambda critic: unrolled(rebuild(critic), steps, optimizer, second_order=second_order)),
    )
