"""StyleGAN and StyleGAN2 as a game: styles, and noise whose strength may be chosen."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.game import Game, Option
from jgan.gans.style_based import Sheet, style_based
from jgan.losses import Loss
from jgan.networks.network import Network

OPTIONS = {"noise": Option(1.0, "How strong the noise is: 1 as in training, 0 for none.")}


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
      conditional: whether mapping and discriminator are given the labels of the real examples.

    Samples are confined to [-1, 1] by clipping. The sampler draws all styles to their mean by the share
    ``truncation`` (Karras et al. 2019, section B, where only the coarse styles are drawn to it), and
    multiplies the noise by ``noise``.

    The view ``"mixing"`` has the coarse half of the styles from the row's latent and the fine half from the
    column's, and the latents' own images on the diagonal; ``"truncation"`` has one latent in each row at 1 to
    -1 times its distance from the mean; ``"noise"`` has each latent with noise and then without. With labels
    ``"classes"`` shows samples for the batch's labels in ascending order.
    """
    return style_based(
        mapping,
        synthesis,
        discriminator,
        loss,
        latent,
        conditional=conditional,
        inputs=_strength,
        options=OPTIONS,
        views={"mixing": _mixing, "noise": _with_and_without},
    )


def _strength(noise: Any = 1.0) -> tuple[Any]:
    return (noise,)


def _mixing(sheet: Sheet) -> jax.Array:
    styles = sheet.styles
    early = jnp.arange(styles.shape[1]) < styles.shape[1] // 2
    return sheet.images(jnp.where(early[None, :, None], styles[sheet.row], styles[sheet.column]))


def _with_and_without(sheet: Sheet) -> jax.Array:
    places = jnp.arange(sheet.styles.shape[0])
    amount = (1.0 - places % 2)[:, None, None, None]
    return sheet.images(sheet.styles[places // 2], amount)
