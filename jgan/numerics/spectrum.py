"""Leading eigenvalues of large maps, matrix-free: SciPy's ARPACK on compiled jvp products."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, LinearOperator, eigs, eigsh

from jgan.numerics.selfmap import SelfMap

WHICH = {
    "modulus": "LM",
    "right": "LR",
    "left": "SR",
    "imaginary": "LI",
}
"""What "leading" means, and ARPACK's code: largest modulus, real part, smallest real part, imaginary part."""


class Spectrum(NamedTuple):
    """Eigenvalues and how well they are known.

    Attributes:
      values: ``(k,)``, complex for a general map and real for a symmetric one, leading first.
      residuals: ``(k,)``, ‖J v - λ v‖ of the unit eigenvectors, divided by the largest |λ| found.
      vectors: ``(n, k)``, columns in tree order of the map's point.
      products: how many products with the Jacobian were made.
    """

    values: np.ndarray
    residuals: np.ndarray
    vectors: np.ndarray
    products: int


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
) -> Spectrum:
    """The ``count`` leading eigenvalues of the Jacobian, without forming it.

    Implicitly restarted Arnoldi (Lehoucq et al. 1998), Lanczos if ``symmetric``. Each product is one
    compiled jvp on the device; memory is ``basis`` vectors of n numbers on the host, in the point's precision.
    Products run at the highest matmul precision.

    Args:
      self_map: of n parameters, n > count + 1.
      count: how many. Conjugate pairs count as two, and a pair is not broken: one more or less may come.
      which: a key of `WHICH`.
      symmetric: the Jacobian is symmetric (a player's own Hessian).
      tolerance: relative accuracy asked of ARPACK.
      basis: vectors kept; None for ``max(2 count + 1, 20)``. More help where eigenvalues crowd.
      restarts: how often the basis may be rebuilt.
      seed: of the first vector.

    Raises:
      ValueError: if a setting is out of range, the map or its product is not finite at the point, or
        ARPACK does not converge.
    """
    if which not in WHICH:
        raise ValueError(f"which is {which!r}, but must be one of {', '.join(WHICH)}.")
    point, unravel = ravel_pytree(self_map.point)
    size = point.size
    if not 1 <= count <= size - 2:
        raise ValueError(
            f"count is {count}, but must lie in [1, {size - 2}] for {size} parameters."
        )
    multiply, counter = _compiled_product(self_map, point, unravel)
    start = np.random.default_rng(seed).standard_normal(size).astype(point.dtype)
    linear = LinearOperator((size, size), matvec=multiply, dtype=point.dtype)
    code = WHICH[which] if not symmetric else {"right": "LA", "left": "SA"}.get(which, "LM")
    try:
        values, vectors = (eigsh if symmetric else eigs)(
            linear,
            k=count,
            which=code,
            v0=start,
            ncv=min(size, basis or max(2 * count + 1, 20)),
            maxiter=restarts,
            tol=tolerance,
        )
    except ArpackNoConvergence as error:
        raise ValueError(
            f"the eigen-solver found {len(error.eigenvalues)} of {count} eigenvalues to {tolerance:g} in "
            f"{restarts} restarts; ask for fewer, or raise basis, restarts or tolerance."
        ) from error
    except ArpackError as error:
        raise ValueError(f"the eigen-solver failed: {str(error).rstrip('.')}.") from error
    order = np.argsort(-_key(which, values), kind="stable")
    values, vectors = values[order], vectors[:, order]
    residuals = np.array(
        [_residual(multiply, value, vectors[:, i]) for i, value in enumerate(values)]
    )
    scale = max(float(np.abs(values).max()), np.finfo(point.dtype).tiny)
    return Spectrum(values, residuals / scale, vectors, counter[0])


def _compiled_product(
    self_map: SelfMap, point: jax.Array, unravel: Callable[[jax.Array], Any]
) -> tuple[Callable[[np.ndarray], np.ndarray], list[int]]:
    def function(x: jax.Array) -> jax.Array:
        return ravel_pytree(self_map.function(unravel(x)))[0]

    @jax.jit
    def product(x: jax.Array, vector: jax.Array) -> tuple[jax.Array, jax.Array]:
        with jax.default_matmul_precision("highest"):
            return jax.jvp(function, (x,), (vector,))

    counter = [0]

    def multiply(vector: np.ndarray) -> np.ndarray:
        counter[0] += 1
        value, moved = product(point, jnp.asarray(vector.ravel(), point.dtype))
        if counter[0] == 1 and not bool(jnp.isfinite(value).all()):
            raise ValueError("the map is not finite at this point, so it has no eigenvalues there.")
        result = np.asarray(moved)
        if not np.isfinite(result).all():
            raise ValueError("the map's derivative is not finite at this point.")
        return result

    return multiply, counter


def _residual(
    multiply: Callable[[np.ndarray], np.ndarray], value: complex, vector: np.ndarray
) -> float:
    moved = multiply(np.ascontiguousarray(vector.real)).astype(vector.dtype)
    if np.iscomplexobj(vector) and np.abs(vector.imag).max() > 0:
        moved = moved + 1j * multiply(np.ascontiguousarray(vector.imag))
    return float(np.linalg.norm(moved - value * vector) / np.linalg.norm(vector))


def _key(which: str, values: np.ndarray) -> np.ndarray:
    keys = {
        "modulus": np.abs(values),
        "right": np.real(values),
        "left": -np.real(values),
        "imaginary": np.abs(np.imag(values)),
    }
    return keys[which]
