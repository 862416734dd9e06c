"""PixelCNN: the probability of an image as a product over its pixels, by one network."""

import math

import jax
import jax.numpy as jnp
import optax

from jgan.batch_axis import draw_rows
from jgan.game import GENERATOR, Aux, Batch, Collections, Game, Sampler, Variables, state_of
from jgan.gans.alone import alone
from jgan.networks.network import Network


def to_levels(x: jax.Array, levels: int) -> jax.Array:
    """The nearest of ``levels`` equally spaced values from -1 to 1, as an index; beyond them the first or last.

    >>> to_levels(jnp.array([-1.2, -0.4, 0.1, 1.0]), 3).tolist()
    [0, 1, 1, 2]
    """
    return jnp.clip(jnp.round((x + 1) / 2 * (levels - 1)), 0, levels - 1).astype(jnp.int32)


def to_values(index: jax.Array, levels: int) -> jax.Array:
    """The value of a level, in [-1, 1]."""
    return 2 * index.astype(jnp.float32) / (levels - 1) - 1


def log_probability(
    network: Network, own: Collections, images: jax.Array, levels: int
) -> jax.Array:
    """log p of images ``(B, ...)`` rounded to their levels, in nats, ``(B,)``: the sum over all elements."""
    index = to_levels(images, levels)
    logits, _ = network.apply(own, to_values(index, levels))
    return -_nats(logits, index)


def _nats(logits: jax.Array, index: jax.Array) -> jax.Array:
    each = optax.softmax_cross_entropy_with_integer_labels(logits, index)
    return jnp.sum(each.reshape(each.shape[0], -1), axis=1)


def pixelcnn(network: Network, levels: int) -> Game:
    """The one-player game of van den Oord et al. 2016 (arXiv 1601.06759, 1606.05328): maximum likelihood.

    Args:
      network: images ``(B, ...)`` to logits ``(B, ..., levels)``, each of which depends on earlier elements
        only (`jgan.networks.masked.pixelcnn_network`).
      levels: to which images are rounded; 256 for bytes.

    The loss is in nats for an element; ``bits`` are logged too. A latent has a uniform number for each
    element, by which its level is drawn from the level's distribution given those before it: sampling
    takes as many passes as there are elements.

    Raises:
      ValueError: from ``init``, if the network does not return logits of all levels.
    """

    def init(key: jax.Array, batch: Batch) -> Collections:
        x = batch["image"][:2]
        own = network.init(key, x)
        found = jax.eval_shape(lambda own: network.apply(own, x)[0], own).shape
        if found != (*x.shape, levels):
            raise ValueError(
                f"the network returns logits of shape {found} for examples of shape {x.shape}, "
                f"but must return {(*x.shape, levels)}."
            )
        return own

    def loss(
        variables: Variables, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, Aux]:
        index = to_levels(batch["image"], levels)
        own = variables[GENERATOR]
        logits, state = network.apply(own, to_values(index, levels), key=key, train=True)
        nats = jnp.mean(_nats(logits, index)) / math.prod(index.shape[1:])
        return nats, Aux(state_of(state), {"bits": nats / math.log(2)})

    def latent(key: jax.Array, batch: Batch) -> jax.Array:
        shape = batch["image"].shape
        size = math.prod(shape[1:])
        return draw_rows(lambda rows: jax.random.uniform(key, (rows, size)), shape[0])

    def generate(variables: Variables, batch: Batch, z: jax.Array) -> jax.Array:
        shape = batch["image"].shape[1:]

        def place(number: jax.Array, x: jax.Array) -> jax.Array:
            logits, _ = network.apply(variables[GENERATOR], x.reshape(-1, *shape))
            own = logits.reshape(*x.shape, levels)[:, number]
            below = jnp.cumsum(jax.nn.softmax(own), axis=1) <= z[:, number, None]
            index = jnp.minimum(jnp.sum(below, axis=1), levels - 1)
            return x.at[:, number].set(to_values(index, levels))

        x = jax.lax.fori_loop(0, z.shape[1], place, jnp.full(z.shape, -1.0))
        return x.reshape(-1, *shape)

    return alone(init, loss, sampler=Sampler(latent, generate))
