"""A perceptual term: pictures and their counterparts are compared in features of a fixed network."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jgan.arguments import check_number, check_weight
from jgan.players import GENERATOR, PyTree
from jgan.scene import Result, Scene, Term, mean

Extract = Callable[[jax.Array], PyTree]
"""Pictures ``(B, H, W, C)`` in [-1, 1] to features ``(B, ...)``, or a tree of those of several layers."""


def perceptual(
    extract: Extract,
    weight: Any = 10.0,
    *,
    leaves: PyTree = 1.0,
    real: str = "real",
    fake: str = "fake",
    name: str = "perceptual",
) -> Term:
    """weight · Σ over layers of w_i E|f_i(x) - f_i(x̂)| / (elements of f_i), paid by the generator.

    Johnson et al. 2016 compare squares, pix2pixHD (Wang et al. 2018, section 3.3) absolute values, of five
    layers of VGG19 with the weights 1/32, 1/16, 1/8, 1/4 and 1. f is any pure function of pictures, such as
    `jgan.features.extractor.smooth` of an extractor, whose features are those of the whole picture.

    Args:
      extract: f; nothing of it is trained.
      weight: 10 in pix2pixHD.
      leaves: w_i, a number for all layers or a tree like that of the features.
      real: the group of counterparts.
      fake: the group of what the generator made.
      name: of the term.

    Raises:
      ValueError: if ``weight`` or one of ``leaves`` is not a finite number of at least 0.
    """
    check_weight("weight", weight)
    for share in jax.tree.leaves(leaves):
        check_number("a weight in leaves", share, least=0)

    def value(scene: Scene) -> Result:
        features = [jax.tree.leaves(extract(scene.meeting[group].values)) for group in (real, fake)]
        shares = jax.tree.leaves(leaves)
        shares = shares * len(features[0]) if len(shares) == 1 else shares
        weights = scene.meeting[real].weights
        paid = [
            share * mean(jnp.abs(x - y), weights)
            for share, x, y in zip(shares, *features, strict=True)
        ]
        return sum(paid[1:], paid[0]), None, {}

    return Term(name, value, GENERATOR, (), weight)
