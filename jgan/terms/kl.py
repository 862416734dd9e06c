"""The Kullback-Leibler divergence of an encoder's posterior from the standard normal prior."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.arguments import check_weight
from jgan.players import GENERATOR
from jgan.scene import Result, Scene, Term, mean


def divergence(mean: jax.Array, std: jax.Array) -> jax.Array:
    """KL(N(mean, std²) ‖ N(0, I)) in nats, ``(B,)``, for arrays ``(B, d)`` (Kingma & Welling 2014, appendix B).

    >>> float(divergence(jnp.array([[2.0, 0.0]]), jnp.ones((1, 2)))[0])
    2.0
    """
    summands = jnp.square(std) + jnp.square(mean) - 1 - 2 * jnp.log(std)
    return 0.5 * jnp.sum(summands.reshape(summands.shape[0], -1), axis=1)


def kl_divergence(weight: Any = 1.0, *, made: str = "posterior", name: str = "kl") -> Term:
    """weight · E KL(q(z|x) ‖ N(0, I)); the meeting's ``made`` holds q as ``{"mean": (B, d), "std": (B, d)}``.

    Args:
      weight: 1 in the evidence lower bound, β of Higgins et al. 2017.
      made: the entry of ``made`` that holds q.
      name: of the term; the metric ``name`` is weighted.

    Raises:
      ValueError: if ``weight`` is not a finite number of at least 0.
    """
    check_weight("weight", weight)

    def value(scene: Scene) -> Result:
        posterior = scene.meeting.made[made]
        return mean(divergence(posterior["mean"], posterior["std"])), None, {}

    return Term(name, value, GENERATOR, weight=weight)
