"""PacGAN: the discriminator judges several examples at once."""

import jax
import jax.numpy as jnp

from jgan.game import (
    DISCRIMINATOR,
    Batch,
    Critic,
    CriticFunction,
    Game,
    Inputs,
    PyTree,
    Variables,
    critic_of,
)
from jgan.networks.network import Network


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


def packed(game: Game, discriminator: Network, size: int) -> Game:
    """The game whose discriminator sees packs of ``size`` examples, all real or all fake (Lin et al. 2018).

    A pack takes the place of an example, for penalties and augmentations added afterwards too: B/size
    logits, norms over a pack. Nothing else changes.

    Args:
      game: without conditions, played with ``discriminator``.
      discriminator: which takes inputs of any number of channels.
      size: m of PacGANm.

    Raises:
      ValueError: if ``size`` is less than 1, or the game cannot be rebuilt or has conditions; from
        ``init``, if the batch is not made of packs.
    """
    if size < 1:
        raise ValueError(f"size is {size}, but a pack must hold at least 1 example.")
    inner = critic_of(game)
    rebuild = game.rebuild
    if rebuild is None:
        raise ValueError("this game cannot be packed: game.rebuild is None.")

    def rebuilt(critic: CriticFunction) -> Game:
        return rebuild(critic)._replace(init=init, rebuild=rebuilt)

    def init(key: jax.Array, batch: Batch) -> Variables:
        variables = game.init(key, batch)
        pair = jax.tree.map(lambda x: jnp.concatenate([x[:1]] * (2 * size)), batch["image"])
        fresh = discriminator.init(jax.random.fold_in(key, 1), pack(pair, size))
        return {**variables, DISCRIMINATOR: {**variables[DISCRIMINATOR], **fresh}}

    def critic(variables: Variables, batch: Batch, key: jax.Array, step: jax.Array) -> Critic:
        scene = inner(variables, batch, key, step)
        generate = scene.generate

        def packs(inputs: Inputs) -> Inputs:
            if jax.tree.leaves(inputs.condition):
                raise ValueError("packing was asked of a game with conditions, which have no pack.")
            return inputs._replace(values=pack(inputs.values, size))

        return scene._replace(
            real=packs(scene.real),
            fake=packs(scene.fake),
            generate=generate and (lambda latent: packs(generate(latent))),
        )

    return rebuilt(critic)
