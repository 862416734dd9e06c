"""Classification: what a player pays for classes that the discriminator names wrongly."""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from jgan.arguments import check_weight
from jgan.players import DISCRIMINATOR, Metrics
from jgan.scene import Result, Scene, Term, mean


def classification(
    *groups: str,
    player: str = DISCRIMINATOR,
    weight: Any = 1.0,
    answer: str = "class",
    name: str = "classification",
    log: bool = True,
) -> Term:
    """weight · Σ over groups of E -log p(c|x), c being the group's condition (Odena et al. 2017, eq. 3).

    Args:
      *groups: whose examples are classified.
      player: who pays.
      weight: as for `jgan.scene.Term`; a negative one pays for classes that are named rightly.
      answer: the discriminator's logits of the classes, ``(B, K)`` for labels ``(B,)``; for label vectors
        ``(B, A)`` of zeros and ones, one logit for each attribute.
      name: of the term.
      log: whether to log the accuracy: ``class_accuracy`` of the first group, ``fake_class_accuracy`` and
        so on, by the group's name, of the others.

    Raises:
      ValueError: if ``weight`` is not a finite number.
    """
    check_weight("weight", weight, least=None)

    def value(scene: Scene) -> Result:
        losses: list[jax.Array] = []
        metrics: Metrics = {}
        for number, group in enumerate(groups):
            inputs = scene.meeting[group]
            logits = scene.answer(group, answer)
            losses.append(mean(log_losses(logits, inputs.condition), inputs.weights))
            if log:
                prefix = f"{group}_" if number else ""
                metrics |= _accuracy(f"{prefix}{answer}_accuracy", logits, inputs.condition)
        return sum(losses[1:], losses[0]), None, metrics

    return Term(name, value, player, groups, weight)


def log_losses(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """-log p of labels ``(B,)``, or of the attributes of label vectors ``(B, A)``, ``(B,)``.

    A label outside of the K classes has no probability and costs NaN.
    """
    if labels.ndim == 1:
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
        return jnp.where((labels >= 0) & (labels < logits.shape[-1]), losses, jnp.nan)
    targets = labels.astype(logits.dtype)
    return jnp.sum(optax.sigmoid_binary_cross_entropy(logits, targets), axis=1)


def _accuracy(name: str, logits: jax.Array, labels: jax.Array) -> Metrics:
    if labels.ndim == 1:
        return {name: jnp.mean(jnp.argmax(logits, axis=-1) == labels)}
    return {name: jnp.mean((logits > 0) == (labels > 0))}
