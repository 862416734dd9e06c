"""CoGAN: two GANs that share layers learn pairs from two domains without any pairs."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jgan.game import Batch, Game, count_of
from jgan.gans.versus import versus
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.coupled import DOMAINS
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Scene, Step
from jgan.terms.adversarial import adversarial


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

    def examples(of: Mapping[str, jax.Array]) -> Inputs:
        domain = jnp.tile(jnp.arange(2, dtype=jnp.int32), of["image"].shape[0])
        return Inputs(taking_turns(*(of[name] for name in DOMAINS)), domain)

    def meet(make: Any, batch: Batch, latent: jax.Array, step: Step) -> Meeting:
        found = batch["other"].shape if "other" in batch else "no field 'other'"
        if found != batch["image"].shape:
            raise ValueError(
                f"the data have images of shape {batch['image'].shape} and {found}, "
                "but this game needs 'other' images of the same shape."
            )
        return Meeting(real=examples(batch), fake=examples(make(latent)))

    def pairs(scene: Scene) -> jax.Array:
        count = count_of(scene.batch)
        return examples(scene.make(scene.latent[: -(-count // 2)])).values[:count]

    return versus(
        generator,
        discriminator,
        adversarial(loss),
        latent=prior,
        meet=meet,
        sample=lambda make, latent, condition, step: make(latent)["image"],
        views={"pairs": pairs},
    )
