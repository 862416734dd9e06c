"""Euclidean distances between two sets of features, a block of rows at a time.

In double precision on the host: what is built on distances and kernels counts neighbours or takes
differences of nearly equal means, where single precision shows. Memory is one block of rows times the
other set, never the product of both with the dimension.
"""

from collections.abc import Iterator

import numpy as np
import scipy

ROWS_AT_ONCE = 1024
# Differences are exact where the expanded square cancels; they cost D passes over the block.
DIRECT = 16
# Up to here a k-d tree looks at a small part of the points; above, at nearly all of them.
TREE = 8


def as_features(values: object, name: str) -> np.ndarray:
    """The array as float64 ``(N, D)``.

    Args:
      values: features, or arrays of any rank whose examples are flattened.
      name: what a message calls them.

    Raises:
      ValueError: if there is no example, or a value is NaN or infinite; it names the first such example.
    """
    array = np.asarray(values, np.float64)
    if array.ndim < 2 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}, but must be (N, D) with N, D >= 1.")
    array = array.reshape(len(array), -1)
    finite = np.isfinite(array).all(axis=1)
    if not finite.all():
        raise ValueError(
            f"{name} holds NaN or infinity (first in example {int(np.argmin(finite))} of {len(array)}); "
            "every value must be finite."
        )
    return array


def check_pair(first: np.ndarray, second: np.ndarray) -> None:
    """Raise ValueError unless both sets have features of one dimension."""
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"the two sets have {first.shape[1]} and {second.shape[1]} features an example; they must agree."
        )


def squared_distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """‖xᵢ - yⱼ‖² of ``(N, D)`` and ``(M, D)``, shape ``(N, M)``, never negative.

    >>> squared_distances(np.array([[0.0], [1.0]]), np.array([[3.0]])).tolist()
    [[9.0], [4.0]]
    """
    if first.shape[1] <= DIRECT:
        total = np.zeros((len(first), len(second)))
        for column in range(first.shape[1]):
            total += np.subtract.outer(first[:, column], second[:, column]) ** 2
        return total
    products = first @ second.T
    products *= -2
    products += np.einsum("nd,nd->n", first, first)[:, None]
    products += np.einsum("md,md->m", second, second)
    return np.maximum(products, 0, out=products)


def distance_blocks(
    first: np.ndarray, second: np.ndarray, rows: int = ROWS_AT_ONCE
) -> Iterator[tuple[slice, np.ndarray]]:
    """Distances ‖xᵢ - yⱼ‖ for ``rows`` examples of ``first`` at a time: ``(slice, (rows, M))``."""
    for start in range(0, len(first), rows):
        part = slice(start, min(start + rows, len(first)))
        yield part, np.sqrt(squared_distances(first[part], second))


def neighbour_radii(points: np.ndarray, k: int, rows: int = ROWS_AT_ONCE) -> np.ndarray:
    """Distance of every point to its k-th nearest other point, ``(N,)``.

    Raises:
      ValueError: unless 1 <= k < N.
    """
    if not 1 <= k < len(points):
        raise ValueError(
            f"k is {k}, but with {len(points)} examples it must be 1 to {len(points) - 1}."
        )
    radii = np.empty(len(points))
    for part, distances in distance_blocks(points, points, rows):
        distances[np.arange(len(distances)), np.arange(part.start, part.stop)] = np.inf
        radii[part] = np.partition(distances, k - 1, axis=1)[:, k - 1]
    return radii


def nearest(
    first: np.ndarray, second: np.ndarray, k: int = 1, rows: int = ROWS_AT_ONCE
) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest of ``second`` to each of ``first``: indices and distances ``(N, k)``, nearest first.

    In up to `TREE` dimensions by a k-d tree, otherwise by all distances, ``rows`` at a time.

    Raises:
      ValueError: unless 1 <= k <= M.
    """
    if not 1 <= k <= len(second):
        raise ValueError(
            f"k is {k}, but with {len(second)} examples it must be 1 to {len(second)}."
        )
    if first.shape[1] <= TREE:
        far, near = scipy.spatial.cKDTree(second).query(first, range(1, k + 1))
        return near, far
    indices = np.empty((len(first), k), np.int64)
    found = np.empty((len(first), k))
    for part, distances in distance_blocks(first, second, rows):
        chosen = np.argpartition(distances, k - 1, axis=1)[:, :k]
        values = np.take_along_axis(distances, chosen, axis=1)
        order = np.argsort(values, axis=1, kind="stable")
        indices[part] = np.take_along_axis(chosen, order, axis=1)
        found[part] = np.take_along_axis(values, order, axis=1)
    return indices, found
