"""The nearest training examples of single examples, from a stream that need not fit in memory."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from jgan.metrics.pairwise import as_features, check_pair, nearest


@dataclass(frozen=True, eq=False)
class Neighbours:
    """What lies nearest.

    Attributes:
      index: of the k nearest of the stream, nearest first, ``(M, k)``.
      distance: to them, Euclidean, ``(M, k)``.
    """

    index: np.ndarray
    distance: np.ndarray


def nearest_in_stream(queries: object, parts: Iterable[object], k: int = 1) -> Neighbours:
    """The k nearest examples of a stream to each query, as exact as all distances at once.

    Args:
      queries: features ``(M, d)``, or arrays of any rank whose examples are flattened.
      parts: of the stream, ``(n, d)`` each, any n.
      k: neighbours for each query.

    Raises:
      ValueError: if k is not positive or larger than the stream, or features do not fit together.

    Examples:
      >>> found = nearest_in_stream([[0.0], [9.0]], [[[5.0], [1.0]], [[10.0]]], k=2)
      >>> found.index.tolist(), found.distance.tolist()
      ([[1, 0], [2, 0]], [[1.0, 5.0], [1.0, 4.0]])
    """
    if k < 1:
        raise ValueError(f"k is {k}, but must be at least 1.")
    query_features = as_features(queries, "queries")
    index: np.ndarray = np.empty((len(query_features), 0), np.int64)
    distance: np.ndarray = np.empty((len(query_features), 0))
    count = 0
    for part in parts:
        features = as_features(part, "the stream")
        check_pair(query_features, features)
        found, far = nearest(query_features, features, min(k, len(features)))
        index = np.concatenate([index, found + count], axis=1)
        distance = np.concatenate([distance, far], axis=1)
        order = np.lexsort((index, distance), axis=1)[:, :k]
        index = np.take_along_axis(index, order, axis=1)
        distance = np.take_along_axis(distance, order, axis=1)
        count += len(features)
    if count < k:
        raise ValueError(f"k is {k}, but the stream has only {count} examples.")
    return Neighbours(index, distance)
