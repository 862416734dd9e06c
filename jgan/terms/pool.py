"""A pool of past fakes, from which the discriminator is shown some instead of the newest."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows, whole_batch
from jgan.players import DISCRIMINATOR, PyTree
from jgan.scene import GroupMaker, Inputs, Scene


def pool(size: int = 50) -> Any:
    """The history of generated images of Shrivastava et al. 2017, as CycleGAN's code has it (Zhu et al. 2017).

    Each fake that the discriminator is to see is with probability ½ exchanged for a random one of the
    pool, whose place it takes; until the pool is full, fakes are shown as they are and fill it. The reference
    draws for one image after the other; here the images of a batch draw different places.

    Args:
      size: how many fakes are kept, at least as many as a batch has. 50 in both papers.

    Returns:
      ``group -> GroupMaker`` of the group ``past_group``, for `jgan.terms.adversarial`. Its memory is the
      discriminator's: ``{"values": (size, ...), "count": how many there are}``.
    """
    if size < 1:
        raise ValueError(f"size is {size}, but a pool must keep at least 1 example.")

    def past(group: str) -> GroupMaker:
        def begin(scene: Scene) -> PyTree:
            zeros = lambda leaf: jnp.zeros((size, *leaf.shape[1:]), leaf.dtype)
            values = jax.tree.map(zeros, scene.meeting[group].values)
            return {"values": values, "count": jnp.zeros((), jnp.int32)}

        def make(scene: Scene) -> tuple[Inputs, PyTree]:
            inputs = scene.meeting[group]
            if jax.tree.leaves(inputs.condition) or inputs.weights is not None:
                raise ValueError(
                    "a pool was asked of a game with conditions or weights, which it does not keep."
                )
            fresh = jax.tree.map(whole_batch, inputs.values)
            count = jax.tree.leaves(fresh)[0].shape[0]
            if count > size:
                raise ValueError(
                    f"a batch has {count} examples, but the pool keeps {size}; use a size of at least {count}."
                )
            place_key, choice_key = jax.random.split(scene.key)
            filled, numbers = scene.memory["count"], jnp.arange(count)
            fills = filled + numbers < size
            # Places that hold a fake, in random order, for the examples that come when all are taken.
            shuffled = jax.random.permutation(place_key, size)
            held = shuffled[jnp.argsort(shuffled >= filled, stable=True)]
            after = jnp.maximum(filled + numbers - size, 0)
            places = jnp.where(fills, filled + numbers, held[after])
            swapped = jnp.logical_and(~fills, jax.random.bernoulli(choice_key, shape=(count,)))

            def choose(mask: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
                return jnp.where(mask.reshape(-1, *[1] * (x.ndim - 1)), x, y)

            old = jax.tree.map(lambda kept: kept[places], scene.memory["values"])
            kept = jax.tree.map(
                lambda kept, new, before: kept.at[places].set(
                    choose(jnp.logical_or(fills, swapped), new, before)
                ),
                scene.memory["values"],
                fresh,
                old,
            )
            shown = jax.tree.map(lambda new, before: choose(swapped, before, new), fresh, old)
            renewed = {
                "values": kept,
                "count": jnp.minimum(filled + count, size),
            }
            return inputs._replace(values=jax.tree.map(_own_rows, inputs.values, shown)), renewed

        return GroupMaker(f"past_{group}", make, DISCRIMINATOR, begin)

    return past


def _own_rows(own: jax.Array, whole: jax.Array) -> jax.Array:
    return draw_rows(lambda rows: whole[:rows], own.shape[0])
