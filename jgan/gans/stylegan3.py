"""StyleGAN3 as a game: styles, and a plane that may be moved and turned."""

import math
from typing import Any

import jax
import jax.numpy as jnp

from jgan.game import Game, Option
from jgan.gans.style_based import Sheet, style_based
from jgan.losses import Loss
from jgan.networks.network import Network

REACH = 0.125
"""How far the view moves pictures to either side, as a share of them: as far as EQ-T does."""
OPTIONS = {
    "down": Option(0.0, "How far pictures are moved down, as a share of their height."),
    "right": Option(0.0, "How far they are moved to the right, as a share of their width."),
    "angle": Option(0.0, "How far they are turned counter-clockwise, in degrees."),
}


def stylegan3(
    mapping: Network,
    synthesis: Network,
    discriminator: Network,
    loss: Loss,
    latent: int = 512,
    *,
    conditional: bool = False,
) -> Game:
    """The game of Karras et al. 2021; R1 is added to it, and for -R an augmentation that blurs.

    Args:
      mapping: latents ``(B, latent)``, and labels, to ``{"styles": ..., "mean": (d,)}``;
        `jgan.networks.stylegan2.style_mapping`, in the paper with 2 layers and without mixing.
      synthesis: styles, shift ``(B, 2)`` and angle ``(B,)`` to images ``(B, H, W, C)``;
        `jgan.networks.stylegan3.stylegan3_synthesis`.
      discriminator: images, and labels, to logits ``(B,)``; in the paper
        `jgan.networks.stylegan2.stylegan2_discriminator`.
      loss: how logits are judged; non-saturating in the paper.
      latent: size of the latents, which are N(0, I).
      conditional: whether mapping and discriminator are given the labels of the real examples.

    Samples are confined to [-1, 1] by clipping. The sampler moves and turns them by ``down``, ``right`` and
    ``angle``, and draws all styles to their mean by the share ``truncation``.

    The view ``"translations"`` has one latent in each row, moved from an eighth of the picture to the left to
    an eighth to the right; ``"rotations"`` has it turned by equal parts of a turn; ``"truncation"`` at 1 to -1
    times its distance from the mean. With labels ``"classes"`` shows samples for the batch's labels in
    ascending order.
    """
    return style_based(
        mapping,
        synthesis,
        discriminator,
        loss,
        latent,
        conditional=conditional,
        inputs=_motion,
        options=OPTIONS,
        views={"translations": _translations, "rotations": _rotations},
        transform=lambda shift, angle: (shift, angle),
    )


def _motion(down: Any = 0.0, right: Any = 0.0, angle: Any = 0.0) -> tuple[jax.Array, jax.Array]:
    return jnp.stack([jnp.asarray(down), jnp.asarray(right)], axis=-1), jnp.deg2rad(angle)


def _translations(sheet: Sheet) -> jax.Array:
    right = REACH * (2.0 * sheet.share - 1.0)
    shift = jnp.stack([jnp.zeros_like(right), right], axis=1)
    return sheet.images(sheet.styles[sheet.row], shift)


def _rotations(sheet: Sheet) -> jax.Array:
    parts = jnp.max(sheet.column) + 1
    still = jnp.zeros((len(sheet.column), 2))
    return sheet.images(sheet.styles[sheet.row], still, 2 * math.pi * sheet.column / parts)
