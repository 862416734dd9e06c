"""Kernel distance: unbiased MMD² with a cubic kernel (Bińkowski et al. 2018); KID for Inception features."""

from typing import NamedTuple

import numpy as np

from jgan.metrics.mmd import unbiased_mmd2
from jgan.metrics.pairwise import as_features, check_pair


class KernelDistance(NamedTuple):
    """Mean and population standard deviation over subsets, and what they were.

    Attributes:
      mean: over the subsets.
      std: over the subsets; 0 for one.
      subsets: how many.
      size: examples of each set in a subset.
    """

    mean: float
    std: float
    subsets: int
    size: int


def polynomial_kernel(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(xᵀy/d + 1)³ of ``(n, d)`` and ``(m, d)``, shape ``(n, m)``."""
    values = first @ second.T
    values /= first.shape[1]
    values += 1
    return values * values * values


def polynomial_mmd2(first: object, second: object) -> float:
    """The unbiased MMD² of two whole sets in this kernel (Bińkowski et al. 2018, equation 4).

    >>> x, y = [[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [-1.0, 0.0]]
    >>> polynomial_mmd2(x, y)
    -2.8125
    """
    return unbiased_mmd2(
        as_features(first, "first"), as_features(second, "second"), polynomial_kernel
    )


def draw_subsets(count: int, subsets: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Indices ``(subsets, size)`` below ``count``, each row without repetition."""
    return np.stack([rng.permutation(count)[:size] for _ in range(subsets)])


def kernel_distance(
    first: object, second: object, *, subsets: int = 100, size: int = 1000, seed: int = 0
) -> KernelDistance:
    """Mean and deviation over random subsets, 100 of 1000 as in StyleGAN's ``kid50k``.

    Being unbiased the mean needs no correction for few samples. Sets smaller than ``size`` give
    smaller subsets; where both sets are used whole there is one subset only.

    Args:
      first: features ``(n, d)``.
      second: features ``(m, d)``.
      subsets: how many.
      size: examples of each set in one.
      seed: of the draw.

    Raises:
      ValueError: if ``subsets`` is not positive, ``size`` is below 2, or the features do not fit together.
    """
    x, y = as_features(first, "first"), as_features(second, "second")
    check_pair(x, y)
    if subsets < 1 or size < 2:
        raise ValueError(f"subsets is {subsets} and size is {size}, but must be at least 1 and 2.")
    size = min(size, len(x), len(y))
    if size == len(x) == len(y):
        return KernelDistance(unbiased_mmd2(x, y, polynomial_kernel), 0.0, 1, size)
    rng = np.random.default_rng(seed)
    pairs = zip(
        draw_subsets(len(x), subsets, size, rng),
        draw_subsets(len(y), subsets, size, rng),
        strict=True,
    )
    values = [unbiased_mmd2(x[i], y[j], polynomial_kernel) for i, j in pairs]
    return KernelDistance(float(np.mean(values)), float(np.std(values)), subsets, size)
