"""Transients: what a matrix that is not normal does before its eigenvalues decide."""

from typing import NamedTuple

import numpy as np
import scipy.linalg
from scipy.optimize import minimize_scalar

from jgan.arguments import check_count
from jgan.numerics.pseudospectrum import kreiss_constant
from jgan.numerics.square import check_square

NOTABLE = 1.1
"""Growth of distances from which on a sentence speaks of it."""


class Growth(NamedTuple):
    """How far a linear map lets distances grow before they shrink.

    Attributes:
      factor: the largest norm that was met; infinite if the norm still grows at the end.
      at: the time, or the number of updates, at which it is met.
    """

    factor: float
    at: float


class Transient(NamedTuple):
    """What eigenvalues do not tell of a field's Jacobian and of a rule's operator.

    Attributes:
      abscissa: `numerical_abscissa` of the Jacobian: the rate at which some distance grows at first.
      spectral: largest real part of its eigenvalues: the rate in the long run.
      departure: `departure` of it from normality, relative to its Frobenius norm.
      flow: growth of ‖exp(tJ)‖.
      updates: growth of the norms of the operator's powers.
      kreiss: lower bound of the flow's growth, by `kreiss_constant`.
    """

    abscissa: float
    spectral: float
    departure: float
    flow: Growth
    updates: Growth
    kreiss: float


def numerical_abscissa(matrix: np.ndarray) -> float:
    """The largest eigenvalue of (J + Jᵀ)/2: the initial rate of growth of ‖exp(tJ)‖.

    >>> round(numerical_abscissa(np.array([[-1.0, 3.0], [0.0, -1.0]])), 9)  # -1 + 3/2
    0.5
    """
    found = check_square(matrix)
    return float(np.linalg.eigvalsh(0.5 * (found + found.T))[-1])


def departure(matrix: np.ndarray) -> float:
    """Henrici's departure from normality, sqrt(‖J‖_F² - Σ|λ|²): 0 for normal matrices (Henrici 1962).

    >>> departure(np.array([[-1.0, 3.0], [0.0, -1.0]]))
    3.0
    """
    # Above the diagonal of the Schur form there is no cancellation.
    upper, _ = scipy.linalg.schur(check_square(matrix), output="complex")
    return float(np.linalg.norm(np.triu(upper, 1)))


def flow_norms(matrix: np.ndarray, times: np.ndarray) -> np.ndarray:
    """‖exp(tJ)‖₂ at times ``(t,)``.

    Raises:
      ValueError: if the times are not finite, or decrease.
    """
    found, at = check_square(matrix), np.asarray(times, float)
    if at.ndim != 1 or not np.isfinite(at).all() or (np.diff(at) < 0).any():
        raise ValueError(
            "times must be finite numbers, (t,), each at least as large as the one before."
        )
    return np.array([np.linalg.norm(scipy.linalg.expm(time * found), 2) for time in at])


def power_norms(matrix: np.ndarray, count: int) -> np.ndarray:
    """‖Aᵏ‖₂ for k from 0 to ``count``.

    Raises:
      ValueError: if ``count`` is less than 1.
    """
    found = check_square(matrix)
    check_count("count", count)
    power, norms = np.eye(len(found)), [1.0]
    for _ in range(count):
        power = power @ found
        norms.append(float(np.linalg.norm(power, 2)))
    return np.array(norms)


def flow_growth(matrix: np.ndarray) -> Growth:
    """The largest ‖exp(tJ)‖₂ and when it is met; infinite where the flow is unstable.

    The norm is followed by squarings of one exponential, over times from a hundredth of 1/‖J‖ to where the
    slowest eigenvalue has decayed, and refined about its maximum.
    """
    found = check_square(matrix)
    norm = float(np.linalg.norm(found, 2))
    rate = float(np.linalg.eigvals(found).real.max())
    if norm == 0:
        return Growth(1.0, 0.0)
    if rate > 1e-12 * norm:
        return Growth(float("inf"), float("inf"))
    end = 20 / max(-rate, 1e-3 * norm)
    times = np.concatenate([[0.0], np.geomspace(0.01 / norm, end, 120)])
    norms = flow_norms(found, times)
    best = int(norms.argmax())
    if best == 0:
        return Growth(1.0, 0.0)
    size = lambda time: -float(np.linalg.norm(scipy.linalg.expm(time * found), 2))
    ends = times[best - 1], times[min(best + 1, len(times) - 1)]
    peak = minimize_scalar(size, bounds=ends, method="bounded", options={"xatol": 1e-10 * ends[1]})
    return Growth(float(max(-peak.fun, norms[best])), float(peak.x))


def power_growth(matrix: np.ndarray, most: int = 4096) -> Growth:
    """The largest ‖Aᵏ‖₂ and at which k; infinite where the spectral radius is above 1.

    Args:
      matrix: of an update.
      most: powers that are looked at; a norm that still grows by then counts as it is.
    """
    found = check_square(matrix)
    radius = float(np.abs(np.linalg.eigvals(found)).max())
    if radius > 1 + 1e-9:
        return Growth(float("inf"), float("inf"))
    needed = 40 if radius < 0.5 else int(20 / max(1 - radius, 20 / most))
    norms = power_norms(found, min(max(needed, 40), most))
    best = int(norms.argmax())
    return Growth(float(norms[best]), float(best))


def transient(jacobian: np.ndarray, operator: np.ndarray) -> Transient:
    """The transients of a field's Jacobian ``(n, n)`` and of a rule's operator ``(m, m)``."""
    found = check_square(jacobian)
    norm = float(np.linalg.norm(found))
    return Transient(
        numerical_abscissa(found),
        float(np.linalg.eigvals(found).real.max()),
        departure(found) / norm if norm > 0 else 0.0,
        flow_growth(found),
        power_growth(operator),
        kreiss_constant(found),
    )


def in_words(found: Transient) -> str:
    """What the eigenvalues do not tell, in a sentence; "" where they tell all.

    >>> in_words(transient(np.array([[-1.0, 3.0], [0.0, -1.0]]), np.diag([0.5, 0.5])))
    'eigenvalues alone mislead: the flow lets distances grow 1.24 times, until time 0.745, before they shrink.'
    """
    parts = []
    if NOTABLE < found.flow.factor < np.inf:
        parts.append(
            f"the flow lets distances grow {found.flow.factor:.3g} times, until time {found.flow.at:.3g}"
        )
    if NOTABLE < found.updates.factor < np.inf:
        parts.append(
            f"updates let them grow {found.updates.factor:.3g} times, until the {int(found.updates.at)}th"
        )
    return f"eigenvalues alone mislead: {' and '.join(parts)}, before they shrink." if parts else ""
