"""Reconstruction: what a decoder makes of an example's code is to be the example."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jgan.arguments import check_number, check_weight
from jgan.players import GENERATOR
from jgan.scene import Result, Scene, Term, mean

Error = Callable[[jax.Array, jax.Array], jax.Array]
"""``(x, rebuilt) -> (B,)`` or ``(B, ...)``, of which the mean counts."""
Likelihood = Callable[[jax.Array, jax.Array], jax.Array]
"""``(x, decoded) -> log p(x|z)``, ``(B,)`` in nats, summed over the elements of an example."""

SMALLEST_PROBABILITY = 1e-6


def squared(x: jax.Array, rebuilt: jax.Array) -> jax.Array:
    """(x - rebuilt)², element by element."""
    return jnp.square(x - rebuilt)


def absolute(x: jax.Array, rebuilt: jax.Array) -> jax.Array:
    """Mean absolute error over the elements of an example, ``(B,)``: BEGAN's loss (eq. 1, η = 1)."""
    return jnp.mean(jnp.abs(rebuilt - x), axis=tuple(range(1, x.ndim)))


def bernoulli(x: jax.Array, decoded: jax.Array) -> jax.Array:
    """Σ x log p + (1 - x) log(1 - p) with pixels and probabilities in [-1, 1] read as in [0, 1].

    For gray pixels this is the usual cross-entropy, not the logarithm of a density; probabilities are kept
    1e-6 away from 0 and 1.

    >>> log_p = bernoulli(jnp.array([[1.0, -1.0]]), jnp.array([[0.0, 0.5]]))  # 0.5 and 1 - 0.75
    >>> round(float(log_p[0]), 4)  # log(1/8)
    -2.0794
    """
    log = lambda y: jnp.log(jnp.maximum((1 + y) / 2, SMALLEST_PROBABILITY))
    return _total((1 + x) / 2 * log(decoded) + (1 - x) / 2 * log(-decoded))


def gaussian(std: float = 1.0) -> Likelihood:
    """log N(x; decoded, std² I).

    >>> round(float(gaussian(1.0)(jnp.zeros((1, 2)), jnp.zeros((1, 2)))[0]), 4)  # -log(2π)
    -1.8379
    """
    check_number("std", std, above=0)

    def log_p(x: jax.Array, decoded: jax.Array) -> jax.Array:
        constants = math.prod(x.shape[1:]) * jnp.log(2 * jnp.pi * std**2)
        return -0.5 * (_total(jnp.square((x - decoded) / std)) + constants)

    return log_p


def _total(values: jax.Array) -> jax.Array:
    return jnp.sum(values.reshape(values.shape[0], -1), axis=1)


def reconstruction(
    error: Error = squared,
    weight: Any = 1.0,
    *,
    field: str = "image",
    made: str = "rebuilt",
    name: str = "reconstruction",
) -> Term:
    """weight · E error(x, x̃), paid by the generator.

    Args:
      error: `squared`, `absolute`, or minus a likelihood.
      weight: as for `jgan.scene.Term`.
      field: of the batch, x.
      made: the entry of the meeting's ``made`` that holds x̃.
      name: of the term.

    Raises:
      ValueError: if ``weight`` is not a finite number of at least 0.
    """
    check_weight("weight", weight)

    def value(scene: Scene) -> Result:
        return mean(error(scene.batch[field], scene.meeting.made[made])), None, {}

    return Term(name, value, GENERATOR, weight=weight)
