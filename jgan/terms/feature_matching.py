"""Feature matching: the generator aims at the mean features of the data."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.arguments import check_weight
from jgan.batch_axis import whole_mean
from jgan.players import GENERATOR
from jgan.scene import Result, Scene, Term


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
