"""StyleGAN and StyleGAN2 as a game: a mapping and a synthesis network against a discriminator."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from jgan.game import Batch, Game, Option, PyTree
from jgan.gans.versus import labels_of, versus
from jgan.latents import normal
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Scene, Step
from jgan.terms.adversarial import adversarial

OPTIONS = {
    "truncation": Option(1.0, "How far styles lie from their mean: 1 as in training, 0 at it."),
    "noise": Option(1.0, "How strong the noise is: 1 as in training, 0 for none."),
}


def stylegan(
    mapping: Network,
    synthesis: Network,
    discriminator: Network,
    loss: Loss,
    latent: int = 512,
    *,
    conditional: bool = False,
) -> Game:
    """The game of Karras et al. 2019 and of Karras et al. 2020; penalties and regularisers are added to it.

    Args:
      mapping: latents ``(B, latent)``, and labels, to ``{"styles": ..., "mean": (d,)}``;
        `jgan.networks.stylegan2.style_mapping`, which mixes styles in training.
      synthesis: styles, and the strength of the noise, to images ``(B, H, W, C)``.
      discriminator: images, and labels, to logits ``(B,)``.
      loss: how logits are judged; non-saturating in both papers.
      latent: size of the latents, which are N(0, I).
      conditional: whether all networks are given the labels of the real examples.

    Samples are confined to [-1, 1] by clipping. The sampler draws all styles to their mean by the share
    ``truncation`` (Karras et al. 2019, section B, where only the coarse styles are drawn to it), and
    multiplies the noise by ``noise``.

    The view ``"mixing"`` has the coarse half of the styles from the row's latent and the fine half from the
    column's, and the latents' own images on the diagonal; ``"truncation"`` has one latent in each row at 1 to
    -1 times its distance from the mean; ``"noise"`` has each latent with noise and then without.
    """
    label = lambda c: (c,) if conditional else ()

    def made(make: Any, z: jax.Array, c: PyTree, *noise: Any) -> jax.Array:
        images: jax.Array = make["synthesis"](make["mapping"](z, *label(c))["styles"], *noise)
        return images

    def meet(make: Any, batch: Batch, z: jax.Array, step: Step) -> Meeting:
        c = labels_of(batch) if conditional else ()
        return Meeting(real=Inputs(batch["image"], c), fake=Inputs(made(make, z, c), c))

    def sample(
        make: Any,
        z: jax.Array,
        c: PyTree,
        step: Step,
        truncation: Any = 1.0,
        noise: Any = 1.0,
    ) -> jax.Array:
        found = make["mapping"](z, *label(c))
        styles = truncated_styles(found["styles"], found["mean"], truncation)
        return jnp.clip(make["synthesis"](styles, noise), -1.0, 1.0)

    def conditions(scene: Scene) -> PyTree:
        return labels_of(scene.batch) if conditional else ()

    def styles_of(scene: Scene) -> tuple[dict[str, jax.Array], jax.Array, jax.Array]:
        """The styles of the view's latents, and the row and the column of each of its pictures."""
        places = jnp.arange(scene.latent.shape[0])
        columns = math.ceil(math.sqrt(len(places)))
        found = scene.make["mapping"](scene.latent, *label(conditions(scene)))
        return found, places // columns, places % columns

    def shown(scene: Scene, styles: jax.Array, *noise: Any) -> jax.Array:
        return jnp.clip(scene.make["synthesis"](styles, *noise), -1.0, 1.0)

    def mixing(scene: Scene) -> jax.Array:
        found, row, column = styles_of(scene)
        styles = found["styles"]
        early = jnp.arange(styles.shape[1]) < styles.shape[1] // 2
        return shown(scene, jnp.where(early[None, :, None], styles[row], styles[column]))

    def sweep(scene: Scene) -> jax.Array:
        found, row, column = styles_of(scene)
        share = 1.0 - 2.0 * column / jnp.maximum(jnp.max(column), 1)
        return shown(
            scene,
            truncated_styles(found["styles"][row], found["mean"], share[:, None, None]),
        )

    def with_and_without(scene: Scene) -> jax.Array:
        styles = styles_of(scene)[0]["styles"]
        places = jnp.arange(styles.shape[0])
        amount = (1.0 - places % 2)[:, None, None, None]
        return shown(scene, styles[places // 2], amount)

    return versus(
        {"mapping": mapping, "synthesis": synthesis},
        discriminator,
        adversarial(loss),
        latent=normal(latent),
        condition=labels_of if conditional else None,
        meet=meet,
        sample=sample,
        views={"mixing": mixing, "truncation": sweep, "noise": with_and_without},
        options=OPTIONS,
    )


def truncated_styles(styles: jax.Array, mean: jax.Array, share: Any) -> jax.Array:
    """``mean + share (styles - mean)`` (Karras et al. 2019, section B).

    Args:
      styles: ``(B, inputs, d)``.
      mean: ``(d,)``, the running mean of w.
      share: 1 leaves the styles as they are, 0 gives the mean alone.
    """
    return mean + jnp.asarray(share, styles.dtype) * (styles - mean)
