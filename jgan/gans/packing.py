"""PacGAN: the discriminator judges several examples at once."""

import jax
import jax.numpy as jnp

from jgan.game import Game, opposed, remade
from jgan.players import PyTree
from jgan.scene import Inputs, Meeting


def pack(values: PyTree, size: int) -> PyTree:
    """Every ``size`` consecutive examples joined: ``(B, ..., C)`` to ``(B/size, ..., size C)``.

    >>> pack(jnp.array([[0, 1], [2, 3], [4, 5], [6, 7]]), 2).tolist()
    [[0, 1, 2, 3], [4, 5, 6, 7]]
    """

    def join(x: jax.Array) -> jax.Array:
        if x.shape[0] % size:
            raise ValueError(
                f"a batch has {x.shape[0]} examples on a device, but packing needs a multiple of {size}."
            )
        groups = jnp.moveaxis(x.reshape(-1, size, *x.shape[1:]), 1, -2)
        return groups.reshape(*groups.shape[:-2], -1)

    return jax.tree.map(join, values)


def packed(game: Game, size: int) -> Game:
    """The game whose discriminator sees packs of ``size`` examples, all real or all fake (Lin et al. 2018).

    A pack takes the place of an example, for all terms and augmentations: B/size logits, norms over a pack.
    Nothing else changes.

    Args:
      game: without conditions, whose discriminator takes inputs of any number of channels.
      size: m of PacGANm.

    Raises:
      ValueError: if ``size`` is less than 1 or there is no discriminator; when it is played, if the game has
        conditions or weights, or a batch is not made of packs.
    """
    if size < 1:
        raise ValueError(f"size is {size}, but a pack must hold at least 1 example.")

    def packs(inputs: Inputs) -> Inputs:
        if jax.tree.leaves(inputs.condition) or inputs.weights is not None:
            raise ValueError(
                "packing was asked of a game with conditions or weights, which have no pack."
            )
        return inputs._replace(values=pack(inputs.values, size))

    def arrange(meeting: Meeting) -> Meeting:
        return meeting.with_groups(**{name: packs(own) for name, own in meeting.groups.items()})

    composition = opposed(game, "packing")
    return remade(
        game,
        composition._replace(
            arrangements=(*composition.arrangements, arrange),
            examples_at_init=composition.examples_at_init * size,
        ),
    )
