"""The conditional GAN: both players are told the label."""

from typing import Any

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
    View,
    adversarial,
)
from jgan.gans.gan import check_shapes
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network


def conditional(generator: Network, discriminator: Network, loss: Loss, prior: Prior) -> Game:
    """The game of Mirza & Osindero 2014 (eq. 2): min max E log D(x|y) + E log(1 - D(G(z|y)|y)).

    How a network uses the label is its own matter: `jgan.networks.conditional.labelled` joins it to the
    input, `projection_discriminator` and `conditional_generator` are those of Miyato & Koyama 2018.

    Args:
      generator: ``(latents (B, d), label (B,))`` to examples.
      discriminator: ``(examples, label)`` to logits ``(B,)``.
      loss: how logits are judged.
      prior: of the latents.

    A batch needs ``"image"`` and ``"label"``, int32 ``(B,)``. Fakes are made for the labels of the real
    examples, which are draws from the labels' distribution. The view ``"classes"`` shows samples for the
    batch's labels in ascending order.

    Raises:
      ValueError: from ``init``, if there are no labels, or networks and data do not fit.
    """

    def init(key: jax.Array, batch: Batch) -> Variables:
        check_labels(batch)
        latent_key, *keys = jax.random.split(key, 3)
        real, label = batch["image"][:2], batch["label"][:2]
        latent = prior(latent_key, real.shape[0])
        variables = {
            GENERATOR: generator.init(keys[0], latent, label),
            DISCRIMINATOR: discriminator.init(keys[1], real, label),
        }

        def told(collections: Collections, *inputs: Any, **options: Any) -> tuple[Any, Collections]:
            return discriminator.apply(collections, *inputs, label, **options)

        fake = jax.eval_shape(
            lambda own: generator.apply(own, latent, label)[0], variables[GENERATOR]
        )
        judge = Network(discriminator.init, told)
        check_shapes(judge, variables[DISCRIMINATOR], real, fake)
        return variables

    def critic(variables: Variables, batch: Batch, key: jax.Array, step: jax.Array) -> Critic:
        latent_key, generator_key = jax.random.split(key)
        own, label = variables[GENERATOR], batch["label"]
        latent = prior(latent_key, label.shape[0])
        fake, state = generator.apply(own, latent, label, key=generator_key, train=True)

        def score(
            inputs: Inputs, state: Collections, key: jax.Array
        ) -> tuple[jax.Array, Collections]:
            collections = {"params": variables[DISCRIMINATOR]["params"], **state}
            return discriminator.apply(
                collections, inputs.values, inputs.condition, key=key, train=True
            )

        def generate(latent: jax.Array) -> Inputs:
            values, _ = generator.apply(own, latent, label, key=generator_key, train=True)
            return Inputs(values, label)

        return Critic(
            real=Inputs(batch["image"], label),
            fake=Inputs(fake, label),
            score=score,
            generator_state=state,
            latent=latent,
            generate=generate,
        )

    sampler = Sampler(
        latent=lambda key, batch: prior(key, batch["label"].shape[0]),
        generate=lambda variables, batch, z: generator.apply(
            variables[GENERATOR], z, batch["label"]
        )[0],
    )

    def in_order(variables: Variables, batch: Batch, key: jax.Array) -> jax.Array:
        batch = {**batch, "label": jnp.sort(batch["label"])}
        return sampler.generate(variables, batch, sampler.latent(key, batch))

    views: dict[str, View] = {"classes": in_order}
    return adversarial(init, critic, loss, views, sampler)


def check_labels(batch: Batch) -> None:
    """Raise ValueError unless the batch has one label for each example."""
    if "label" not in batch or batch["label"].ndim != 1:
        found = f"shape {batch['label'].shape}" if "label" in batch else "no labels"
        raise ValueError(f"the data have {found}, but this game needs one label for each example.")
