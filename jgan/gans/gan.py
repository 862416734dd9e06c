"""The plain GAN: one generator, one discriminator, a latent prior, any loss."""

from typing import Any

import jax

from jgan.game import (
    DISCRIMINATOR,
    GENERATOR,
    Batch,
    Collections,
    Critic,
    Game,
    Inputs,
    Sampler,
    Variables,
    adversarial,
)
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network


def gan(generator: Network, discriminator: Network, loss: Loss, prior: Prior) -> Game:
    """The game of Goodfellow et al. 2014 under any loss of `jgan.losses`.

    Args:
      generator: latents ``(B, d)`` to examples shaped like ``batch["image"]``.
      discriminator: examples to logits ``(B,)``.
      loss: how logits are judged.
      prior: ``(key, count) -> latents (count, d)``.

    A batch needs ``"image"``, ``(B, ...)``. The view ``"samples"`` shows B samples.

    Raises:
      ValueError: from ``init``, if the generator's examples do not have the shape of the data or the
        discriminator does not return one logit for each example.
    """

    def init(key: jax.Array, batch: Batch) -> Variables:
        latent_key, *keys = jax.random.split(key, 3)
        real = batch["image"][:2]
        latent = prior(latent_key, real.shape[0])
        variables = {
            GENERATOR: generator.init(keys[0], latent),
            DISCRIMINATOR: discriminator.init(keys[1], real),
        }
        fake = jax.eval_shape(lambda own: generator.apply(own, latent)[0], variables[GENERATOR])
        check_shapes(discriminator, variables[DISCRIMINATOR], real, fake)
        return variables

    def critic(variables: Variables, batch: Batch, key: jax.Array, step: jax.Array) -> Critic:
        latent_key, generator_key = jax.random.split(key)
        own = variables[GENERATOR]
        latent = prior(latent_key, batch["image"].shape[0])
        fake, generator_state = generator.apply(own, latent, key=generator_key, train=True)

        def score(
            inputs: Inputs, state: Collections, key: jax.Array
        ) -> tuple[jax.Array, Collections]:
            collections = {"params": variables[DISCRIMINATOR]["params"], **state}
            return discriminator.apply(collections, inputs.values, key=key, train=True)

        return Critic(
            real=Inputs(batch["image"]),
            fake=Inputs(fake),
            score=score,
            generator_state=generator_state,
            latent=latent,
            generate=lambda z: Inputs(generator.apply(own, z, key=generator_key, train=True)[0]),
        )

    sampler = Sampler(
        latent=lambda key, batch: prior(key, batch["image"].shape[0]),
        generate=lambda variables, batch, z: generator.apply(variables[GENERATOR], z)[0],
    )
    return adversarial(init, critic, loss, sampler=sampler)


def check_shapes(discriminator: Network, own: Collections, real: jax.Array, fake: Any) -> None:
    """Raise ValueError unless fakes look like the data and there is one logit for each example."""
    if fake.shape[1:] != real.shape[1:]:
        raise ValueError(
            f"the generator makes examples of shape {fake.shape[1:]}, "
            f"but the data's are {real.shape[1:]}; build it for the shape of the data."
        )
    logits = jax.eval_shape(lambda own: discriminator.apply(own, real)[0], own)
    if logits.shape != real.shape[:1]:
        raise ValueError(
            f"the discriminator returns logits of shape {logits.shape} for {real.shape[0]} examples, "
            f"but must return one for each, {real.shape[:1]}."
        )
