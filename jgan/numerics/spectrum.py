"""Leading eigenvalues of large maps, matrix-free: SciPy's ARPACK on compiled products with the Jacobian."""

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, LinearOperator, eigs, eigsh

from jgan.arguments import check_count, check_number
from jgan.numerics.selfmap import SelfMap

WHICH = {
    "modulus": "LM",
    "right": "LR",
    "left": "SR",
    "imaginary": "LI",
}
"""What "leading" means, and ARPACK's code: largest modulus, real part, smallest real part, imaginary part."""
GROWTH = (1, 2, 4)
"""Factors of the basis that are tried one after the other where none is asked for."""


EXTRA = 4
"""Left eigenvectors that are looked for beside those of the eigenvalues that were found."""


class Spectrum(NamedTuple):
    """Eigenvalues and how well they are known.

    Attributes:
      values: ``(k,)``, complex for a general map and real for a symmetric one, leading first.
      residuals: ``(k,)``, ‖J v - λ v‖ of the unit eigenvectors, divided by the largest |λ| found: a backward
        error, by which the Jacobian would have to change for λ to be exact. It is no error of λ itself.
      vectors: ``(n, k)``, columns in tree order of the map's point.
      products: how many products with the Jacobian were made.
      conditions: ``(k,)``, 1/|yᴴx| of the unit left and right eigenvectors: how many times its own size a
        change of the Jacobian moves λ. NaN where no left eigenvector was found; None if none was asked for.
      basis: vectors that the solver kept; None for LAPACK on the exact Jacobian.
    """

    values: np.ndarray
    residuals: np.ndarray
    vectors: np.ndarray
    products: int
    conditions: np.ndarray | None = None
    basis: int | None = None


def check_which(which: str) -> None:
    """Raise ValueError unless ``which`` is a key of `WHICH`."""
    if which not in WHICH:
        raise ValueError(f"which is {which!r}, but must be one of {', '.join(WHICH)}.")


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
) -> Spectrum:
    """The ``count`` leading eigenvalues of the Jacobian, without forming it.

    Implicitly restarted Arnoldi (Lehoucq et al. 1998), Lanczos if ``symmetric``. Each product is one
    compiled jvp on the device; memory is ``basis`` vectors of n numbers on the host, in the point's precision.
    Products run at the highest matmul precision. An eigenvalue between those that are found may be missed, the
    more so with a small basis; `jgan.numerics.dense` misses none.

    Args:
      self_map: of n parameters, n > count + 1.
      count: how many. Conjugate pairs count as two, and a pair is not broken: one more or less may come.
      which: a key of `WHICH`.
      symmetric: the Jacobian is symmetric (a player's own Hessian).
      tolerance: relative accuracy asked of ARPACK.
      basis: vectors kept; None for ``max(2 count + 1, 20)``, and twice and four times as many where that does
        not converge. More help where eigenvalues crowd.
      restarts: how often the basis may be rebuilt.
      seed: of the first vector.
      conditions: also find the left eigenvectors, by a second run on products with the transposed Jacobian,
        and from them the condition number of every eigenvalue.

    Raises:
      ValueError: if a setting is out of range, the map or its product is not finite at the point, or
        ARPACK does not converge.
    """
    check_which(which)
    check_number("tolerance", tolerance, least=0, below=1)
    check_count("restarts", restarts)
    point, unravel = ravel_pytree(self_map.point)
    size = point.size
    if not 1 <= count <= size - 2:
        raise ValueError(
            f"count is {count}, but must lie in [1, {size - 2}] for {size} parameters."
        )
    if basis is not None and min(basis, size) < min(count + 3, size):
        raise ValueError(
            f"basis is {basis}, but must be at least {count + 3}, 3 more than the eigenvalues asked for."
        )
    counter = [0]
    multiply = _compiled_product(self_map, point, unravel, counter)
    start = np.random.default_rng(seed).standard_normal(size).astype(point.dtype)
    code = WHICH[which] if not symmetric else {"right": "LA", "left": "SA"}.get(which, "LM")

    def solve(
        matvec: Callable[[np.ndarray], np.ndarray], number: int
    ) -> tuple[np.ndarray, np.ndarray, int]:
        linear = LinearOperator((size, size), matvec=matvec, dtype=point.dtype)
        return _solved(linear, number, code, symmetric, start, tolerance, basis, restarts)

    values, vectors, kept = solve(multiply, count)
    order = order_by(which, values)
    values, vectors = values[order], vectors[:, order]
    residuals = np.array(
        [_residual(multiply, value, vectors[:, i]) for i, value in enumerate(values)]
    )
    scale = max(float(np.abs(values).max()), np.finfo(point.dtype).tiny)
    found = None
    if conditions and symmetric:
        found = np.ones(len(values))
    elif conditions:
        # Some more than were asked for, since the two runs need not find the same ones.
        number = min(count + EXTRA, (size if basis is None else min(size, basis)) - 3)
        found = np.full(len(values), np.nan)
        with contextlib.suppress(ValueError):  # what was found before is kept
            left = solve(
                _compiled_product(self_map, point, unravel, counter, transposed=True),
                max(number, count),
            )
            found = _conditions(values, vectors, *left[:2])
    return Spectrum(values, residuals / scale, vectors, counter[0], found, kept)


def _solved(
    linear: LinearOperator,
    count: int,
    code: str,
    symmetric: bool,
    start: np.ndarray,
    tolerance: float,
    basis: int | None,
    restarts: int,
) -> tuple[np.ndarray, np.ndarray, int]:
    """Eigenvalues, eigenvectors, and the basis that converged."""
    smallest = max(2 * count + 1, 20)
    sizes = [basis] if basis is not None else [factor * smallest for factor in GROWTH]
    sizes = sorted({min(len(start), size) for size in sizes})
    for size in sizes:
        try:
            values, vectors = (eigsh if symmetric else eigs)(
                linear, k=count, which=code, v0=start, ncv=size, maxiter=restarts, tol=tolerance
            )
            return values, vectors, size
        except ArpackNoConvergence as error:
            if size == sizes[-1]:
                raise ValueError(
                    f"the eigen-solver found {len(error.eigenvalues)} of {count} eigenvalues to "
                    f"{tolerance:g} in {restarts} restarts of {size} vectors; ask for fewer, or raise basis, "
                    "restarts or tolerance."
                ) from error
        except ArpackError as error:
            raise ValueError(f"the eigen-solver failed: {str(error).rstrip('.')}.") from error
    raise AssertionError("the last basis returns or raises")


def _conditions(
    values: np.ndarray, vectors: np.ndarray, left_values: np.ndarray, left_vectors: np.ndarray
) -> np.ndarray:
    """Condition numbers; an eigenvalue whose left eigenvector is not among those found has NaN."""
    found = np.full(len(values), np.nan)
    scale = np.abs(values).max()
    for i, value in enumerate(values):
        # Jᵀ y = λ y makes y* a left eigenvector of J for λ.
        gaps = np.abs(left_values - value)
        nearest = int(np.argmin(gaps))
        if gaps[nearest] <= 1e-2 * scale:
            right, left = vectors[:, i], left_vectors[:, nearest]
            inner = abs(np.sum(left * right))
            norms = np.linalg.norm(left) * np.linalg.norm(right)
            found[i] = max(norms / inner, 1.0) if inner > 0 else np.inf
    return found


def _compiled_product(
    self_map: SelfMap,
    point: jax.Array,
    unravel: Callable[[jax.Array], Any],
    counter: list[int],
    transposed: bool = False,
) -> Callable[[np.ndarray], np.ndarray]:
    """Vectors to the Jacobian's product with them, or its transpose's; calls are counted."""

    def function(x: jax.Array) -> jax.Array:
        return ravel_pytree(self_map.function(unravel(x)))[0]

    @jax.jit
    def product(x: jax.Array, vector: jax.Array) -> tuple[jax.Array, jax.Array]:
        with jax.default_matmul_precision("highest"):
            if transposed:
                value, pullback = jax.vjp(function, x)
                return value, pullback(vector)[0]
            return jax.jvp(function, (x,), (vector,))

    def multiply(vector: np.ndarray) -> np.ndarray:
        counter[0] += 1
        value, moved = product(point, jnp.asarray(vector.ravel(), point.dtype))
        if counter[0] == 1 and not bool(jnp.isfinite(value).all()):
            raise ValueError("the map is not finite at this point, so it has no eigenvalues there.")
        return _finite(moved)

    return multiply


def product_function(self_map: SelfMap) -> tuple[Callable[[np.ndarray], np.ndarray], int]:
    """Compiled products of the Jacobian with vectors ``(n,)``, and n.

    The products raise ValueError if the map or its derivative is not finite at the point.
    """
    point, unravel = ravel_pytree(self_map.point)
    return _compiled_product(self_map, point, unravel, [0]), point.size


def _finite(product: jax.Array) -> np.ndarray:
    result = np.asarray(product)
    if not np.isfinite(result).all():
        raise ValueError("the map's derivative is not finite at this point.")
    return result


def _residual(
    multiply: Callable[[np.ndarray], np.ndarray], value: complex, vector: np.ndarray
) -> float:
    moved = multiply(np.ascontiguousarray(vector.real)).astype(vector.dtype)
    if np.iscomplexobj(vector) and np.abs(vector.imag).max() > 0:
        moved = moved + 1j * multiply(np.ascontiguousarray(vector.imag))
    return float(np.linalg.norm(moved - value * vector) / np.linalg.norm(vector))


def order_by(which: str, values: np.ndarray) -> np.ndarray:
    """The order ``(k,)`` in which eigenvalues ``(k,)`` lead, by a key of `WHICH`."""
    keys = {
        "modulus": np.abs(values),
        "right": np.real(values),
        "left": -np.real(values),
        "imaginary": np.abs(np.imag(values)),
    }
    return np.argsort(-keys[which], kind="stable")
