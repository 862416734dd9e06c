"""Krylov-Schur led from the host, for one map after the other: few programs, compiled once for all of them."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.game import PyTree
from jgan.numerics.arpack import NOT_DIFFERENTIABLE, NOT_FINITE
from jgan.numerics.krylov import Krylov, grown, shrunk, started
from jgan.numerics.krylov_schur import rounding_after, stride_of
from jgan.numerics.ordered_schur import restart
from jgan.numerics.selfmap import SelfMap, flat
from jgan.numerics.spectrum import Spectrum, Wanted


class DeviceSolver:
    """Eigenvalues of a family of maps, or of their transposed Jacobians.

    The linearised map and the basis stay on the device; the host sees the small matrix, every few products,
    and the eigenvectors. Programs depend on the map and the size of the basis alone, and not on what is wanted.
    Under `jax.jit` and `jax.vmap` the same is done by `jgan.numerics.krylov_schur.krylov_schur`.

    Args:
      make: ``argument -> map``.
      transposed: of the transposed Jacobians.
    """

    def __init__(self, make: Callable[[PyTree], SelfMap], transposed: bool = False) -> None:
        @jax.jit
        def linear(argument: PyTree) -> tuple[jax.Array, Any]:
            function, point = flat(make(argument))
            with jax.default_matmul_precision("highest"):
                value, product = (jax.vjp if transposed else jax.linearize)(function, point)
            return jnp.isfinite(value).all(), product

        def grow(product: Any, space: Krylov, known: jax.Array, columns: jax.Array) -> Krylov:
            one = (lambda vector: product(vector)[0]) if transposed else product
            with jax.default_matmul_precision("highest"):
                return grown(one, space, known, columns)

        self._linear, self._grown = linear, jax.jit(grow, donate_argnums=1)
        self._shrunk = jax.jit(_precisely(shrunk), donate_argnums=0)
        self._started = jax.jit(started, static_argnums=1)
        self._combined = jax.jit(_precisely(_combined))

    def __call__(
        self,
        argument: PyTree,
        start: jax.Array,
        spare: jax.Array,
        size: int,
        wanted: Wanted,
        each: Callable[[int], None],
    ) -> Spectrum:
        """What is wanted of one map.

        Args:
          argument: of ``make``.
          start: ``(n,)``, the first vector.
          spare: ``(n,)``, a random vector.
          size: number of vectors in the basis.
          wanted: which eigenvalues.
          each: called with the number of products so far.

        Raises:
          ValueError: if the map or its derivative is not finite.
        """
        finite, product = self._linear(argument)
        if not bool(finite):
            raise ValueError(NOT_FINITE)
        space = self._started(start, size, spare)
        eps = float(jnp.finfo(start.dtype).eps)
        known = products = cycles = 0
        while True:
            columns = min(known + stride_of(wanted.count, size), size) if known else size
            space = self._grown(product, space, known, columns)
            products += columns - known
            each(products)
            found = restart(
                np.asarray(space.projected),
                wanted.count,
                wanted.which,
                columns=columns,
                symmetric=wanted.symmetric,
                tolerance=wanted.tolerance,
                eps=rounding_after(cycles, eps),
            )
            known = int(found.kept)
            if found.turned:
                small = [part.astype(start.dtype) for part in (found.rotation, found.projected)]
                space = self._shrunk(space, columns, *small, known)
                cycles += 1
            if found.done or cycles >= wanted.restarts:
                break
        there = np.isfinite(found.real)
        if not there.any():
            raise ValueError(NOT_DIFFERENTIABLE)
        values = (found.real + 1j * found.imaginary)[there]
        rows = space.basis[: wanted.count + 1]
        combined = [
            np.asarray(self._combined(weights[:, there].astype(start.dtype), rows)).T
            for weights in (found.real_weights, found.imaginary_weights)
        ]
        vectors = combined[0] + 1j * combined[1]
        scale = max(float(np.abs(values).max()), float(np.finfo(start.dtype).tiny))
        return Spectrum(
            values.real if wanted.symmetric else values,
            found.residuals[there] / scale,
            combined[0] if wanted.symmetric else vectors,
            products,
            None,
            size,
            found.converged[there],
        )


def _combined(weights: jax.Array, rows: jax.Array) -> jax.Array:
    return weights.T @ rows


def _precisely[**P, T](function: Callable[P, T]) -> Callable[P, T]:
    """A function whose products of matrices are as precise as its numbers."""

    def precise(*args: P.args, **kwargs: P.kwargs) -> T:
        with jax.default_matmul_precision("highest"):
            return function(*args, **kwargs)

    return precise


def first_vectors(point: PyTree, seed: int) -> tuple[jax.Array, jax.Array]:
    """Two random vectors ``(n,)`` of the precision of a point."""
    vector, _ = ravel_pytree(point)
    first, spare = jax.random.normal(jax.random.key(seed), (2, *vector.shape), vector.dtype)
    return first, spare
