"""Expectations over Gaussian noise without sampling: nodes are examples, and examples have weights.

Every term of a game is a mean over examples. With Gauss-Hermite nodes as examples and their weights that mean
is an expectation, exact for polynomials up to degree 2n - 1, so that fields, Jacobians and orbits
carry no sampling error.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.augmentation import Augmentation
from jgan.game import Game, count_of, opposed, remade
from jgan.latents import Prior
from jgan.scene import Meeting, Moment


def gauss_hermite(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Nodes ``(count,)`` and weights ``(count,)`` with E g(N(0, 1)) ≈ Σ weights · g(nodes).

    >>> nodes, weights = gauss_hermite(3)
    >>> float((weights * nodes**4).sum().round(12))  # the fourth moment
    3.0
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ValueError(f"count is {count}, but there must be at least 1 node.")
    nodes, weights = np.polynomial.hermite_e.hermegauss(count)
    return nodes, weights / weights.sum()


def weighted(game: Game, weights: np.ndarray | jax.Array) -> Game:
    """The game in which example i of every group counts with ``weights[i]`` in every mean over examples.

    Losses, penalties and all other terms average under the weights, ``(B,)``, whether terms are added
    before or after; only the ratios of the weights matter.

    Raises:
      ValueError: if ``game`` is not a game in which groups of examples meet; when it is played, for losses
        on pairs, whose expectation runs over pairs of examples.
    """
    if not isinstance(game, Game):
        raise ValueError(
            f"weighted was given a {type(game).__name__}, but takes a game of examples: weights belong to "
            "examples, so that they reach every term."
        )
    composition = opposed(game, "weighted")

    def arrange(meeting: Meeting) -> Meeting:
        shares = jnp.asarray(weights)
        for name, own in meeting.groups.items():
            count = count_of(own.values)
            if count != shares.shape[0]:
                raise ValueError(
                    f"the group {name!r} has {count} examples, but there are {shares.shape[0]} weights; "
                    "there must be one for each."
                )
        groups = {name: own._replace(weights=shares) for name, own in meeting.groups.items()}
        return meeting.with_groups(**groups)

    arrangements = (*composition.arrangements, arrange)
    changed = composition._replace(arrangements=arrangements, examples_at_init=weights.shape[0])
    return remade(game, changed)


def exact_noise(sigma: float | jax.Array, nodes: np.ndarray) -> Augmentation:
    """Instance noise at the nodes: example i is shifted by ``sigma · nodes[i]``.

    With `jgan.augmentation.with_augmentation`, a game `weighted` by the nodes' weights and a batch of as
    many equal points, this is the expectation of `jgan.augmentation.instance_noise` in one dimension.
    """

    def augment(key: jax.Array, values: Any, moment: Moment) -> Any:
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
