"""Face aging: a conditional GAN whose latent keeps the person while its condition, the age, is exchanged."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jgan.arguments import check_count
from jgan.game import GENERATOR, Batch, Game, PyTree
from jgan.gans.versus import labels_of, versus
from jgan.latents import Prior
from jgan.networks.network import Network
from jgan.scene import Meeting, Result, Scene, Step, Term, mean

TRIED = 8
"""Points on a line at most; of many rows that are searched at once, the one that takes longest decides."""


class Found(NamedTuple):
    """What `minimise_by_lbfgs` found.

    Attributes:
      latent: of each row, where the objective was least, ``(n, ...)``.
      losses: the objective at the start and after each step, ``(n, steps + 1)``.
    """

    latent: jax.Array
    losses: jax.Array


def minimise_by_lbfgs(
    objective: Callable[[jax.Array, PyTree], jax.Array],
    starts: jax.Array,
    given: PyTree = (),
    *,
    steps: int = 50,
) -> Found:
    """L-BFGS with a zoom line search (`optax.lbfgs`) on each row by itself, all of them at once.

    Args:
      objective: what becomes small, ``(latent, given) -> ()`` of one row.
      starts: latents ``(n, ...)``.
      given: whatever else the objective depends on, a pytree with n rows.
      steps: of L-BFGS; 0 to stay at the start.

    Examples:
      >>> far = lambda z, goal: jnp.sum((z - goal) ** 4)
      >>> found = minimise_by_lbfgs(far, jnp.zeros((2, 3)), jnp.ones((2, 3)), steps=20)
      >>> found.latent.round(2).tolist()
      [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """
    line_search = optax.scale_by_zoom_linesearch(TRIED, initial_guess_strategy="one")
    optimizer = optax.lbfgs(linesearch=line_search)

    def search(start: jax.Array, own: PyTree) -> Found:
        value_of = lambda latent: objective(latent, own)
        value_and_gradient = optax.value_and_grad_from_state(value_of)

        def step(carry: Any, _: None) -> tuple[Any, jax.Array]:
            latent, state, best, least = carry
            value, gradient = value_and_gradient(latent, state=state)
            better = value < least  # never true of NaN
            best, least = jnp.where(better, latent, best), jnp.where(better, value, least)
            move, state = optimizer.update(
                gradient, state, latent, value=value, grad=gradient, value_fn=value_of
            )
            return (optax.apply_updates(latent, move), state, best, least), value

        infinite = jnp.full_like(jax.eval_shape(value_of, start), jnp.inf)
        carry = (start, optimizer.init(start), start, infinite)
        # The last move is never judged, so there is one more than asked for.
        (_, _, best, _), losses = jax.lax.scan(step, carry, length=steps + 1)
        return Found(best, losses)

    return jax.vmap(search)(starts, given)


def preserve_identity(
    generate: Callable[[PyTree, jax.Array], jax.Array],
    recognise: Callable[[jax.Array], jax.Array],
    pictures: jax.Array,
    condition: PyTree,
    first: jax.Array,
    *,
    steps: int = 50,
) -> Found:
    """argmin over z of ‖f(x) - f(G(z, y))‖² for each picture x by itself (Antipov et al. 2017, section 2.3).

    f is what a recogniser of persons says of a picture, so that what tells persons is kept, not every pixel.

    Args:
      generate: ``(condition, latent) -> pictures``, G.
      recognise: pictures ``(n, H, W, C)`` to features ``(n, ...)``, f.
      pictures: x, ``(n, H, W, C)`` in [-1, 1].
      condition: y, a pytree with n rows.
      first: where the search begins, ``(n, d)``, such as what an encoder says of the pictures.
      steps: of L-BFGS.
    """

    def distance(latent: jax.Array, own: PyTree) -> jax.Array:
        y, wanted = own
        made = generate(jax.tree.map(lambda leaf: leaf[None], y), latent[None])
        return jnp.sum(jnp.square(recognise(made)[0] - wanted))

    return minimise_by_lbfgs(distance, first, (condition, recognise(pictures)), steps=steps)


def latent_error(weight: Any = 1.0) -> Term:
    """weight · E‖z - E(G(z, y))‖² / d, paid by the encoder (Antipov et al. 2017, section 2.3).

    E(G(z, y)) is ``"latent"`` of the meeting's ``made``.
    """

    def value(scene: Scene) -> Result:
        return mean(jnp.square(scene.latent - scene.meeting.made["latent"])), None, {}

    return Term("latent_error", value, GENERATOR, weight=weight)


def age_cgan(
    generator: Network,
    encoder: Network,
    prior: Prior,
    ages: int,
    recognise: Callable[[jax.Array], jax.Array],
    *,
    steps: int = 50,
) -> Game:
    """The game of Antipov et al. 2017 in which the generator of a conditional GAN gets an encoder.

    It is the stage behind `jgan.gans.conditional`, whose generator is frozen in it
    (`jgan.training.carries.as_part` and `freeze`): the encoder learns to tell the latent of what is made. In
    use, a picture's latent is what the encoder says, improved by L-BFGS until a recogniser takes what is made
    for the same person, and the age is then exchanged.

    Args:
      generator: ``(latents (B, d), label)`` to pictures.
      encoder: pictures to ``(B, d)``.
      prior: of the latents.
      ages: number of classes of age.
      recognise: pictures to features that tell persons; any pure function.
      steps: of L-BFGS; 0 for what the encoder says.

    A batch needs ``"image"`` and ``"label"``, the age, int32 ``(B,)``. The view ``"ages"`` shows the person of
    each picture at all ages, ``(B, ages, H, W, C)``.

    Raises:
      ValueError: from ``init``, if there are no labels, or networks and data do not fit; or if ``steps`` is
        negative.
    """
    check_count("steps", steps, 0)

    def meet(make: Any, batch: Batch, latent: jax.Array, step: Step) -> Meeting:
        fake = make["generator"](latent, labels_of(batch))
        found = make["encoder"](fake)
        if found.shape != latent.shape:
            raise ValueError(
                f"the encoder returns codes of shape {found.shape[1:]}, "
                f"but latents have {latent.shape[1:]}; they must agree."
            )
        return Meeting(made={"latent": found})

    def at_all_ages(scene: Scene) -> jax.Array:
        make, pictures, label = scene.make, scene.batch["image"], labels_of(scene.batch)
        generate = lambda y, z: make["generator"](z, y)
        first = make["encoder"](pictures)
        found = preserve_identity(generate, recognise, pictures, label, first, steps=steps)
        aged = [generate(jnp.full_like(label, age), found.latent) for age in range(ages)]
        return jnp.stack(aged, axis=1)

    return versus(
        {"generator": generator, "encoder": encoder},
        {},
        latent_error(),
        latent=prior,
        condition=labels_of,
        meet=meet,
        sample=lambda make, latent, label, step: make["generator"](latent, label),
        encode=lambda make, images: make["encoder"](images),
        views={"ages": at_all_ages},
    )
