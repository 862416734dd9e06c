"""Expectations over Gaussian noise without sampling: nodes are examples, weights go into the loss.

A game reduces its loss by the mean over the batch. Gauss-Hermite nodes with weights that sum to the
number of nodes, multiplied into the per-example loss, turn that mean into an expectation that is exact
for polynomials up to degree 2n - 1, so that fields, Jacobians and orbits carry no sampling error.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.augmentation import Augmentation
from jgan.latents import Prior
from jgan.losses import Loss


def gauss_hermite(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Nodes ``(count,)`` and weights ``(count,)`` with E g(N(0, 1)) ≈ Σ weights · g(nodes).

    >>> nodes, weights = gauss_hermite(3)
    >>> float((weights * nodes**4).sum().round(12))  # the fourth moment
    3.0
    """
    if count < 1:
        raise ValueError(f"count is {count}, but there must be at least 1 node.")
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / weights.sum()


def weighted(loss: Loss, weights: np.ndarray | jax.Array) -> Loss:
    """The loss whose mean over the batch is the average under ``weights`` ``(B,)``, which sum to 1.

    Raises:
      ValueError: for losses on pairs, whose expectation runs over pairs of examples.
    """
    if loss.terms is None:
        raise ValueError(
            "weighted was given a loss on pairs, which averages over pairs of examples; "
            "use a loss with separate terms for real and fake, such as non_saturating."
        )
    scale = weights.shape[0] * weights
    on_real, on_fake = loss.terms
    return Loss(
        discriminator=lambda real, fake: _as(scale, real) * loss.discriminator(real, fake),
        generator=lambda real, fake: _as(scale, fake) * loss.generator(real, fake),
        terms=(lambda r: _as(scale, r) * on_real(r), lambda f: _as(scale, f) * on_fake(f)),
        labels=loss.labels,
    )


def exact_noise(sigma: float | jax.Array, nodes: np.ndarray) -> Augmentation:
    """Instance noise at the nodes: example i is shifted by ``sigma · nodes[i]``.

    With `jgan.augmentation.with_augmentation`, a loss `weighted` by the nodes' weights and a batch of as
    many equal points, this is the expectation of `jgan.augmentation.instance_noise` in one dimension.
    """

    def augment(key: jax.Array, values: Any, step: jax.Array) -> Any:
        return jax.tree.map(lambda x: x + sigma * _as(nodes, x).reshape(-1, 1), values)

    return augment


def fixed_latents(nodes: np.ndarray) -> Prior:
    """The prior that always gives ``nodes`` as ``(count, 1)`` latents; ``count`` must be their number."""

    def prior(key: jax.Array, count: int) -> jax.Array:
        if count != nodes.shape[0]:
            raise ValueError(
                f"the batch has {count} examples, but must have {nodes.shape[0]}, one for each node."
            )
        return jnp.asarray(nodes, jnp.result_type(float)).reshape(-1, 1)

    return prior


def _as(values: Any, like: jax.Array) -> jax.Array:
    return jnp.asarray(values, like.dtype)
