"""Inversion: the latent from which a trained generator makes a given example, by gradient descent."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from jgan.game import Batch, PyTree, Sampler, Variables

Objective = Callable[[PyTree], jax.Array]
"""``latent -> losses (n,)``, the i-th of which depends on the i-th row alone."""
DISTANCES: dict[str, Callable[[jax.Array], jax.Array]] = {"l1": jnp.abs, "l2": jnp.square}


class Search(NamedTuple):
    """What a search for latents found, the best of its restarts for each example.

    Attributes:
      latent: where the loss was least, a pytree with n rows.
      loss: there, ``(n,)``.
      start: where that search began, a pytree with n rows.
      history: losses of every search, ``(steps + 1, restarts, n)``; row 0 is the start's.
    """

    latent: PyTree
    loss: jax.Array
    start: PyTree
    history: jax.Array


def minimise(
    objective: Objective,
    starts: PyTree,
    *,
    steps: int = 500,
    learning_rate: float | jax.Array = 0.05,
    limit: float | jax.Array | None = None,
) -> Search:
    """Adam on latents, one scan over the steps, all restarts at once; the learning rate ends at 0.

    The learning rate falls as a cosine. Examples and restarts never meet: Adam works number by number, and
    an example's loss is its own. Numbers that are not floats, such as classes, stay as they start.

    Args:
      objective: what becomes small.
      starts: latents with a leading axis of restarts, ``(restarts, n, ...)``.
      steps: of Adam.
      learning_rate: of the first step.
      limit: numbers are clipped to [-limit, limit] at the start and after each step, as is right for a
        uniform prior (Yeh et al. 2017, section 3.3); None for no limit.

    Raises:
      ValueError: if steps, learning_rate or limit are not positive, or there is nothing to move.

    Examples:
      >>> found = minimise(lambda z: jnp.sum((z - 3.0) ** 2, axis=1), jnp.zeros((1, 2, 4)), steps=300)
      >>> found.latent.shape, bool(jnp.all(jnp.abs(found.latent - 3.0) < 0.01))
      ((2, 4), True)
    """
    for name, value in (("steps", steps), ("learning_rate", learning_rate), ("limit", limit)):
        if isinstance(value, int | float) and not value > 0:  # others may be traced
            raise ValueError(f"{name} is {value}, but must be positive.")
    leaves, structure = jax.tree.flatten(starts)
    moves = [jnp.issubdtype(leaf.dtype, jnp.floating) for leaf in leaves]
    if not any(moves):
        raise ValueError("the latent has no floating numbers, so no gradient can move it.")
    optimizer = optax.adam(optax.cosine_decay_schedule(learning_rate, steps))

    def inside(values: list[jax.Array]) -> list[jax.Array]:
        return values if limit is None else [jnp.clip(value, -limit, limit) for value in values]

    def search(leaves: list[jax.Array]) -> tuple[PyTree, jax.Array, PyTree, jax.Array]:
        def whole(values: list[jax.Array]) -> PyTree:
            moved = iter(values)
            return jax.tree.unflatten(
                structure,
                [next(moved) if m else leaf for m, leaf in zip(moves, leaves, strict=True)],
            )

        def total(values: list[jax.Array]) -> tuple[jax.Array, jax.Array]:
            losses = objective(whole(values))
            return jnp.sum(losses), losses

        def step(carry: PyTree, _: None) -> tuple[PyTree, jax.Array]:
            values, state, best, least = carry
            gradients, losses = jax.grad(total, has_aux=True)(values)
            better = losses < least  # never true of NaN
            best = [jnp.where(_along(better, v), v, b) for v, b in zip(values, best, strict=True)]
            updates, state = optimizer.update(gradients, state)
            values = inside(optax.apply_updates(values, updates))
            return (values, state, best, jnp.where(better, losses, least)), losses

        start = inside([leaf for m, leaf in zip(moves, leaves, strict=True) if m])
        least = jnp.full_like(jax.eval_shape(total, start)[1], jnp.inf)
        carry = (start, optimizer.init(start), start, least)
        # The last move is never judged, so there is one more than asked for.
        (_, _, best, least), history = jax.lax.scan(step, carry, length=steps + 1)
        return whole(best), least, whole(start), history

    latents, losses, begun, history = jax.vmap(search)(leaves)
    winner = jnp.argmin(losses, axis=0)
    take = lambda leaf: leaf[winner, jnp.arange(len(winner))]
    chosen, begun = (jax.tree.map(take, tree) for tree in (latents, begun))
    return Search(chosen, take(losses), begun, jnp.swapaxes(history, 0, 1))


def draw_starts(
    sampler: Sampler, batch: Batch, key: jax.Array, restarts: int, first: PyTree | None = None
) -> PyTree:
    """Latents of the prior ``(restarts, n, ...)``, with ``first`` in place of those of the first restart.

    Raises:
      ValueError: if there are no restarts.
    """
    if restarts < 1:
        raise ValueError(f"restarts is {restarts}, but must be at least 1.")
    latents = jax.vmap(lambda key: sampler.latent(key, batch))(jax.random.split(key, restarts))
    if first is None:
        return latents
    return jax.tree.map(lambda leaf, one: leaf.at[0].set(one), latents, first)


def invert(
    sampler: Sampler,
    variables: Variables,
    batch: Batch,
    key: jax.Array,
    *,
    first: PyTree | None = None,
    restarts: int = 4,
    steps: int = 500,
    learning_rate: float | jax.Array = 0.1,
    distance: str = "l1",
    prior: float | jax.Array = 0.0,
    limit: float | jax.Array | None = None,
) -> Search:
    """argmin over z of ``mean |G(z) - x|`` (or of its square), for each image x of the batch by itself.

    The losses of the search are those distances, in units of images in [-1, 1], plus the prior's term.

    Args:
      sampler: the game's.
      variables: of both players.
      batch: with the images ``(n, ...)`` to be found, in [-1, 1], and their conditions, if there are any.
      key: of the starts, which are drawn from the prior.
      first: the latent where the first search starts, as from ``sampler.encode``; None to draw it too.
      restarts: searches for each image, of which the best counts.
      steps: of Adam.
      learning_rate: of the first step.
      distance: a name in `DISTANCES`.
      prior: weight of ``mean z² / 2``, which keeps z near where a normal prior has its mass; 0 for none.
      limit: as for `minimise`, for bounded priors.

    Raises:
      ValueError: if an argument is out of range.
    """
    if distance not in DISTANCES:
        raise ValueError(f"distance is {distance!r}, but must be one of {', '.join(DISTANCES)}.")
    images = batch["image"]

    def objective(latent: PyTree) -> jax.Array:
        difference = sampler.for_batch(variables, batch, latent) - images
        loss = _row_means(DISTANCES[distance](difference))
        return loss if is_zero(prior) else loss + prior * 0.5 * mean_square(latent)

    starts = draw_starts(sampler, batch, key, restarts, first)
    return minimise(objective, starts, steps=steps, learning_rate=learning_rate, limit=limit)


def mean_square(latent: PyTree) -> jax.Array:
    """Mean of z² over the floating numbers of each row, ``(n,)``; about 1 for a draw of a normal prior.

    >>> mean_square({"z": jnp.asarray([[1.0, 3.0]]), "class": jnp.asarray([7])}).tolist()
    [5.0]
    """
    rows = [
        leaf.reshape(len(leaf), -1)
        for leaf in jax.tree.leaves(latent)
        if jnp.issubdtype(leaf.dtype, jnp.floating)
    ]
    return jnp.mean(jnp.square(jnp.concatenate(rows, axis=1)), axis=1)


def bound_of_prior(sampler: Sampler, batch: Batch, key: jax.Array, draws: int = 64) -> float | None:
    """1 if draws of the latent all lie in [-1, 1], as those of a uniform prior do, else None.

    With ``draws`` times n latents of any useful size, a normal prior is never taken for a bounded one.
    """
    latents = jax.vmap(lambda key: sampler.latent(key, batch))(jax.random.split(key, draws))
    floats = [x for x in jax.tree.leaves(latents) if jnp.issubdtype(x.dtype, jnp.floating)]
    return 1.0 if all(bool(jnp.max(jnp.abs(leaf)) <= 1.0) for leaf in floats) else None


def is_zero(weight: float | jax.Array) -> bool:
    """Whether a weight is known to be 0, so that what it weighs need not be computed; a traced one is not."""
    return isinstance(weight, int | float) and weight == 0


def _row_means(values: jax.Array) -> jax.Array:
    return jnp.mean(values.reshape(len(values), -1), axis=1)


def _along(rows: jax.Array, values: jax.Array) -> jax.Array:
    return rows.reshape(-1, *[1] * (values.ndim - 1))
