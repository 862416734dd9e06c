"""Squared maximum mean discrepancy with Gaussian kernels, unbiased (Gretton et al. 2012, lemma 6)."""

from collections.abc import Callable, Sequence

import numpy as np

from jgan.metrics.pairwise import ROWS_AT_ONCE, as_features, check_pair, squared_distances
from jgan.metrics.subsets import draw_rows

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]


def unbiased_mmd2(first: np.ndarray, second: np.ndarray, kernel: Kernel) -> float:
    """Σ_{i≠j} k(xᵢ,xⱼ)/(n(n-1)) + Σ_{i≠j} k(yᵢ,yⱼ)/(m(m-1)) - 2 Σ k(xᵢ,yⱼ)/(nm); may be negative.

    Args:
      first: ``(n, d)`` float64.
      second: ``(m, d)`` float64.
      kernel: ``((n, d), (m, d)) -> (n, m)``.

    Raises:
      ValueError: if the dimensions differ or a set has fewer than 2 examples.
    """
    check_pair(first, second)
    if min(len(first), len(second)) < 2:
        raise ValueError(
            f"the two sets have {len(first)} and {len(second)} examples; an unbiased estimate needs 2 of each."
        )

    def within(points: np.ndarray) -> float:
        total = 0.0
        for start in range(0, len(points), ROWS_AT_ONCE):
            part = points[start : start + ROWS_AT_ONCE]
            values = kernel(part, points)
            total += values.sum() - np.trace(values, offset=start)
        return total / (len(points) * (len(points) - 1))

    between = sum(
        kernel(first[start : start + ROWS_AT_ONCE], second).sum()
        for start in range(0, len(first), ROWS_AT_ONCE)
    )
    return float(within(first) + within(second) - 2 * between / (len(first) * len(second)))


def median_distance(
    first: np.ndarray, second: np.ndarray, most: int = 1000, seed: int = 0
) -> float:
    """Median distance between different points of both sets together, of at most ``most`` of each."""
    rng = np.random.default_rng(seed)
    points = np.concatenate([each[draw_rows(len(each), most, rng)] for each in (first, second)])
    squares = squared_distances(points, points)
    return float(np.sqrt(np.median(squares[np.triu_indices(len(points), 1)])))


def gaussian_mmd2(
    first: object, second: object, *, bandwidths: Sequence[float] | None = None, seed: int = 0
) -> float:
    """Unbiased MMD² with the mean of exp(-‖x-y‖²/(2σ²)) over bandwidths σ.

    Args:
      first: features ``(n, d)``.
      second: features ``(m, d)``.
      bandwidths: the σ; by default ½, 1 and 2 times the median distance, so that scale does not matter.
      seed: of the choice of points for the median, where there are more than 1000.

    Raises:
      ValueError: for features that are NaN or of two dimensions, or a bandwidth that is not positive.

    >>> points = np.random.default_rng(0).normal(size=(200, 2))
    >>> gaussian_mmd2(points[:100], points[100:]) < 0.02 < gaussian_mmd2(points[:100], points[100:] + 1)
    True
    """
    x, y = as_features(first, "first"), as_features(second, "second")
    check_pair(x, y)
    if bandwidths is None:
        middle = median_distance(x, y, seed=seed) or 1.0
        bandwidths = (middle / 2, middle, 2 * middle)
    if not all(width > 0 for width in bandwidths):
        raise ValueError(f"bandwidths is {tuple(bandwidths)}, but every one must be positive.")

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        squares = squared_distances(a, b)
        return np.mean([np.exp(squares / (-2 * width**2)) for width in bandwidths], axis=0)

    return unbiased_mmd2(x, y, kernel)
