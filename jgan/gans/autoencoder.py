"""The plain autoencoder: a code from which the example is rebuilt, and no word on how codes are spread."""

import jax
import jax.numpy as jnp

from jgan.game import GENERATOR, Aux, Batch, Collections, Game, Sampler, Variables, state_of
from jgan.gans.alone import alone
from jgan.gans.vae import check_decoder, check_encoder
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
    prior = normal(code)

    def init(key: jax.Array, batch: Batch) -> Collections:
        keys = jax.random.split(key)
        x, z = batch["image"][:2], jnp.zeros((2, code))
        own = {"encoder": encoder.init(keys[0], x), "decoder": decoder.init(keys[1], z)}
        seen = jax.eval_shape(lambda own: encoder.apply(own, x)[0], own["encoder"])
        made = jax.eval_shape(lambda own: decoder.apply(own, z)[0], own["decoder"])
        check_encoder(seen.shape[1:], code)
        check_decoder(made.shape[1:], x.shape[1:])
        return join(own)

    def loss(
        variables: Variables, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, Aux]:
        own, x = variables[GENERATOR], batch["image"]
        keys = jax.random.split(key)
        z, coded = encoder.apply(part(own, "encoder"), x, key=keys[0], train=True)
        y, decoded = decoder.apply(part(own, "decoder"), z, key=keys[1], train=True)
        state = join({"encoder": state_of(coded), "decoder": state_of(decoded)})
        return jnp.mean(jnp.square(x - y)), Aux(state)

    def encode(variables: Variables, images: jax.Array) -> jax.Array:
        z: jax.Array = encoder.apply(part(variables[GENERATOR], "encoder"), images)[0]
        return z

    def generate(variables: Variables, batch: Batch, z: jax.Array) -> jax.Array:
        y: jax.Array = decoder.apply(part(variables[GENERATOR], "decoder"), z)[0]
        return y

    def rebuilt(variables: Variables, batch: Batch, key: jax.Array) -> jax.Array:
        return generate(variables, batch, encode(variables, batch["image"]))

    sampler = Sampler(lambda key, batch: prior(key, batch["image"].shape[0]), generate, encode)
    return alone(init, loss, views={"reconstructions": rebuilt}, sampler=sampler)
