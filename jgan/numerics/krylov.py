"""Krylov spaces on the device: an orthonormal basis that grows by products and shrinks by a rotation."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

Product = Callable[[jax.Array], jax.Array]
"""A linear map of vectors ``(n,)``."""
ROUNDING = 10.0
"""What is left of a vector beside a basis counts as nothing below so many rounding errors of its length."""


class Krylov(NamedTuple):
    """A Krylov decomposition J Vᵀ = Vᵀ H, with one vector more in V than H has columns (Stewart 2001).

    Attributes:
      basis: V, ``(m + 1, n)``: orthonormal rows, those that are not yet known being 0.
      projected: H, ``(m + 1, m)``; the columns that are not yet known are 0.
      spare: ``(n,)``, a random vector: where the space is exhausted it goes on from there.
    """

    basis: jax.Array
    projected: jax.Array
    spare: jax.Array


def started(start: jax.Array, size: int, spare: jax.Array) -> Krylov:
    """The space that has only its first vector.

    Args:
      start: ``(n,)``; one of length 0 is replaced by the spare one.
      size: m, at most n.
      spare: ``(n,)``, drawn at random.
    """
    first = jnp.where(jnp.linalg.norm(start) > 0, start, spare)
    basis = jnp.zeros((size + 1, start.size), start.dtype).at[0].set(_unit(first))
    return Krylov(basis, jnp.zeros((size + 1, size), start.dtype), spare)


def grown(
    product: Product, space: Krylov, known: jax.Array | int, size: jax.Array | int | None = None
) -> Krylov:
    """The space with more of its vectors: Arnoldi's method.

    Every vector is made orthogonal to all others twice, which is as good as always. Where nothing is left of
    it the space is invariant; H gets a 0 and the space goes on in a random direction, by which eigenvalues
    of any multiplicity are found.

    Args:
      product: with the Jacobian; called once for each vector.
      space: by `started`, `grown` or `shrunk`.
      known: number of known columns of H.
      size: number that shall be known; all by default.
    """
    eps = float(jnp.finfo(space.basis.dtype).eps)

    def step(column: jax.Array, space: Krylov) -> Krylov:
        basis, projected, spare = space
        image = product(basis[column])
        parts, rest = _beside(basis, image)
        length = jnp.linalg.norm(rest)
        exhausted = length <= ROUNDING * eps * jnp.linalg.norm(image)

        def elsewhere() -> jax.Array:
            other = jnp.roll(spare, column)  # another one every time, without drawing anew
            return _beside(basis, _unit(_beside(basis, other)[1]))[1]

        following = jax.lax.cond(exhausted, elsewhere, lambda: rest)
        parts = parts.at[column + 1].set(jnp.where(exhausted, 0.0, length))
        return Krylov(
            basis.at[column + 1].set(_unit(following)), projected.at[:, column].set(parts), spare
        )

    columns = space.projected.shape[1]
    return jax.lax.fori_loop(known, columns if size is None else size, step, space)


def shrunk(
    space: Krylov, size: jax.Array, rotation: jax.Array, projected: jax.Array, kept: jax.Array
) -> Krylov:
    """The space that the first ``kept`` columns of a rotation span, followed by the last vector.

    Args:
      space: of which ``size`` columns are known.
      size: their number.
      rotation: ``(m, m)``, orthogonal columns, those beyond ``kept`` being 0.
      projected: H of the new space, ``(m + 1, m)``.
      kept: number of vectors.
    """
    rows = rotation.T @ space.basis[:-1]
    basis = jnp.concatenate([rows, jnp.zeros_like(space.basis[:1])])
    spare = jnp.roll(space.spare, len(rows))
    return Krylov(basis.at[kept].set(space.basis[size]), projected, spare)


def _beside(basis: jax.Array, vector: jax.Array) -> tuple[jax.Array, jax.Array]:
    """A vector's components ``(m + 1,)`` along a basis, and what is left of it."""
    parts = basis @ vector
    rest = vector - parts @ basis
    more = basis @ rest
    return parts + more, rest - more @ basis


def _unit(vector: jax.Array) -> jax.Array:
    length = jnp.linalg.norm(vector)
    return vector / jnp.where(length > 0, length, 1.0)
