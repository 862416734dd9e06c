"""PixelCNN: the probability of an image as a product over its pixels, by one network."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jgan.batch_axis import draw_rows
from jgan.game import GENERATOR, Batch, Collections, Game, Option
from jgan.gans.versus import versus
from jgan.latents import LatentLike
from jgan.networks.network import Network
from jgan.scene import Meeting, Result, Scene, Step, Term
from jgan.terms.quantized import to_levels, to_values


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

    The loss is in nats for an element; ``bits`` are logged too. A latent, shaped like the
    images, has a uniform number for each element, by which its level is drawn from the level's distribution
    given those before it: sampling takes as many passes as there are elements.

    Raises:
      ValueError: from ``init``, if the network does not return logits of all levels.
    """

    def meet(make: Any, batch: Batch, latent: jax.Array, step: Step) -> Meeting:
        index = to_levels(batch["image"], levels)
        logits = make(to_values(index, levels))
        if logits.shape != (*index.shape, levels):
            raise ValueError(
                f"the network returns logits of shape {logits.shape} for examples of shape {index.shape}, "
                f"but must return {(*index.shape, levels)}."
            )
        return Meeting(made={"logits": logits, "index": index})

    def likelihood(scene: Scene) -> Result:
        index = scene.meeting.made["index"]
        nats = jnp.mean(_nats(scene.meeting.made["logits"], index)) / math.prod(index.shape[1:])
        return nats, None, {"bits": nats / math.log(2)}

    def latents(key: jax.Array, batch: Batch) -> jax.Array:
        count, *shape = batch["image"].shape
        return draw_rows(lambda rows: jax.random.uniform(key, (rows, *shape)), count)

    def sample(
        make: Any, z: jax.Array, condition: Any, step: Step, temperature: float = 1.0
    ) -> jax.Array:
        shape, uniform = z.shape[1:], z.reshape(z.shape[0], -1)

        def place(number: jax.Array, x: jax.Array) -> jax.Array:
            logits = make(x.reshape(-1, *shape)).reshape(*x.shape, levels)[:, number] / temperature
            below = jnp.cumsum(jax.nn.softmax(logits), axis=1) <= uniform[:, number, None]
            index = jnp.minimum(jnp.sum(below, axis=1), levels - 1)
            return x.at[:, number].set(to_values(index, levels))

        x = jax.lax.fori_loop(0, uniform.shape[1], place, jnp.full(uniform.shape, -1.0))
        return x.reshape(-1, *shape)

    return versus(
        network,
        {},
        Term("likelihood", likelihood, GENERATOR),
        latent=LatentLike(latents),
        meet=meet,
        sample=sample,
        options={
            "temperature": Option(1.0, "Divisor of the logits; below 1 samples are likelier.")
        },
    )
