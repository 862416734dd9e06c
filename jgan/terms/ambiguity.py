"""Style ambiguity: the generator wants the discriminator to be unable to name the class."""

import math
from typing import Any, Literal

import jax
import jax.numpy as jnp

from jgan.arguments import check_weight
from jgan.players import GENERATOR
from jgan.scene import Result, Scene, Term, mean

Ambiguity = Literal["binary", "uniform"]
SMALLEST_PROBABILITY = 1e-6


def ambiguity(logits: jax.Array, kind: Ambiguity = "binary") -> jax.Array:
    """How far D_c is from not knowing the class, ``(B, K)`` logits to ``(B,)``; least where p = 1/K.

    "binary" is the paper's -Σ_k (1/K) log p_k + (1 - 1/K) log(1 - p_k) (Elgammal et al. 2017, eq. 2, for
    minimisation), with p = softmax and 1 - p kept above 1e-6; "uniform" the cross-entropy of the uniform
    distribution with p, -Σ_k (1/K) log p_k, of many codes, whose minimum is log K.

    Raises:
      ValueError: if ``kind`` is neither.

    >>> round(float(ambiguity(jnp.zeros((1, 4)), "uniform")[0]), 5)  # log 4
    1.38629
    """
    log_p = jax.nn.log_softmax(logits)
    uniform = -jnp.mean(log_p, axis=1)
    if kind == "uniform":
        return uniform
    if kind != "binary":
        raise ValueError(f"kind is {kind!r}, but must be binary or uniform.")
    rest = jnp.log(jnp.maximum(-jnp.expm1(log_p), SMALLEST_PROBABILITY))
    return uniform - (1 - 1 / logits.shape[1]) * jnp.sum(rest, axis=1)


def entropy(logits: jax.Array) -> jax.Array:
    """Entropy in nats of the softmax of logits ``(B, K)``, ``(B,)``.

    >>> round(float(entropy(jnp.zeros((1, 4)))[0]), 5)  # log 4
    1.38629
    """
    log_p = jax.nn.log_softmax(logits)
    return -jnp.sum(jnp.exp(log_p) * log_p, axis=1)


def style_ambiguity(
    weight: Any = 1.0, kind: Ambiguity = "binary", *, group: str = "fake", answer: str = "class"
) -> Term:
    """weight · E `ambiguity` of the classes of a group, paid by the generator (Elgammal et al. 2017, eq. 2).

    Metrics: ``ambiguity``, the weighted term, and ``entropy`` of the classes as a share of log K.

    Raises:
      ValueError: if ``weight`` is not a finite number of at least 0.
    """
    check_weight("weight", weight)

    def value(scene: Scene) -> Result:
        logits, weights = scene.answer(group, answer), scene.meeting[group].weights
        share = mean(entropy(logits), weights) / math.log(logits.shape[1])
        return mean(ambiguity(logits, kind), weights), None, {"entropy": share}

    return Term("ambiguity", value, GENERATOR, (group,), weight)
