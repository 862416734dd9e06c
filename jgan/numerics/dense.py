"""Eigenvalues of maps of at most a few thousand parameters, from the exact Jacobian."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg

from jgan.game import PyTree
from jgan.numerics.selfmap import SelfMap, flat
from jgan.numerics.spectrum import Spectrum, check_which, order_by

DENSE = 1000
"""Parameters up to which all eigenvalues of the exact Jacobian are a matter of seconds."""
CHUNK = 64


def exact_jacobian(self_map: SelfMap) -> np.ndarray:
    """The Jacobian ``(n, n)`` at the point, products at the highest matmul precision, as an array of doubles.

    Rows and columns are in tree order: the discriminator's parameters first.

    Raises:
      ValueError: if the map or its derivative is not finite at the point.
    """
    return jacobian_function(lambda _: self_map)(())


def jacobian_function(make: Callable[[PyTree], SelfMap]) -> Callable[[PyTree], np.ndarray]:
    """``argument -> exact_jacobian(make(argument))`` as one compiled program for arguments of equal shapes.

    Args:
      make: from a pytree of arrays, such as a batch and a key, to the map.
    """

    @jax.jit
    def columns(argument: PyTree) -> tuple[jax.Array, jax.Array]:
        function, point = flat(make(argument))
        chunk = min(CHUNK, point.size)
        # Whole chunks, lest the rest be compiled once more.
        basis = jnp.eye(-(-point.size // chunk) * chunk, point.size, dtype=point.dtype)
        with jax.default_matmul_precision("highest"):
            value, push = jax.linearize(function, point)
            rows = jax.lax.map(push, basis, batch_size=chunk)
        return value, rows[: point.size]

    def jacobian(argument: PyTree) -> np.ndarray:
        value, rows = columns(argument)
        if not bool(jnp.isfinite(value).all()):
            raise ValueError("the map is not finite at this point, so it has no eigenvalues there.")
        matrix = np.asarray(rows, float).T
        if not np.isfinite(matrix).all():
            raise ValueError("the map's derivative is not finite at this point.")
        return matrix

    return jacobian


class Decomposition(NamedTuple):
    """All eigenvalues of a matrix.

    Attributes:
      values: ``(n,)``.
      vectors: ``(n, n)``, unit columns.
      conditions: ``(n,)``, by `condition_numbers`.
      backward: ``(n,)``, the backward errors ‖J v - λ v‖, none smaller than the rounding of the entries.
    """

    values: np.ndarray
    vectors: np.ndarray
    conditions: np.ndarray
    backward: np.ndarray


def decompose(
    matrix: np.ndarray, *, symmetric: bool = False, precision: float = float(np.finfo(float).eps)
) -> Decomposition:
    """All eigenvalues and eigenvectors of a matrix ``(n, n)`` by LAPACK.

    Args:
      matrix: real and square.
      symmetric: only the symmetric part is looked at; condition numbers are 1.
      precision: relative precision of the entries, those of a float32 field being rounded to 1e-7. Times the
        Frobenius norm it is the least backward error that is given.

    Raises:
      ValueError: if the matrix is not square.
    """
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"matrix has the shape {matrix.shape}, but must be square, (n, n).")
    if symmetric:
        values, vectors = np.linalg.eigh(0.5 * (matrix + matrix.T))
        conditions = np.ones(len(matrix))
    else:
        values, left, vectors = scipy.linalg.eig(matrix, left=True, right=True)
        conditions = condition_numbers(left, vectors)
    gaps = np.linalg.norm(matrix @ vectors - vectors * values, axis=0)
    backward = np.maximum(gaps, precision * np.linalg.norm(matrix))
    return Decomposition(values, vectors, conditions, backward)


def leading_of(found: Decomposition, count: int, which: str = "modulus") -> Spectrum:
    """The ``count`` leading eigenvalues of a decomposed matrix, by a key of `jgan.numerics.spectrum.WHICH`.

    A conjugate pair is not broken: one more may come.

    Raises:
      ValueError: if ``which`` is unknown or ``count`` not in [1, n].
    """
    check_which(which)
    size = len(found.values)
    if not 1 <= count <= size:
        raise ValueError(f"count is {count}, but must lie in [1, {size}] for {size} parameters.")
    order = order_by(which, found.values)
    if count < size and not np.any(
        found.values[order[:count]] == found.values[order[count - 1]].conj()
    ):
        count += 1  # a pair is not broken
    chosen = order[:count]
    values = found.values[chosen]
    scale = max(float(np.abs(values).max()), np.finfo(float).tiny)
    vectors, conditions = found.vectors[:, chosen], found.conditions[chosen]
    return Spectrum(values, found.backward[chosen] / scale, vectors, size, conditions)


def condition_numbers(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """1/abs(yᴴx) of unit left and right eigenvectors, columns ``(n, k)``: how far an eigenvalue may move.

    A perturbation of the matrix of norm e moves a simple eigenvalue by at most e times its condition number,
    to first order. It is 1 for normal matrices and infinite for a defective eigenvalue.

    >>> condition_numbers(np.array([[1.0], [0.0]]), np.array([[0.6], [0.8]])).round(4).tolist()
    [1.6667]
    """
    products = np.abs(np.einsum("nk,nk->k", left.conj(), right))
    norms = np.linalg.norm(left, axis=0) * np.linalg.norm(right, axis=0)
    with np.errstate(divide="ignore"):
        return np.maximum(norms / products, 1.0)
