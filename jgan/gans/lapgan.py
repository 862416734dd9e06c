"""LAPGAN: an image is made from coarse to fine, a GAN for each level of a Laplacian pyramid."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp

from jgan.batch_axis import normal_like
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
from jgan.networks.combined import side_by_side, with_inputs
from jgan.networks.network import Network
from jgan.networks.parts import part
from jgan.networks.pyramid import gaussian_pyramid, up

Scales = tuple[jax.Array, ...]
"""Images or latents of each level, the finest first."""


def lapgan(
    generators: Sequence[Network], discriminators: Sequence[Network], loss: Loss, prior: Prior
) -> Game:
    """The game of Denton et al. 2015 (eq. 3 to 6), all levels at once.

    Level k has images I_k, I_{k+1} = d(I_k), and the low-pass image l_k = u(I_{k+1}). Its generator makes
    details, x̂ = l_k + G_k(z_k, l_k) with the l_k of a real image, and its discriminator tells x̂ from I_k, given
    l_k; at the coarsest level it is a plain GAN. Nothing is shared, so that each level's gradients are those
    of its own game, as if trained apart. Samples go through all levels, each the next one's low-pass image.

    Args:
      generators: finest first; ``(noise (B, h, w, 1), low (B, h, w, C))`` to details, the last latents
        ``(B, d)`` to images of the coarsest size.
      discriminators: finest first; ``(image, low)`` to logits ``(B,)``, the last of the image alone.
      loss: how logits are judged, the mean over levels: one that compares with means over the batch,
        such as ``relativistic_average``, would mix them.
      prior: of the coarsest latents. The noise of the other levels is N(0, 1).

    Logits are ``(B K,)``, the K levels of an example next to each other. The view ``"levels"`` shows the
    first B/K samples beside the coarser images they come from, enlarged.

    Raises:
      ValueError: if the numbers of networks differ or are less than 2; from ``init``, if the data are no
        images with enough pixels or a level's networks do not fit them.
    """
    levels = len(generators)
    if len(discriminators) != levels or levels < 2:
        raise ValueError(
            f"there are {levels} generators and {len(discriminators)} discriminators, "
            "but there must be as many, at least 2: one for each level."
        )
    names = [str(level) for level in range(levels)]
    makers = side_by_side(dict(zip(names, generators, strict=True)))
    judges = side_by_side(dict(zip(names, discriminators, strict=True)))

    def scales_of(images: jax.Array) -> tuple[Scales, Scales]:
        """Images of all levels, and low-pass images of all but the coarsest."""
        scales = gaussian_pyramid(images, levels)
        return tuple(scales), tuple(
            up(small, *large.shape[1:3]) for large, small in pairwise(scales)
        )

    def latents(key: jax.Array, images: jax.Array) -> Scales:
        *keys, last = jax.random.split(key, levels)
        scales = jax.eval_shape(lambda images: scales_of(images)[0], images)
        planes = (jnp.zeros((*scale.shape[:3], 1)) for scale in scales[:-1])
        noise = (normal_like(key, plane) for key, plane in zip(keys, planes, strict=True))
        return *noise, prior(last, images.shape[0])

    def each(values: Scales, lows: Scales) -> dict[str, Scales]:
        """The inputs of every level: its value, and the low-pass image if there is one."""
        return {name: (values[k], *lows[k : k + 1]) for k, name in enumerate(names)}

    def images_of(
        own: Collections, z: Scales, lows: Scales, **options: Any
    ) -> tuple[Scales, Collections]:
        made, state = makers.apply(own, each(z, lows), **options)
        return tuple(sum(lows[k : k + 1], start=made[name]) for k, name in enumerate(names)), state

    def init(key: jax.Array, batch: Batch) -> Variables:
        images = batch["image"][:2]
        if images.ndim != 4 or min(images.shape[1:3]) < 2**levels:
            raise ValueError(
                f"the data have shape {images.shape[1:]}, but {levels} levels need images with sides of "
                f"at least {2**levels} pixels."
            )
        latent_key, maker_key, judge_key = jax.random.split(key, 3)
        real, lows = scales_of(images)
        z = latents(latent_key, images)
        own, judge = makers.init(maker_key, each(z, lows)), judges.init(judge_key, each(real, lows))
        made = jax.eval_shape(lambda own: images_of(own, z, lows)[0], own)
        for k, name in enumerate(names):
            told = with_inputs(discriminators[k], lambda x, k=k: (x, *lows[k : k + 1]))
            check_shapes(told, part(judge, name), real[k], made[k])
        return {GENERATOR: own, DISCRIMINATOR: judge}

    def critic(variables: Variables, batch: Batch, key: jax.Array, step: jax.Array) -> Critic:
        latent_key, generator_key = jax.random.split(key)
        real, lows = scales_of(batch["image"])
        z = latents(latent_key, batch["image"])

        def generate(z: Scales) -> tuple[Inputs, Collections]:
            own = variables[GENERATOR]
            made, state = images_of(own, z, lows, key=generator_key, train=True)
            return Inputs(made, lows), state

        def score(
            inputs: Inputs, state: Collections, key: jax.Array
        ) -> tuple[jax.Array, Collections]:
            collections = {"params": variables[DISCRIMINATOR]["params"], **state}
            logits, state = judges.apply(collections, each(*inputs), key=key, train=True)
            return jnp.stack([logits[name] for name in names], axis=1).reshape(-1), state

        fake, state = generate(z)
        return Critic(
            real=Inputs(real, lows),
            fake=fake,
            score=score,
            generator_state=state,
            latent=z,
            generate=lambda z: generate(z)[0],
        )

    def grown(variables: Variables, z: Scales) -> list[jax.Array]:
        """The samples' images at all levels, finest first."""
        found: list[jax.Array] = []
        for k in reversed(range(levels)):
            own = part(variables[GENERATOR], names[k])
            low = tuple(up(image, *z[k].shape[1:3]) for image in found[:1])
            made = sum(low, start=generators[k].apply(own, z[k], *low)[0])
            found.insert(0, jnp.clip(made, -1.0, 1.0))
        return found

    def in_steps(variables: Variables, batch: Batch, key: jax.Array) -> jax.Array:
        images = batch["image"]
        scales = grown(variables, latents(key, images))[::-1]
        large = [jax.image.resize(scale, images.shape, "nearest") for scale in scales]
        return jnp.stack(large, axis=1).reshape(-1, *images.shape[1:])[: images.shape[0]]

    sampler = Sampler(
        latent=lambda key, batch: latents(key, batch["image"]),
        generate=lambda variables, batch, z: grown(variables, z)[0],
    )
    return adversarial(init, critic, loss, {"levels": in_steps}, sampler)
