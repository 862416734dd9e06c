"""The plain autoencoder: a code from which the example is rebuilt, and no word on how codes are spread."""

import jax
import jax.numpy as jnp

from jgan.game import GENERATOR, Aux, Batch, Collections, Game, Variables, state_of
from jgan.gans.alone import alone
from jgan.gans.coding import coding_sampler, first_parts, itself, reconstructions
from jgan.latents import normal
from jgan.networks.network import Network
from jgan.networks.parts import join, part


def plain_autoencoder(encoder: Network, decoder: Network, code: int) -> Game:
    """The one-player game that minimises E‖x - decoder(encoder(x))‖² / (elements of x).

    With linear networks its optimum is the projection on the first ``code`` principal components (Baldi &
    Hornik 1989). The generator owns both networks, as the parts ``"encoder"`` and ``"decoder"``.

    Args:
      encoder: examples to codes ``(B, code)``.
      decoder: codes to examples shaped like ``batch["image"]``: any generator.
      code: size of the code.

    Samples decode codes drawn from N(0, I). Nothing makes the codes of examples lie so, which is what a
    variational autoencoder adds: these samples are the yardstick of a model without a prior.

    Raises:
      ValueError: from ``init``, if the networks do not fit the data or each other.
    """

    def init(key: jax.Array, batch: Batch) -> Collections:
        keys = jax.random.split(key)
        return first_parts(encoder, decoder, code, batch["image"][:2], keys, itself)[0]

    def loss(
        variables: Variables, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, Aux]:
        own, x = variables[GENERATOR], batch["image"]
        keys = jax.random.split(key)
        z, coded = encoder.apply(part(own, "encoder"), x, key=keys[0], train=True)
        y, decoded = decoder.apply(part(own, "decoder"), z, key=keys[1], train=True)
        state = join({"encoder": state_of(coded), "decoder": state_of(decoded)})
        return jnp.mean(jnp.square(x - y)), Aux(state)

    sampler = coding_sampler(encoder, decoder, normal(code))
    views = {"reconstructions": reconstructions(sampler)}
    return alone(init, loss, views=views, sampler=sampler)
