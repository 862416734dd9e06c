"""Leading eigenvalues of large maps on the device: Krylov-Schur over pytrees, for ``jit`` and ``vmap``."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.arguments import check_count, check_number
from jgan.game import PyTree
from jgan.numerics.krylov import ROUNDING, Krylov, grown, shrunk, started
from jgan.numerics.ordered_schur import Restart, restart
from jgan.numerics.selfmap import SelfMap, flat
from jgan.numerics.spectrum import check_which

LEAST = 24
"""Vectors that a basis has at least, if it may."""
SMALLEST = 3
"""Parameters below which there is nothing left to project on."""


class RitzPairs(NamedTuple):
    """Eigenvalues and eigenvectors as Krylov-Schur leaves them, k of them or k + 1.

    Conjugate pairs are not broken: the last entry completes one, and is NaN where none needs it.

    Attributes:
      values: ``(k + 1,)``, complex, leading first.
      vectors: a pytree like the map's point, complex, with a leading axis k + 1: unit eigenvectors.
      residuals: ``(k + 1,)``, ‖J x - λ x‖ by the Krylov decomposition, rounding included.
      converged: ``(k + 1,)``, whether the residual is within the tolerance.
      products: how many products with the Jacobian were made.
      value_is_finite: whether the map is finite at its point.
    """

    values: jax.Array
    vectors: PyTree
    residuals: jax.Array
    converged: jax.Array
    products: jax.Array
    value_is_finite: jax.Array


def krylov_schur(
    self_map: SelfMap,
    count: int,
    key: jax.Array,
    *,
    which: str = "modulus",
    symmetric: bool = False,
    transposed: bool = False,
    tolerance: float = 1e-6,
    basis: int | None = None,
    restarts: int = 100,
    start: PyTree | None = None,
) -> RitzPairs:
    """The ``count`` leading eigenvalues of the Jacobian, without forming it (Stewart 2001).

    An Arnoldi basis of ``basis`` vectors stays on the device, in the point's precision. Every few products its
    small projected matrix, ``(basis + 1, basis)``, goes to the host for an ordered Schur form in double
    precision, by which convergence is seen before the basis is full. The map is linearised once. Under
    `jax.vmap`, over the variables of several checkpoints or the batches of several seeds, all are solved side
    by side, each until it has converged, so that memory is that of all bases.

    Args:
      self_map: of n parameters, n > count + 1.
      count: k.
      key: of the first vector, and of those that follow where a Krylov space is exhausted.
      which: a key of `jgan.numerics.spectrum.WHICH`.
      symmetric: the Jacobian is symmetric.
      transposed: of the transposed Jacobian, whose eigenvectors are the conjugate left ones.
      tolerance: residual that is asked for, relative to an eigenvalue's modulus.
      basis: number of vectors, from count + 3 to n; by default ``max(2 count + 1, 24)``.
      restarts: how often the basis is filled at most.
      start: the first vector, like the point; drawn from ``key`` by default.

    Raises:
      ValueError: if a setting is out of range.
    """
    check_which(which)
    check_number("tolerance", tolerance, least=0, below=1)
    check_count("restarts", restarts)
    function, point = flat(self_map)
    size = basis_size(count, point.size, basis)
    with jax.default_matmul_precision("highest"):
        if transposed:
            value, pullback = jax.vjp(function, point)
            product = lambda vector: pullback(vector)[0]
        else:
            value, product = jax.linearize(function, point)
        vector, spare = jax.random.normal(key, (2, *point.shape), point.dtype)
        if start is not None:
            vector = ravel_pytree(start)[0].astype(point.dtype)
        eps = float(jnp.finfo(point.dtype).eps)

        def small(matrix: np.ndarray, columns: int, cycles: int) -> Restart:
            return restart(
                matrix,
                count,
                which,
                columns=columns,
                symmetric=symmetric,
                tolerance=tolerance,
                eps=rounding_after(cycles, eps),
            )

        def cycle(state: "_State") -> "_State":
            known = state.found.kept
            later = jnp.minimum(known + stride_of(count, size), size)
            columns = jnp.where(known == 0, size, later)
            space = grown(product, state.space, known, columns)
            products = state.products + columns - known
            found = _on_the_host(small, space.projected, columns, state.cycles, count)
            space = jax.lax.cond(
                found.turned,
                lambda: shrunk(space, columns, found.rotation, found.projected, found.kept),
                lambda: space,
            )
            return _State(space, found, products, state.cycles + found.turned)

        none = jax.tree.map(
            lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), _shapes(size, count, point.dtype)
        )
        nought = jnp.zeros((), jnp.int32)
        final = jax.lax.while_loop(
            lambda state: ~state.found.done & (state.cycles < restarts),
            cycle,
            _State(started(vector, size, spare), none, nought, nought),
        )
        found, rows = final.found, final.space.basis[: count + 1]
        # A complex matrix times a real one, as two real products.
        vectors = jax.lax.complex(found.real_weights.T @ rows, found.imaginary_weights.T @ rows)
    return RitzPairs(
        jax.lax.complex(found.real, found.imaginary),
        _as_trees(self_map.point, vectors),
        found.residuals,
        found.converged,
        final.products,
        jnp.isfinite(value).all(),
    )


class _State(NamedTuple):
    space: Krylov
    found: Restart
    products: jax.Array
    cycles: jax.Array


def stride_of(count: int, size: int) -> int:
    """Products between two looks at the eigenvalues, after the first one, which is at a full basis.

    A space that is too small is not believed; later ones hold what was kept of full ones.
    """
    return max((size - count) // 4, 1)


def rounding_after(cycles: int, eps: float) -> float:
    """To what J V = V H is known, relative to J: every rotation of the basis adds a rounding error."""
    return eps * (ROUNDING + cycles)


def basis_size(count: int, size: int, basis: int | None = None) -> int:
    """The number of vectors that a solver keeps for ``count`` eigenvalues of a map of ``size`` parameters.

    Raises:
      ValueError: if one of them is out of range.

    >>> basis_size(10, 1000), basis_size(3, 1000), basis_size(3, 12)
    (24, 24, 12)
    """
    check_count("count", count)
    if size < SMALLEST:
        raise ValueError(
            f"the map has {size} parameter{'s' * (size > 1)}, but the eigen-solver needs at least "
            f"{SMALLEST}; use jgan.numerics.eigen.eigenvalues, which solves the exact Jacobian."
        )
    if count > size - 2:
        raise ValueError(
            f"count is {count}, but must lie in [1, {size - 2}] for {size} parameters."
        )
    if basis is None:
        return min(max(2 * count + 1, LEAST), size)
    if min(basis, size) < min(count + 3, size):
        raise ValueError(
            f"basis is {basis}, but must be at least {count + 3}, 3 more than the eigenvalues asked for."
        )
    return min(basis, size)


def _shapes(size: int, count: int, dtype: Any) -> Restart:
    """What a restart returns, on the device."""
    shape = jax.ShapeDtypeStruct
    entries, square = shape((count + 1,), dtype), shape((count + 1, count + 1), dtype)
    return Restart(
        shape((size, size), dtype),
        shape((size + 1, size), dtype),
        shape((), jnp.int32),
        entries,
        entries,
        entries,
        shape((count + 1,), jnp.bool_),
        square,
        square,
        shape((), jnp.bool_),
        shape((), jnp.bool_),
    )


def _on_the_host(
    small: Callable[[np.ndarray, int, int], Restart],
    projected: jax.Array,
    columns: jax.Array,
    cycles: jax.Array,
    count: int,
) -> Restart:
    """A restart by LAPACK on the host; under ``vmap`` one call serves all members.

    Floats travel as bits: a callback may run in a thread in which ``jax_enable_x64`` is off, where doubles
    would be cut.
    """
    dtype, shapes = projected.dtype, _shapes(projected.shape[1], count, projected.dtype)
    leaves, structure = jax.tree.flatten(shapes)
    sizes = [int(np.prod(leaf.shape)) for leaf in leaves]
    words = dtype.itemsize // 4

    def packed(matrix: np.ndarray, columns: int, cycles: int) -> np.ndarray:
        found = jax.tree.leaves(small(matrix, columns, cycles))
        return np.concatenate([np.ravel(leaf).astype(dtype) for leaf in found]).view(np.uint32)

    def restarts(bits: Any, numbers: Any) -> np.ndarray:
        numbers = np.asarray(numbers)
        matrices = np.ascontiguousarray(bits).view(dtype).reshape(-1, *projected.shape)
        rows = [
            packed(*one) for one in zip(matrices, *numbers.reshape(-1, 2).T.tolist(), strict=True)
        ]
        return np.stack(rows).reshape(*numbers.shape[:-1], -1)

    bits = jax.pure_callback(
        restarts,
        jax.ShapeDtypeStruct((sum(sizes) * words,), jnp.uint32),
        jax.lax.bitcast_convert_type(projected, jnp.uint32),
        jnp.stack([columns, cycles]).astype(jnp.int32),
        vmap_method="broadcast_all",
    )
    whole = jax.lax.bitcast_convert_type(bits.reshape(-1, words) if words > 1 else bits, dtype)
    parts = jnp.split(whole, np.cumsum(sizes)[:-1])
    return jax.tree.unflatten(
        structure,
        [
            part.reshape(leaf.shape).astype(leaf.dtype)
            for part, leaf in zip(parts, leaves, strict=True)
        ],
    )


def _as_trees(point: PyTree, rows: jax.Array) -> PyTree:
    """Vectors ``(k, n)`` in tree order as a pytree like the point with a leading axis."""
    leaves, structure = jax.tree.flatten(point)
    ends = np.cumsum([np.size(leaf) for leaf in leaves])[:-1]
    parts = jnp.split(rows, ends, axis=1)
    return jax.tree.unflatten(
        structure,
        [
            part.reshape(len(rows), *np.shape(leaf))
            for part, leaf in zip(parts, leaves, strict=True)
        ],
    )
