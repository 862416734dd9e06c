"""Leading eigenvalues of large maps with their errors, by Krylov-Schur or ARPACK, without the Jacobian."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.arguments import check_count, check_number
from jgan.game import PyTree
from jgan.numerics.arpack import NOT_DIFFERENTIABLE, NOT_FINITE, NotConverged, arpack
from jgan.numerics.krylov_schur import RitzPairs, basis_size, krylov_schur
from jgan.numerics.selfmap import SelfMap
from jgan.numerics.spectrum import Spectrum, check_which

SOLVERS = ("krylov-schur", "arpack")
GROWTH = (1, 2, 4)
"""Factors of the basis that are tried one after the other where none is asked for."""
ROUGH = 1e-3
"""Residual that is enough for left eigenvectors, whose only use is the size of a condition number."""
Solver = Callable[[PyTree], Spectrum]
"""``argument -> Spectrum``, for one map of a family."""


def leading_eigenvalues(
    self_map: SelfMap,
    count: int = 10,
    *,
    which: str = "modulus",
    symmetric: bool = False,
    tolerance: float = 1e-6,
    basis: int | None = None,
    restarts: int = 100,
    seed: int = 0,
    conditions: bool = False,
    solver: str = "krylov-schur",
    each: Callable[[Any], None] | None = None,
) -> Spectrum:
    """The ``count`` leading eigenvalues of the Jacobian, without forming it.

    Products run at the highest matmul precision. An eigenvalue between those that are found may be missed, the
    more so with a small basis; `jgan.numerics.dense` misses none.

    Args:
      self_map: of n parameters, n > count + 1.
      count: how many. Conjugate pairs count as two, and a pair is not broken: one more or less may come.
      which: a key of `jgan.numerics.spectrum.WHICH`.
      symmetric: the Jacobian is symmetric (a player's own Hessian).
      tolerance: residual that is asked for, relative to the modulus of each eigenvalue.
      basis: vectors kept; None for ``max(2 count + 1, 20)``, and twice and four times as many where that does
        not converge. More help where eigenvalues crowd.
      restarts: how often the basis may be rebuilt.
      seed: of the first vector.
      conditions: also find the left eigenvectors, by a second run on products with the transposed Jacobian,
        and from them the condition number of every eigenvalue.
      solver: one of `SOLVERS`. Krylov-Schur keeps its basis on the device and returns what it has even where
        not everything has converged, as ``converged`` says; ARPACK, with its basis on the host, is the oracle.
      each: called with the number of products so far at every restart of Krylov-Schur.

    Raises:
      ValueError: if a setting is out of range, the map or its product is not finite at the point, or
        nothing converges.
    """
    return eigenvalue_solver(
        lambda _: self_map,
        count,
        which=which,
        symmetric=symmetric,
        tolerance=tolerance,
        basis=basis,
        restarts=restarts,
        seed=seed,
        conditions=conditions,
        solver=solver,
        each=each,
    )(())


def eigenvalue_solver(
    make: Callable[[PyTree], SelfMap],
    count: int = 10,
    *,
    which: str = "modulus",
    symmetric: bool = False,
    tolerance: float = 1e-6,
    basis: int | None = None,
    restarts: int = 100,
    seed: int = 0,
    conditions: bool = False,
    solver: str = "krylov-schur",
    each: Callable[[Any], None] | None = None,
) -> Solver:
    """``argument -> leading_eigenvalues(make(argument), ...)``, compiled once for arguments of equal shapes.

    Args:
      make: from a pytree of arrays, such as a batch and a key, to the map.
      count: as for `leading_eigenvalues`, like all that follow.
      which: what leading means.
      symmetric: the Jacobian is symmetric.
      tolerance: relative residual.
      basis: vectors kept.
      restarts: how often the basis may be rebuilt.
      seed: of the first vector.
      conditions: also find condition numbers.
      solver: one of `SOLVERS`.
      each: called at every restart.

    Raises:
      ValueError: as `leading_eigenvalues`, when the solver is called if the fault lies with the map.
    """
    check_which(which)
    check_number("tolerance", tolerance, least=0, below=1)
    check_count("restarts", restarts)
    if solver not in SOLVERS:
        raise ValueError(f"solver is {solver!r}, but must be one of {', '.join(SOLVERS)}.")
    shared = {"which": which, "symmetric": symmetric, "restarts": restarts}

    @jax.jit(static_argnames=("basis", "transposed", "tolerance"))
    def ritz(
        argument: PyTree, start: PyTree, basis: int, transposed: bool, tolerance: float
    ) -> RitzPairs:
        options = {**shared, "transposed": transposed, "tolerance": tolerance, "basis": basis}
        key = jax.random.key(seed)
        return krylov_schur(make(argument), count, key, start=start, each=each, **options)

    def found_with(
        argument: PyTree,
        basis: int,
        tolerance: float,
        start: PyTree = None,
        transposed: bool = False,
    ) -> Spectrum:
        if solver == "arpack":
            options = {**shared, "transposed": transposed, "tolerance": tolerance, "basis": basis}
            return arpack(make(argument), count, seed=seed, **options)
        found = ritz(argument, start, basis, transposed, tolerance)
        return _as_spectrum(found, symmetric, basis)

    def solve(argument: PyTree) -> Spectrum:
        point = make(argument).point
        size = ravel_pytree(point)[0].size
        smallest = basis_size(count, size, basis)
        factors = GROWTH if basis is None else (1,)
        sizes = sorted({min(size, factor * smallest) for factor in factors})
        best: Spectrum | None = None
        products = 0
        for number in sizes:
            try:
                found = found_with(argument, number, tolerance)
            except NotConverged:
                continue
            products += found.products
            if best is None or _solved(found) > _solved(best):
                best = found
            if found.all_converged:
                break
        if best is None or not _solved(best):
            raise ValueError(
                f"the eigen-solver found none of {count} eigenvalues to {tolerance:g} in {restarts} restarts "
                f"of {sizes[-1]} vectors; ask for fewer, or raise basis, restarts or tolerance."
            )
        best = best._replace(products=products)
        if not conditions:
            return best
        if symmetric:
            return best._replace(conditions=np.ones(len(best.values)))
        rough = max(tolerance, min(tolerance**0.5, ROUGH))
        start = _sum_of(best.vectors, point)
        try:
            left = found_with(argument, best.basis or sizes[-1], rough, start, True)
        except ValueError:  # what was found before is kept
            return best._replace(conditions=np.full(len(best.values), np.nan))
        return best._replace(conditions=_conditions(best, left), products=products + left.products)

    return solve


def _solved(found: Spectrum) -> int:
    """How many have converged."""
    return len(found.values) if found.converged is None else int(found.converged.sum())


def _as_spectrum(found: RitzPairs, symmetric: bool, basis: int) -> Spectrum:
    """On the host, without the entries that stand for nothing.

    Raises:
      ValueError: if the map or its derivative is not finite.
    """
    if not bool(found.value_is_finite):
        raise ValueError(NOT_FINITE)
    values = np.asarray(found.values)
    there = np.isfinite(values)
    if not there.any():
        raise ValueError(NOT_DIFFERENTIABLE)
    values = values[there]
    leaves = jax.tree.leaves(found.vectors)
    rows = np.concatenate([np.asarray(leaf).reshape(len(leaf), -1) for leaf in leaves], axis=1)
    vectors = rows[there].T
    scale = max(float(np.abs(values).max()), np.finfo(values.real.dtype).tiny)
    return Spectrum(
        values.real if symmetric else values,
        np.asarray(found.residuals)[there] / scale,
        vectors.real if symmetric else vectors,
        int(found.products),
        None,
        basis,
        np.asarray(found.converged)[there],
    )


def _sum_of(vectors: np.ndarray, point: PyTree) -> PyTree:
    """The sum of vectors ``(n, k)`` as a pytree; of nearly normal maps the left ones lie in their span."""
    vector, unravel = ravel_pytree(point)
    return unravel(jnp.asarray(np.sum(vectors.real + vectors.imag, axis=1), vector.dtype))


def _conditions(found: Spectrum, left: Spectrum) -> np.ndarray:
    """Condition numbers; an eigenvalue whose left eigenvector is not among those found has NaN."""
    conditions = np.full(len(found.values), np.nan)
    scale = np.abs(found.values).max()
    for i, value in enumerate(found.values):
        # Jᵀ y = λ y makes y* a left eigenvector of J for λ.
        gaps = np.abs(left.values - value)
        nearest = int(np.argmin(gaps))
        known = left.converged is None or left.converged[nearest]
        if known and gaps[nearest] <= 1e-2 * scale:
            one, other = found.vectors[:, i], left.vectors[:, nearest]
            inner = abs(np.sum(other * one))
            norms = np.linalg.norm(other) * np.linalg.norm(one)
            conditions[i] = max(norms / inner, 1.0) if inner > 0 else np.inf
    return conditions
