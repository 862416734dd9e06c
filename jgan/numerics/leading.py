"""Leading eigenvalues of large maps with their errors, by Krylov-Schur or ARPACK, without the Jacobian."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.arguments import check_count, check_number
from jgan.game import PyTree
from jgan.numerics.arpack import NotConverged, arpack
from jgan.numerics.device_solver import DeviceSolver, first_vectors
from jgan.numerics.krylov_schur import basis_size
from jgan.numerics.selfmap import SelfMap
from jgan.numerics.spectrum import Spectrum, Wanted, check_which

SOLVERS = ("krylov-schur", "arpack")
GROWTH = (1, 2, 4)
"""Factors of the basis that are tried one after the other where none is asked for."""
ROUGH = 1e-3
"""Residual that is enough for left eigenvectors, whose only use is the size of a condition number."""


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
      basis: vectors kept; None for ``max(2 count + 1, 24)``, and twice and four times as many where that does
        not converge. More help where eigenvalues crowd.
      restarts: how often the basis may be rebuilt.
      seed: of the first vector.
      conditions: also find the left eigenvectors, by a second run on products with the transposed Jacobian,
        and from them the condition number of every eigenvalue.
      solver: one of `SOLVERS`. Krylov-Schur keeps its basis on the device and returns what it has even where
        not everything has converged, as ``converged`` says; ARPACK, with its basis on the host, is the oracle.

    Raises:
      ValueError: if a setting is out of range, the map or its product is not finite at the point, or
        nothing converges.
    """
    eigen = EigenSolver(
        lambda _: self_map,
        symmetric=symmetric,
        tolerance=tolerance,
        basis=basis,
        restarts=restarts,
        seed=seed,
        solver=solver,
    )
    return eigen.leading((), count, which, conditions=conditions)


class EigenSolver:
    """`leading_eigenvalues` of a family of maps, compiled once for arguments of equal shapes.

    Args:
      make: from a pytree of arrays, such as a batch and a key, to the map.
      symmetric: the Jacobian is symmetric.
      tolerance: relative residual.
      basis: vectors kept.
      restarts: how often the basis may be rebuilt.
      seed: of the first vector.
      solver: one of `SOLVERS`.
      each: called with the number of products so far, every few of those of Krylov-Schur.

    Raises:
      ValueError: if a setting is out of range.
    """

    def __init__(
        self,
        make: Callable[[PyTree], SelfMap],
        *,
        symmetric: bool = False,
        tolerance: float = 1e-6,
        basis: int | None = None,
        restarts: int = 100,
        seed: int = 0,
        solver: str = "krylov-schur",
        each: Callable[[int], None] = lambda products: None,
    ) -> None:
        check_number("tolerance", tolerance, least=0, below=1)
        check_count("restarts", restarts)
        if solver not in SOLVERS:
            raise ValueError(f"solver is {solver!r}, but must be one of {', '.join(SOLVERS)}.")
        self._make, self._symmetric, self._tolerance = make, symmetric, tolerance
        self._basis, self._restarts, self._seed = basis, restarts, seed
        self._solver, self._each = solver, each
        self._forward, self._backward = DeviceSolver(make), DeviceSolver(make, transposed=True)

    def leading(
        self, argument: PyTree, count: int, which: str = "modulus", *, conditions: bool = False
    ) -> Spectrum:
        """The leading eigenvalues of one map, as `leading_eigenvalues` finds them.

        Raises:
          ValueError: as there.
        """
        check_which(which)
        wanted = Wanted(count, which, self._symmetric, self._tolerance, self._restarts)
        size = ravel_pytree(self._make(argument).point)[0].size
        smallest = basis_size(count, size, self._basis)
        factors = GROWTH if self._basis is None else (1,)
        sizes = sorted({min(size, factor * smallest) for factor in factors})
        best: Spectrum | None = None
        products = 0
        for number in sizes:
            try:
                found = self._found(argument, wanted, number)
            except NotConverged:
                continue
            products += found.products
            if best is None or _solved(found) > _solved(best):
                best = found
            if found.all_converged:
                break
        if best is None or not _solved(best):
            raise ValueError(
                f"the eigen-solver found none of {count} eigenvalues to {self._tolerance:g} in "
                f"{self._restarts} restarts of {sizes[-1]} vectors; ask for fewer, or raise basis, restarts or "
                "tolerance."
            )
        best = best._replace(products=products)
        if not conditions:
            return best
        if self._symmetric:
            return best._replace(conditions=np.ones(len(best.values)))
        rough = max(self._tolerance, min(self._tolerance**0.5, ROUGH))
        try:
            left = self._found(argument, wanted._replace(tolerance=rough), best.basis, best)
        except ValueError:  # what was found before is kept
            return best._replace(conditions=np.full(len(best.values), np.nan))
        return best._replace(conditions=_conditions(best, left), products=products + left.products)

    def _found(
        self, argument: PyTree, wanted: Wanted, basis: int | None, right: Spectrum | None = None
    ) -> Spectrum:
        """What a solver finds: right eigenvectors, or left ones beside right ones that are given."""
        assert basis is not None
        here = self._make(argument)
        if self._solver == "arpack":
            return arpack(here, wanted, basis=basis, transposed=right is not None, seed=self._seed)
        first, spare = first_vectors(here.point, self._seed)
        if right is None:
            return self._forward(argument, first, spare, basis, wanted, self._each)
        start = _sum_of(right.vectors, first.dtype)
        return self._backward(argument, start, spare, basis, wanted, self._each)


def _solved(found: Spectrum) -> int:
    """How many have converged."""
    return len(found.values) if found.converged is None else int(found.converged.sum())


def _sum_of(vectors: np.ndarray, dtype: Any) -> jax.Array:
    """The sum of vectors ``(n, k)``; of nearly normal maps the left ones lie in their span."""
    return jnp.asarray(np.sum(vectors.real + vectors.imag, axis=1), dtype)


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
