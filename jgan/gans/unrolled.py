"""Unrolled GAN: the generator plays against the discriminator of k steps later."""

import jax
import optax

from jgan.batch_axis import whole_mean
from jgan.game import DISCRIMINATOR, Aux, Foresight, Game, composition_of, remade
from jgan.players import Batch, Collections, PyTree, Variables, state_of
from jgan.scene import Step
from jgan.scene.by_player import Losses, mean_over_devices
from jgan.scene.composition import Projections
from jgan.scene.constants import taped


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
      game: what is played; its discriminator's loss is the one unrolled, with all terms and projections,
        whether they are added before or after.
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
      ValueError: if ``steps`` is negative, or the game is unrolled already.
    """
    if steps < 0:
        raise ValueError(f"steps is {steps}, but must be at least 0.")
    composition = composition_of(game)
    if composition.foresight is not None:
        raise ValueError("this game is unrolled already; unroll it once, with more steps.")

    def follow(
        losses: Losses,
        projections: Projections,
        variables: Variables,
        batch: Batch,
        key: jax.Array,
        step: Step,
    ) -> Variables:
        project = projections.get(DISCRIMINATOR, lambda params: params)
        start = variables[DISCRIMINATOR]
        Carry = tuple[PyTree, Collections, PyTree]

        def one(carry: Carry, _: None) -> tuple[Carry, None]:
            params, state, moments = carry
            here = {**variables, DISCRIMINATOR: {**state, "params": params}}

            def loss(params: PyTree) -> tuple[jax.Array, Aux]:
                moved = {**variables, DISCRIMINATOR: {**state, "params": params}}
                return losses(moved, batch, key, step, here)[DISCRIMINATOR]

            grads, aux = jax.grad(loss, has_aux=True)(params)
            grads, aux = whole_mean(grads), mean_over_devices(aux)
            updates, moments = optimizer.update(grads, moments, params)
            new = project(optax.apply_updates(params, updates))
            return (new, {**state, **aux.state}, moments), None

        carry = start["params"], state_of(start), optimizer.init(start["params"])
        if taped():  # constants cannot leave a compiled loop
            for _ in range(steps):
                carry, _ = one(carry, None)
        else:
            carry, _ = jax.lax.scan(one, carry, length=steps)
        return {**variables, DISCRIMINATOR: {**carry[1], "params": carry[0]}}

    foresight = Foresight(follow, first_order=not second_order)
    return remade(game, composition._replace(foresight=foresight))
