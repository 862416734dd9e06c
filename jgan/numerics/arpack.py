"""Leading eigenvalues by SciPy's ARPACK on compiled products: the oracle of Krylov-Schur, and an option."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, LinearOperator, eigs, eigsh

from jgan.numerics.selfmap import SelfMap, flat
from jgan.numerics.spectrum import WHICH, Spectrum, Wanted, order_by

NOT_FINITE = "the map is not finite at this point, so it has no eigenvalues there."
NOT_DIFFERENTIABLE = "the map's derivative is not finite at this point."
Multiply = Callable[[np.ndarray], np.ndarray]
"""Products ``(n,) -> (n,)`` on the host."""


class NotConverged(ValueError):
    """Fewer eigenvalues than were asked for."""


def arpack(
    self_map: SelfMap, wanted: Wanted, *, basis: int, transposed: bool = False, seed: int = 0
) -> Spectrum:
    """Implicitly restarted Arnoldi (Lehoucq et al. 1998), or Lanczos for a symmetric Jacobian.

    Each product is one compiled jvp on the device; the basis lies on the host, in the point's precision. The
    residuals are measured, by one or two more products for each eigenvalue, which are not counted.

    Args:
      self_map: of n parameters.
      wanted: which eigenvalues.
      basis: number of vectors that are kept, more than those of ``wanted`` and one.
      transposed: of the transposed Jacobian.
      seed: of the first vector.

    Raises:
      NotConverged: if ARPACK does not converge.
      ValueError: if the map or its product is not finite at the point.
    """
    multiply, size = product_function(self_map, transposed=transposed)
    dtype = flat(self_map)[1].dtype
    start = np.random.default_rng(seed).standard_normal(size).astype(dtype)
    code = WHICH[wanted.which]
    if wanted.symmetric:
        code = {"right": "LA", "left": "SA"}.get(wanted.which, "LM")
    products = [0]

    def counted(vector: np.ndarray) -> np.ndarray:
        products[0] += 1
        return multiply(vector)

    linear = LinearOperator((size, size), matvec=counted, dtype=dtype)
    try:
        values, vectors = (eigsh if wanted.symmetric else eigs)(
            linear,
            k=wanted.count,
            which=code,
            v0=start,
            ncv=basis,
            maxiter=wanted.restarts,
            tol=wanted.tolerance,
        )
    except ArpackNoConvergence as error:
        raise NotConverged(
            f"ARPACK found {len(error.eigenvalues)} of {wanted.count} eigenvalues to {wanted.tolerance:g} in "
            f"{wanted.restarts} restarts of {basis} vectors."
        ) from error
    except ArpackError as error:
        raise ValueError(f"ARPACK failed: {str(error).rstrip('.')}.") from error
    order = order_by(wanted.which, values)
    values, vectors = values[order], vectors[:, order]
    residuals = [_residual(multiply, value, vectors[:, i]) for i, value in enumerate(values)]
    scale = max(float(np.abs(values).max()), np.finfo(dtype).tiny)
    return Spectrum(values, np.array(residuals) / scale, vectors, products[0], None, basis)


def product_function(self_map: SelfMap, *, transposed: bool = False) -> tuple[Multiply, int]:
    """Compiled products of the Jacobian, or of its transpose, with vectors ``(n,)``, and n.

    The products raise ValueError if the map or its derivative is not finite at the point.
    """
    function, point = flat(self_map)

    @jax.jit
    def product(x: jax.Array, vector: jax.Array) -> tuple[jax.Array, jax.Array]:
        with jax.default_matmul_precision("highest"):
            if transposed:
                value, pullback = jax.vjp(function, x)
                return value, pullback(vector)[0]
            return jax.jvp(function, (x,), (vector,))

    def multiply(vector: np.ndarray) -> np.ndarray:
        value, moved = product(point, jnp.asarray(vector.ravel(), point.dtype))
        if not bool(jnp.isfinite(value).all()):
            raise ValueError(NOT_FINITE)
        result = np.asarray(moved)
        if not np.isfinite(result).all():
            raise ValueError(NOT_DIFFERENTIABLE)
        return result

    return multiply, point.size


def _residual(multiply: Multiply, value: complex, vector: np.ndarray) -> float:
    moved = multiply(np.ascontiguousarray(vector.real)).astype(vector.dtype)
    if np.iscomplexobj(vector) and np.abs(vector.imag).max() > 0:
        moved = moved + 1j * multiply(np.ascontiguousarray(vector.imag))
    return float(np.linalg.norm(moved - value * vector) / np.linalg.norm(vector))
