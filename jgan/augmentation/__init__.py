"""Augmentation: transformations of what the discriminator is shown, real and fake alike, and of pictures."""

from jgan.augmentation.adaptive import with_adaptive_augmentation
from jgan.augmentation.augmented import (
    Augmentation,
    instance_noise,
    with_augmentation,
    without_augmentation,
)
from jgan.augmentation.blur import fading_blur
from jgan.augmentation.diff_augment import diff_augment
from jgan.augmentation.moves import flip, flip_and_shift, jitter, shift
from jgan.augmentation.pipeline import bgc

__all__ = [
    "Augmentation",
    "bgc",
    "diff_augment",
    "fading_blur",
    "flip",
    "flip_and_shift",
    "instance_noise",
    "jitter",
    "shift",
    "with_adaptive_augmentation",
    "with_augmentation",
    "without_augmentation",
]
