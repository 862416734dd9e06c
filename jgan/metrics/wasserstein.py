"""Exact Wasserstein distance between two small sets, by an optimal assignment."""

import numpy as np
import scipy

from jgan.metrics.pairwise import as_features, check_pair, squared_distances

MOST = 5000


def wasserstein(first: object, second: object, *, order: int = 1) -> float:
    """(min over permutations π of mean ‖xᵢ - y_π(i)‖^p)^(1/p) (Villani 2009, definition 6.1).

    The time grows with N³ (2,000 points: seconds). The distance of two draws from one law is not 0 and
    falls only like N^(-1/d); compare with two halves of the real examples.

    Args:
      first: ``(N, d)``.
      second: ``(N, d)``, as many.
      order: p, 1 or 2.

    Raises:
      ValueError: if the sets differ in size or dimension, have more than `MOST` examples, or ``order`` is
        neither 1 nor 2.

    >>> wasserstein([[0.0, 0.0], [1.0, 0.0]], [[1.0, 1.0], [0.0, 1.0]])
    1.0
    """
    x, y = as_features(first, "first"), as_features(second, "second")
    check_pair(x, y)
    if order not in (1, 2):
        raise ValueError(f"order is {order}, but must be 1 or 2.")
    if len(x) != len(y) or len(x) > MOST:
        raise ValueError(
            f"the two sets have {len(x)} and {len(y)} examples; they must have as many, at most {MOST}."
        )
    squares = squared_distances(x, y)
    costs = np.sqrt(squares) if order == 1 else squares
    return float(costs[scipy.optimize.linear_sum_assignment(costs)].mean() ** (1 / order))
