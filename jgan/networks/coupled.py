"""Coupled networks: one pair of networks for two domains, of which all but the outermost layers are shared."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.networks.combined import combined, with_inputs
from jgan.networks.network import Network
from jgan.players import Collections

DOMAINS = ("image", "other")


def coupled_generator(network: Network) -> Network:
    """``network``, which makes 2C channels, as one of ``{"image": (..., C), "other": (..., C)}``.

    Each domain owns its half of the last layer's weights; what comes before is shared.
    """

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        both, state = network.apply(collections, *inputs, key=key, train=train)
        return dict(zip(DOMAINS, jnp.split(both, 2, axis=-1), strict=True)), state

    return Network(network.init, apply)


def coupled_discriminator(network: Network) -> Network:
    """``(examples (..., C), domain (B,))`` to what ``network`` says of 2C channels.

    An example fills its domain's half of the channels, the rest is 0, so that the first layer has weights
    for each domain and all that follows is shared.
    """

    def placed(x: jax.Array, domain: jax.Array) -> tuple[jax.Array]:
        first = (domain == 0).reshape(-1, *[1] * (x.ndim - 1))
        return (jnp.concatenate([jnp.where(first, x, 0), jnp.where(first, 0, x)], axis=-1),)

    return with_inputs(network, placed)


def separate_generators(network: Network) -> Network:
    """A network for each domain with nothing shared: latents to ``{"image": ..., "other": ...}``."""
    both = combined(dict.fromkeys(DOMAINS, network))
    return with_inputs(both, lambda z: (dict.fromkeys(DOMAINS, (z,)),))


def separate_discriminators(network: Network) -> Network:
    """A discriminator for each domain with nothing shared: ``(examples, domain (B,))`` to logits ``(B,)``.

    Both look at all examples, so it takes no normalisation over the batch.
    """
    both = separate_generators(network)

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        x, domain = inputs
        logits, state = both.apply(collections, x, key=key, train=train)
        return jnp.where(domain == 0, logits["image"], logits["other"]), state

    return Network(lambda key, *inputs: both.init(key, inputs[0]), apply)
