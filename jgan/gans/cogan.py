"""CoGAN: two GANs that share layers learn pairs from two domains without any pairs."""

import jax
import jax.numpy as jnp

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
from jgan.gans.gan import check_shapes
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.combined import with_inputs
from jgan.networks.coupled import DOMAINS
from jgan.networks.network import Network


def taking_turns(first: jax.Array, second: jax.Array) -> jax.Array:
    """Examples of two domains one after the other, ``(B, ...)`` and ``(B, ...)`` to ``(2B, ...)``.

    So that each device of a spread batch has whole pairs.

    >>> taking_turns(jnp.array([1, 2]), jnp.array([10, 20])).tolist()
    [1, 10, 2, 20]
    """
    return jnp.stack([first, second], axis=1).reshape(-1, *first.shape[1:])


def cogan(generator: Network, discriminator: Network, loss: Loss, prior: Prior) -> Game:
    """The game of Liu & Tuzel 2016 (eq. 3): the sum of two GANs, coupled by the layers they share.

    Which layers those are is the networks' own matter (`jgan.networks.coupled`).

    Args:
      generator: latents ``(B, d)`` to ``{"image": (B, ...), "other": (B, ...)}``, made from the same latent.
      discriminator: ``(examples (2B, ...), domain (2B,))`` to logits ``(2B,)``; the domain is 0 for
        ``"image"`` and 1 for ``"other"``.
      loss: how logits are judged. The mean over both domains is half of the paper's sum.
      prior: of the latents.

    A batch needs ``"image"`` and ``"other"``, ``(B, ...)`` of one shape, rows of which have nothing to do
    with each other. Samples are those of the domain ``"image"``; the view ``"pairs"`` shows B examples of
    B/2 latents, both domains side by side.

    Raises:
      ValueError: from ``init``, if there is no second domain of that shape, or networks and data do not fit.
    """

    def examples(of: Batch | dict[str, jax.Array]) -> Inputs:
        count = of["image"].shape[0]
        domain = jnp.tile(jnp.arange(2, dtype=jnp.int32), count)
        return Inputs(taking_turns(*(of[name] for name in DOMAINS)), domain)

    def init(key: jax.Array, batch: Batch) -> Variables:
        found = batch["other"].shape if "other" in batch else "no field 'other'"
        if found != batch["image"].shape:
            raise ValueError(
                f"the data have images of shape {batch['image'].shape} and {found}, "
                "but this game needs 'other' images of the same shape."
            )
        latent_key, *keys = jax.random.split(key, 3)
        real = examples({name: batch[name][:2] for name in DOMAINS})
        latent = prior(latent_key, 2)
        variables = {
            GENERATOR: generator.init(keys[0], latent),
            DISCRIMINATOR: discriminator.init(keys[1], *real),
        }
        told = with_inputs(discriminator, lambda x: (x, real.condition))
        made = jax.eval_shape(lambda own: generator.apply(own, latent)[0], variables[GENERATOR])
        for name in DOMAINS:
            check_shapes(told, variables[DISCRIMINATOR], real.values, made[name])
        return variables

    def critic(variables: Variables, batch: Batch, key: jax.Array, step: jax.Array) -> Critic:
        latent_key, generator_key = jax.random.split(key)
        latent = prior(latent_key, batch["image"].shape[0])

        def generate(latent: jax.Array) -> tuple[Inputs, Collections]:
            own = variables[GENERATOR]
            made, state = generator.apply(own, latent, key=generator_key, train=True)
            return examples(made), state

        def score(
            inputs: Inputs, state: Collections, key: jax.Array
        ) -> tuple[jax.Array, Collections]:
            collections = {"params": variables[DISCRIMINATOR]["params"], **state}
            return discriminator.apply(collections, *inputs, key=key, train=True)

        fake, state = generate(latent)
        return Critic(
            real=examples(batch),
            fake=fake,
            score=score,
            generator_state=state,
            latent=latent,
            generate=lambda latent: generate(latent)[0],
        )

    def pairs(variables: Variables, batch: Batch, key: jax.Array) -> jax.Array:
        count = batch["image"].shape[0]
        made, _ = generator.apply(variables[GENERATOR], prior(key, -(-count // 2)))
        return examples(made).values[:count]

    sampler = Sampler(
        latent=lambda key, batch: prior(key, batch["image"].shape[0]),
        generate=lambda variables, batch, z: generator.apply(variables[GENERATOR], z)[0]["image"],
    )
    return adversarial(init, critic, loss, {"pairs": pairs}, sampler)
