"""The noise of batches in a field: how large it is, in what directions it lies, and the signal beside it."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.arguments import check_count
from jgan.game import PyTree
from jgan.numerics.chunks import mean_over
from jgan.numerics.leading import EigenSolver
from jgan.numerics.sampled import Motion
from jgan.numerics.selfmap import SelfMap, check_like
from jgan.numerics.spectrum import Spectrum

KEPT = 2**25
"""Numbers, batches times parameters, up to which the fields of all batches are kept at once."""

Make = Callable[[PyTree], SelfMap]
"""From a batch to a field, as for `jgan.numerics.chunks.mean_over`."""


class Moments(NamedTuple):
    """The mean of a field over c batches, and how long the field is at each of them.

    Attributes:
      mean: a pytree like the field's point.
      squares: a tree like it with leaves ``(c,)``: squared lengths of that leaf of the field at each batch.
      along: likewise, inner products with the leaf's mean.
    """

    mean: PyTree
    squares: PyTree
    along: PyTree

    def motion(self, player: str | None = None) -> Motion:
        """Signal and noise of the field, or of one player's part of it."""
        parts = (self.squares, self.along)
        if player is not None:
            parts = (self.squares[player], self.along[player])
        return Motion(
            *(
                np.sum([np.asarray(x, float) for x in jax.tree.leaves(part)], axis=0)
                for part in parts
            )
        )


class GradientNoise(NamedTuple):
    """How much a field of n parameters differs between c batches of equal size.

    Attributes:
      moments: the mean field, and signal and noise of each of its leaves.
      covariance: leading eigenvalues and eigenvectors of the covariance of one batch's field.
    """

    moments: Moments
    covariance: Spectrum

    @property
    def trace(self) -> float:
        """Of the covariance: the mean squared distance of a batch's field from that of all batches."""
        return self.moments.motion().noise


def field_moments(make: Make, arguments: PyTree) -> Moments:
    """The moments of a field over the batches of a leading axis, in two passes and the memory of one batch.

    Args:
      make: from a batch to a field.
      arguments: a pytree whose leaves have a leading axis of length c, at least 2.

    Raises:
      ValueError: if there are fewer than 2 batches.
    """
    _check_batches(arguments)

    @jax.jit
    def both(arguments: PyTree) -> Moments:
        whole = mean_over(make, arguments)
        mean = whole.function(whole.point)

        def lengths(argument: PyTree) -> tuple[PyTree, PyTree]:
            value = _value(make, argument)
            with jax.default_matmul_precision("highest"):
                return jax.tree.map(jnp.vdot, value, value), jax.tree.map(jnp.vdot, value, mean)

        return Moments(mean, *jax.lax.map(lengths, arguments))

    return both(arguments)


def covariance(make: Make, arguments: PyTree, mean: PyTree) -> SelfMap:
    """The covariance of a field over batches, as a linear map on pytrees: matrix-free, in one batch's memory.

    A product computes the field of every batch once. Leading eigenvalues are found by
    `jgan.numerics.leading.leading_eigenvalues` with ``symmetric=True``.

    Args:
      make: from a batch to a field.
      arguments: a pytree whose leaves have a leading axis of length c, at least 2.
      mean: of the field over the batches (`field_moments`).

    Raises:
      ValueError: if there are fewer than 2 batches, or ``mean`` is not like the field's point.

    >>> fields = jnp.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 0.0]])
    >>> own = covariance(lambda row: SelfMap(lambda x: row, jnp.zeros(2)), fields, jnp.zeros(2))
    >>> own.function(jnp.array([3.0, 5.0])).tolist()
    [3.0, 0.0]
    """
    count = _check_batches(arguments)
    check_like("mean", mean, make(jax.tree.map(lambda leaf: leaf[0], arguments)).point)

    def function(vector: PyTree) -> PyTree:
        @jax.checkpoint
        def part(vector: PyTree, argument: PyTree) -> PyTree:
            away = jax.tree.map(jnp.subtract, _value(make, argument), mean)
            inner = sum(jax.tree.leaves(jax.tree.map(jnp.vdot, away, vector)))
            return jax.tree.map(lambda leaf: inner * leaf, away)

        def add(total: PyTree, argument: PyTree) -> tuple[PyTree, None]:
            return jax.tree.map(jnp.add, total, part(vector, argument)), None

        total, _ = jax.lax.scan(add, jax.tree.map(jnp.zeros_like, vector), arguments)
        return jax.tree.map(lambda leaf: leaf / (count - 1), total)

    return SelfMap(function, jax.tree.map(jnp.zeros_like, mean))


def gradient_noise(
    make: Make,
    arguments: PyTree,
    count: int = 3,
    *,
    kept: int = KEPT,
    tolerance: float = 1e-4,
    each: Callable[[int], None] = lambda products: None,
) -> GradientNoise:
    """The noise of a field over the batches of a leading axis.

    Args:
      make: from a batch to a field.
      arguments: a pytree whose leaves have a leading axis of length c, at least 2.
      count: eigenvalues of the covariance that are looked for; there are c - 1 at most that are not 0.
      kept: numbers up to which all fields are kept at once, so that they are computed once and the eigenvalues
        are exact; else every product computes them anew (`covariance`).
      tolerance: relative residual of the matrix-free eigenvalues.
      each: called with the number of products so far.

    Raises:
      ValueError: if there are fewer than 2 batches, or no eigenvalue is found.
    """
    check_count("count", count)
    moments = field_moments(make, arguments)
    number = _check_batches(arguments)
    size = sum(leaf.size for leaf in jax.tree.leaves(moments.mean))
    count = min(count, number - 1, size)
    if number * size <= kept:
        return GradientNoise(moments, _exact(make, arguments, count))
    solver = EigenSolver(
        lambda both: covariance(make, *both), symmetric=True, tolerance=tolerance, each=each
    )
    return GradientNoise(
        moments, solver.leading((arguments, moments.mean), count, "modulus", conditions=True)
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


def _check_batches(arguments: PyTree) -> int:
    count = int(jax.tree.leaves(arguments)[0].shape[0])
    check_count("the number of batches", count, 2)
    return count


def _value(make: Make, argument: PyTree) -> PyTree:
    here = make(argument)
    return here.function(here.point)


def _exact(make: Make, arguments: PyTree, count: int) -> Spectrum:
    """From the small matrix of inner products of all fields, which has the eigenvalues of the covariance."""

    @jax.jit
    def fields(arguments: PyTree) -> jax.Array:
        return jax.lax.map(lambda argument: ravel_pytree(_value(make, argument))[0], arguments)

    found = np.asarray(fields(arguments), float)
    rows = found - found.mean(axis=0)
    values, vectors = np.linalg.eigh(rows @ rows.T / (len(rows) - 1))
    values, vectors = np.maximum(values[::-1][:count], 0.0), vectors[:, ::-1][:, :count]
    directions = rows.T @ vectors
    lengths = np.linalg.norm(directions, axis=0)
    directions /= np.where(lengths > 0, lengths, 1.0)
    gaps = rows.T @ (rows @ directions) / (len(rows) - 1) - values * directions
    scale = max(float(values.max()), np.finfo(float).tiny)
    residuals = np.linalg.norm(gaps, axis=0) / scale
    return Spectrum(values, residuals, directions, len(rows), np.ones(count))
