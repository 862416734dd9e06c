"""Feature matching: the generator aims at the mean features of the data, or at those of each counterpart."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.arguments import check_weight
from jgan.batch_axis import whole_mean
from jgan.players import GENERATOR
from jgan.scene import Result, Scene, Term, mean


def feature_matching(
    weight: Any = 1.0, *, real: str = "real", fake: str = "fake", answer: str = "features"
) -> Term:
    """weight · ‖E f(x) - E f(x̂)‖₂² for the generator (Salimans et al. 2016, section 3.1).

    f is one of the discriminator's answers; expectations are means over the whole batch.

    Raises:
      ValueError: if ``weight`` is not a finite number of at least 0.
    """
    check_weight("weight", weight)

    def expected(scene: Scene, group: str) -> jax.Array:
        features, weights = scene.answer(group, answer), scene.meeting[group].weights
        if weights is None:
            return whole_mean(jnp.mean(features, axis=0))
        share = jnp.asarray(weights, features.dtype)
        total, norm = whole_mean((jnp.tensordot(share, features, 1), jnp.sum(share)))
        return total / norm

    def value(scene: Scene) -> Result:
        gap = expected(scene, real) - expected(scene, fake)
        return jnp.sum(jnp.square(gap)), None, {}

    return Term("feature_matching", value, GENERATOR, (real, fake), weight)


def paired_feature_matching(
    weight: Any = 10.0, *, real: str = "real", fake: str = "fake", answer: str = "features"
) -> Term:
    """weight · Σ over layers of E|f(x) - f(x̂)| / (elements of f), for the generator (Wang et al. 2018, eq. 4).

    Every example of the fake group is the counterpart of that of the real one in the same place. f runs over
    the layers of each discriminator; of several, the mean counts, as in both pix2pixHD's and SPADE's code. The
    former's further factor 4 / (n + 1) is 1 for its n = 3 layers of stride 2.

    Args:
      weight: 10 in both papers.
      real: the group of counterparts.
      fake: the group of what the generator made.
      answer: of the discriminator, which is an array, or a tuple with a tuple of layers for each scale.

    Raises:
      ValueError: if ``weight`` is not a finite number of at least 0.
    """
    check_weight("weight", weight)

    def value(scene: Scene) -> Result:
        features = scene.answer(real, answer)
        gaps = jax.tree.map(lambda x, y: jnp.abs(x - y), features, scene.answer(fake, answer))
        weights = scene.meeting[real].weights
        paid = [mean(gap, weights) for gap in jax.tree.leaves(gaps)]
        scales = len(features) if isinstance(features, tuple) else 1
        return sum(paid[1:], paid[0]) / scales, None, {}

    return Term("feature_matching", value, GENERATOR, (real, fake), weight)
