"""ADA's pipeline of transformations, each with the same probability p."""

import jax
import jax.numpy as jnp

from jgan.arguments import check_number
from jgan.augmentation.affine import resample_affine
from jgan.augmentation.augmented import Augmentation, StepSchedule
from jgan.augmentation.chances import centred, wide
from jgan.augmentation.colours import OF_COLOURS, colour_maps, recoloured
from jgan.augmentation.pictures import check_pictures, on_pictures
from jgan.augmentation.placements import (
    OF_MAPS,
    OF_TURNS,
    mirrored_and_turned,
    placement_maps,
)
from jgan.players import PyTree
from jgan.scene import Moment


def bgc(p: float | StepSchedule) -> Augmentation:
    """The pipeline "bgc" of StyleGAN2-ADA (Karras et al. 2020) at a fixed probability, or one of a schedule.

    Blitting, geometry, colour: `jgan.augmentation.placements.mirrored_and_turned`, then
    `jgan.augmentation.placements.placement_maps` as one resampling, and
    `jgan.augmentation.colours.colour_maps` as one matrix a picture.
    `jgan.augmentation.with_adaptive_augmentation` has the p that follows the discriminator's answers, R3GAN a
    schedule.

    Args:
      p: in [0, 1], or ``step -> p`` of the step of the run's present stage.

    Raises:
      ValueError: if ``p`` is a number outside; when it is played, if the examples are no pictures of 1 or 3
        channels.
    """
    if not callable(p):
        check_number("p", p, least=0, most=1)

    def augment(key: jax.Array, values: PyTree, moment: Moment) -> PyTree:
        return bgc_at(key, values, p(moment.step.stage) if callable(p) else p)

    return augment


def bgc_at(key: jax.Array, values: PyTree, p: jax.Array | float) -> PyTree:
    """The pictures ``(B, H, W, C)`` in ``values`` transformed at the probability ``p``; at 0 bitwise unchanged.

    It is affine in the pixels, so that derivatives of any order and mode are exact. ``p`` has none: it decides
    what happens and what does not.
    """
    check_pictures("bgc", values, channels=True)

    def transform(images: jax.Array) -> jax.Array:
        count, height, width, channels = images.shape
        dtype = wide(images.dtype)
        rate = jnp.clip(jnp.asarray(p, dtype), 0, 1)
        numbers = centred(key, OF_TURNS + OF_MAPS + OF_COLOURS, count, dtype)
        of_turns, of_maps, of_colours = jnp.split(numbers, (OF_TURNS, OF_TURNS + OF_MAPS))
        turned = mirrored_and_turned(of_turns, rate, images.astype(dtype))
        moved = resample_affine(turned, placement_maps(of_maps, rate, height, width))
        coloured = recoloured(moved, colour_maps(of_colours, rate, channels))
        return coloured.astype(images.dtype)

    return on_pictures(transform, values)
