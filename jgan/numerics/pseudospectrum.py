"""Pseudospectra: where eigenvalues may lie if a matrix is not known better than to epsilon."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from scipy.optimize import minimize_scalar

from jgan.arguments import check_count, check_number
from jgan.numerics.arpack import NOT_DIFFERENTIABLE, NOT_FINITE
from jgan.numerics.krylov import grown, started
from jgan.numerics.selfmap import SelfMap, flat
from jgan.numerics.square import check_square

MANY_ROUNDS = 60


def least_singular_values(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The least singular values of zI - A: z lies in the ε-pseudospectrum where it is below ε.

    Args:
      matrix: ``(n, n)``, or a Hessenberg matrix ``(m + 1, m)`` of `arnoldi`, whose pseudospectra lie inside
        those of the matrix that it is a projection of, and grow towards them with m (Toh & Trefethen 1996).
      points: ``(...)``, complex.

    Raises:
      ValueError: if the matrix has another shape.

    >>> shear = np.array([[-1.0, 3.0], [0.0, -1.0]])
    >>> np.round(least_singular_values(shear, np.array([-1.0 + 2.0j])), 6).tolist()  # sqrt(ε² + 3ε) = 2
    [1.0]
    """
    found = np.asarray(matrix)
    if found.ndim != 2 or found.shape[0] not in (found.shape[1], found.shape[1] + 1):
        raise ValueError(
            f"matrix has the shape {found.shape}, but must be square, (n, n), or of Hessenberg form, "
            "(m + 1, m)."
        )
    shift, places = np.eye(*found.shape), np.asarray(points, complex)
    flat = [np.linalg.svd(z * shift - found, compute_uv=False)[-1] for z in places.ravel()]
    return np.reshape(flat, places.shape)


def pseudospectral_abscissa(matrix: np.ndarray, epsilon: float) -> float:
    """The largest real part in the ε-pseudospectrum, by the criss-cross method (Burke, Lewis & Overton 2003).

    Vertical lines are cut with the boundary by the imaginary eigenvalues of a Hamiltonian matrix, horizontal
    ones from the middles of the pieces lead farther right, until nothing is gained.

    Raises:
      ValueError: if the matrix is not square, or ``epsilon`` not a positive finite number.
    """
    found = check_square(matrix)
    check_number("epsilon", epsilon, above=0)
    unit = np.eye(len(found))
    norm = float(np.linalg.norm(found, 2)) + epsilon
    values = np.linalg.eigvals(found)
    best, heights = float(values.real.max()), np.array([values[values.real.argmax()].imag])
    for _ in range(MANY_ROUNDS):
        before = best
        best = max(best, *(_rightmost_on_line(found, epsilon, height, norm) for height in heights))
        if best - before <= 1e-13 * norm:
            break
        # σ_min((best + iy) I - A) = ε where i y is an eigenvalue of this Hamiltonian matrix.
        shifted = best * unit - found
        hamiltonian = np.block([[-shifted.T, epsilon * unit], [-epsilon * unit, shifted]])
        crossings = np.linalg.eigvals(hamiltonian)
        level = np.sort(crossings.imag[np.abs(crossings.real) <= 1e-7 * norm])
        if len(level) < 2:
            break
        heights = 0.5 * (level[1:] + level[:-1])
    return best


def _rightmost_on_line(found: np.ndarray, epsilon: float, height: float, norm: float) -> float:
    """The rightmost real x with σ_min((x + i height) I - A) = ε."""
    unit = np.eye(len(found))
    turned = found - 1j * height * unit
    # (xI - B)v = εu and (xI - Bᴴ)u = εv: x is a real eigenvalue of [[B, εI], [εI, Bᴴ]].
    values = scipy.linalg.eigvals(
        np.block([[turned, epsilon * unit], [epsilon * unit, turned.conj().T]])
    )
    real = values.real[np.abs(values.imag) <= 1e-7 * norm]
    return float(real.max()) if len(real) else -np.inf


def kreiss_constant(matrix: np.ndarray) -> float:
    """sup over ε of α_ε/ε: below the largest ‖exp(tJ)‖ (Kreiss 1962; Trefethen & Embree 2005).

    Infinite where the flow is unstable, 1 for a stable normal matrix.

    >>> round(kreiss_constant(np.array([[-1.0, 3.0], [0.0, -1.0]])), 5)  # c/4 + 1/c
    1.08333
    """
    found = check_square(matrix)
    norm = float(np.linalg.norm(found, 2))
    if float(np.linalg.eigvals(found).real.max()) > 0:
        return float("inf")
    if norm == 0:
        return 1.0
    ratio: Callable[[float], float] = lambda log: (
        -pseudospectral_abscissa(found, float(np.exp(log))) / float(np.exp(log))
    )
    grid = np.log(norm * np.geomspace(1e-6, 1e2, 33))
    values = [ratio(log) for log in grid]
    best = int(np.argmin(values))
    ends = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    peak = minimize_scalar(ratio, bounds=ends, method="bounded", options={"xatol": 1e-9})
    return float(max(-peak.fun, -min(values), 1.0))


def arnoldi(self_map: SelfMap, size: int, seed: int = 0) -> np.ndarray:
    """The Hessenberg matrix ``(m + 1, m)`` of a map's Jacobian on a Krylov space of dimension m, matrix-free.

    The basis stays on the device. Where the space is exhausted after fewer steps m is smaller.

    Args:
      self_map: of n parameters.
      size: m, at most n.
      seed: of the first vector.

    Raises:
      ValueError: if ``size`` does not lie in [1, n], or the map is not finite at the point.
    """
    function, point = flat(self_map)
    check_count("size", size)
    if size > point.size:
        raise ValueError(
            f"size is {size}, but must lie in [1, {point.size}] for {point.size} parameters."
        )

    @jax.jit
    def projected() -> tuple[jax.Array, jax.Array]:
        key = jax.random.key(seed)
        with jax.default_matmul_precision("highest"):
            value, product = jax.linearize(function, point)
            start, spare = jax.random.normal(key, (2, *point.shape), point.dtype)
            return value, grown(product, started(start, size, spare), 0).projected

    value, matrix = projected()
    if not bool(jnp.isfinite(value).all()):
        raise ValueError(NOT_FINITE)
    hessenberg = np.asarray(matrix, float)
    if not np.isfinite(hessenberg).all():
        raise ValueError(NOT_DIFFERENTIABLE)
    exhausted = np.flatnonzero(np.diag(hessenberg, -1) == 0)
    last = int(exhausted[0]) + 1 if len(exhausted) else size
    return hessenberg[: last + 1, :last]


def distance_to_instability(matrix: np.ndarray) -> float:
    """How much a matrix must change for an eigenvalue to be imaginary: the least σ_min(iyI - A) over y.

    By bisection on the Hamiltonian matrix of `pseudospectral_abscissa` (Byers 1988), to eight digits; 0 where
    an eigenvalue lies on the axis.

    >>> round(distance_to_instability(np.array([[-1.0, 3.0], [0.0, -1.0]])), 6)  # ε² + 3ε = 1
    0.302776
    """
    found = check_square(matrix)
    unit = np.eye(len(found))
    low, high = 0.0, float(np.linalg.svd(found, compute_uv=False)[-1])
    scale = max(float(np.linalg.norm(found, 2)), np.finfo(float).tiny)
    for _ in range(100):
        if high - low <= 1e-10 * high or high <= 1e-14 * scale:
            break
        middle = 0.5 * (low + high) if low > 1e-3 * high else max(np.sqrt(low * high), 1e-3 * high)
        hamiltonian = np.block([[found, -middle * unit], [middle * unit, -found.T]])
        crosses = np.abs(np.linalg.eigvals(hamiltonian).real).min() <= 1e-8 * scale
        low, high = (low, middle) if crosses else (middle, high)
    return high
