"""LAPGAN: an image is made from coarse to fine, a GAN for each level of a Laplacian pyramid."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp

from jgan.batch_axis import normal_like
from jgan.convolution.pyramid import gaussian_pyramid, up
from jgan.game import Batch, Game
from jgan.gans.versus import versus
from jgan.latents import LatentLike, Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Scene, Step, named
from jgan.terms.adversarial import adversarial

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
      loss: how logits are judged; the mean over the levels is minimised.
      prior: of the coarsest latents. The noise of the other levels is N(0, 1).

    Logits are a tree, ``{level: (B,)}`` for K levels. The view ``"levels"`` shows the first B/K samples beside
    the coarser images they come from, enlarged.

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

    def scales_of(images: jax.Array) -> tuple[Scales, Scales]:
        """Images of all levels, and low-pass images of all but the coarsest."""
        scales = gaussian_pyramid(images, levels)
        return tuple(scales), tuple(
            up(small, *large.shape[1:3]) for large, small in pairwise(scales)
        )

    def latents(key: jax.Array, batch: Batch) -> Scales:
        *keys, last = jax.random.split(key, levels)
        shape = jax.ShapeDtypeStruct(batch["image"].shape, jnp.float32)
        scales = jax.eval_shape(lambda images: scales_of(images)[0], shape)
        planes = (jnp.zeros((*scale.shape[:3], 1)) for scale in scales[:-1])
        noise = (normal_like(key, plane) for key, plane in zip(keys, planes, strict=True))
        return *noise, prior(last, shape.shape[0])

    def meet(make: Any, batch: Batch, z: Scales, step: Step) -> Meeting:
        images = batch["image"]
        if images.ndim != 4 or min(images.shape[1:3]) < 2**levels:
            raise ValueError(
                f"the data have shape {images.shape[1:]}, but {levels} levels need images with sides of "
                f"at least {2**levels} pixels."
            )
        real, lows = scales_of(images)
        made = (
            sum(lows[k : k + 1], start=make[name](z[k], *lows[k : k + 1]))
            for k, name in enumerate(names)
        )
        return Meeting(real=Inputs(real, lows), fake=Inputs(tuple(made), lows))

    def present(ask: Any, inputs: Inputs, group: str) -> dict[str, Any]:
        lows = inputs.condition
        logits = {
            name: named(ask[name](inputs.values[k], *lows[k : k + 1]))["logit"]
            for k, name in enumerate(names)
        }
        return {"logit": logits}

    def grown(make: Any, z: Scales) -> list[jax.Array]:
        """The samples' images at all levels, finest first."""
        found: list[jax.Array] = []
        for k in reversed(range(levels)):
            low = tuple(up(image, *z[k].shape[1:3]) for image in found[:1])
            made = sum(low, start=make[names[k]](z[k], *low))
            found.insert(0, jnp.clip(made, -1.0, 1.0))
        return found

    def in_steps(scene: Scene) -> jax.Array:
        images = scene.batch["image"]
        scales = grown(scene.make, scene.latent)[::-1]
        large = [jax.image.resize(scale, images.shape, "nearest") for scale in scales]
        return jnp.stack(large, axis=1).reshape(-1, *images.shape[1:])[: images.shape[0]]

    return versus(
        dict(zip(names, generators, strict=True)),
        dict(zip(names, discriminators, strict=True)),
        adversarial(loss, leaves=1 / levels),
        latent=LatentLike(latents),
        meet=meet,
        present=present,
        sample=lambda make, z, condition, step: grown(make, z)[0],
        views={"levels": in_steps},
    )
