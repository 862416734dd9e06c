"""The noise of batches in a field: how large it is, in what directions it lies, and the signal beside it."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.arguments import check_count
from jgan.game import PyTree
from jgan.numerics.sampled import Motion
from jgan.numerics.selfmap import SelfMap


class GradientNoise(NamedTuple):
    """How much a field of n parameters differs between c batches of equal size.

    Attributes:
      mean: ``(n,)``, the mean field, in tree order.
      motion: the fields' inner products, with signal, noise and their ratio.
      eigenvalues: of the covariance of one batch's field, ``(c - 1,)``, the largest first.
      directions: ``(n, c - 1)``, its unit eigenvectors.
    """

    mean: np.ndarray
    motion: Motion
    eigenvalues: np.ndarray
    directions: np.ndarray


def gradient_noise(make: Callable[[PyTree], SelfMap], arguments: PyTree) -> GradientNoise:
    """The noise of a field over the batches of a leading axis.

    All c fields are kept, c times n numbers; they are computed one after the other.

    Args:
      make: from a batch to a field, as for `jgan.numerics.chunks.mean_over`.
      arguments: a pytree whose leaves have a leading axis of length c, at least 2.

    Raises:
      ValueError: if there are fewer than 2 batches.
    """
    count = jax.tree.leaves(arguments)[0].shape[0]
    check_count("the number of batches", count, 2)

    @jax.jit
    def fields(arguments: PyTree) -> jax.Array:
        def one(argument: PyTree) -> jax.Array:
            here = make(argument)
            return ravel_pytree(here.function(here.point))[0]

        return jax.lax.map(one, arguments)

    rows = np.asarray(fields(arguments), float)
    mean = rows.mean(axis=0)
    centred = rows - mean
    # The covariance has the eigenvalues of the small matrix of inner products.
    values, vectors = np.linalg.eigh(centred @ centred.T / (count - 1))
    values, vectors = values[::-1][: count - 1], vectors[:, ::-1][:, : count - 1]
    directions = centred.T @ vectors
    lengths = np.linalg.norm(directions, axis=0)
    return GradientNoise(
        mean,
        Motion(rows @ rows.T),
        np.maximum(values, 0.0),
        directions / np.where(lengths > 0, lengths, 1.0),
    )


def alignment(direction: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """The share of a vector's squared length that lies along each of ``(n, k)`` vectors, ``(k,)``.

    A complex vector stands for the plane of its real and its imaginary part.

    Args:
      direction: ``(n,)``, such as a mean field.
      vectors: such as eigenvectors.

    >>> alignment(np.array([3.0, 4.0, 0.0]), np.eye(3)).round(2).tolist()
    [0.36, 0.64, 0.0]
    """
    square = float(direction @ direction)
    shares = []
    for vector in vectors.T:
        planes = np.linalg.svd(np.stack([vector.real, vector.imag], axis=1), full_matrices=False)
        axes = planes.U[:, 1e-8 * planes.S[0] < planes.S]
        shares.append(float(np.sum((axes.T @ direction) ** 2)) / square if square > 0 else 0.0)
    return np.array(shares)
