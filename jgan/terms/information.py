"""Information: a bound on how much of a code can be read back from an example."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jgan.arguments import check_weight
from jgan.scene import Result, Scene, Term, mean

Split = Callable[[jax.Array], tuple[jax.Array, jax.Array]]
"""From latents, or from what Q says of examples, to the categorical part ``(B, K)`` and the rest ``(B, C)``."""


def information(
    split: Split, player: str, weight: Any = 1.0, *, group: str = "fake", answer: str = "code"
) -> Term:
    """-weight · (L_I - H(c)), the variational bound on the information of code and example (Chen et al. 2016).

    L_I = E log Q(c|G(z, c)) + H(c) (eq. 5). Continuous codes have Gaussian Q of standard deviation 1, up to
    constants (c - μ)²/2.

    Args:
      split: of the latent and of Q's answer.
      player: who pays.
      weight: λ.
      group: the examples that were made from the latents.
      answer: Q, the discriminator's logits and means.

    Metrics: ``bound``, L_I of the categorical code in nats (at most log K), and ``code_error``, the mean of
    (c - μ)² (1/3 for the best constant of U(-1, 1)).

    Raises:
      ValueError: if ``weight`` is not a finite number of at least 0.
    """
    check_weight("weight", weight)

    def value(scene: Scene) -> Result:
        category, continuous = split(scene.latent)
        logits, means = split(scene.answer(group, answer))
        weights = scene.meeting[group].weights
        likelihood = mean(jnp.sum(category * jax.nn.log_softmax(logits), axis=1), weights)
        errors = jnp.square(continuous - means)
        metrics = {"bound": jnp.log(float(category.shape[1])) + likelihood}
        if continuous.shape[1]:
            metrics["code_error"] = mean(errors, weights)
        return 0.5 * mean(jnp.sum(errors, axis=1), weights) - likelihood, None, metrics

    return Term("information", value, player, (group,), weight)
