"""An encoder and a decoder that one player owns, as parts of its collections."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jgan.game import GENERATOR, Batch, Collections, Sampler, Variables, View
from jgan.latents import Prior
from jgan.networks.network import Network
from jgan.networks.parts import join, part

Read = Callable[[Any], jax.Array]
"""What an encoder answers, to the latents ``(B, d)`` that stand for its examples."""


def mean_of(posterior: Any) -> jax.Array:
    """The mean of ``{"mean": (B, d), "std": (B, d)}``."""
    mean: jax.Array = posterior["mean"]
    return mean


def itself(code: Any) -> jax.Array:
    """The code of an encoder that answers with latents."""
    made: jax.Array = code
    return made


def first_parts(
    encoder: Network, decoder: Network, latent: int, x: jax.Array, keys: jax.Array, read: Read
) -> tuple[Collections, jax.ShapeDtypeStruct]:
    """Collections of the parts ``"encoder"`` and ``"decoder"``, and the shape of what the decoder makes.

    Args:
      encoder: examples to what ``read`` turns into latents.
      decoder: latents to examples.
      latent: size of the latents.
      x: some examples.
      keys: two.
      read: as in `Read`.

    Raises:
      ValueError: if the networks do not fit the data or each other.
    """
    z = jnp.zeros((x.shape[0], latent))
    own = {"encoder": encoder.init(keys[0], x), "decoder": decoder.init(keys[1], z)}
    seen = jax.eval_shape(lambda own: read(encoder.apply(own, x)[0]), own["encoder"])
    made = jax.eval_shape(lambda own: decoder.apply(own, z)[0], own["decoder"])
    if seen.shape != z.shape:
        raise ValueError(
            f"the encoder returns codes of shape {seen.shape[1:]}, but latent is {latent}; they must agree."
        )
    if made.shape != x.shape:
        raise ValueError(
            f"the decoder makes examples of shape {made.shape[1:]}, but the data's are {x.shape[1:]}; "
            "build it for the shape of the data."
        )
    return join(own), made


def coding_sampler(
    encoder: Network, decoder: Network, prior: Prior, read: Read = itself, name: str = "decoder"
) -> Sampler:
    """The sampler of the generator's parts ``"encoder"`` and ``name``."""

    def generate(variables: Variables, batch: Batch, z: jax.Array) -> jax.Array:
        made: jax.Array = decoder.apply(part(variables[GENERATOR], name), z)[0]
        return made

    return Sampler(
        lambda key, batch: prior(key, batch["image"].shape[0]),
        generate,
        lambda variables, images: read(
            encoder.apply(part(variables[GENERATOR], "encoder"), images)[0]
        ),
    )


def reconstructions(sampler: Sampler) -> View:
    """What a sampler that encodes makes of the codes of the batch's examples."""
    encode = sampler.encode
    assert encode is not None
    return lambda variables, batch, key: sampler.generate(
        variables, batch, encode(variables, batch["image"])
    )
