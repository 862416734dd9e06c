"""Mean and covariance of a stream of features, gathered batch by batch and merged in any order.

Kept as (count, mean, co-moment) in float64 on the host, and merged by the update of Chan, Golub &
LeVeque (1983), "Algorithms for computing the sample variance", equation 2.1b: sums of squares about
zero would lose the covariance of features with a large mean, and float32 loses 1e-3 of a Fréchet
distance over 50,000 examples. The products cost a few per cent of the network that made the features.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from jgan.metrics.frechet import Moments
from jgan.metrics.pairwise import as_features


@dataclass(frozen=True, eq=False)
class Accumulator:
    """What has been seen so far.

    Attributes:
      count: examples.
      mean: ``(d,)`` float64.
      comoment: sum of (x - mean)(x - mean)ᵀ, ``(d, d)`` float64.
    """

    count: int
    mean: np.ndarray
    comoment: np.ndarray


def accumulate(features: object) -> Accumulator:
    """The accumulator of one batch ``(n, d)``.

    Raises:
      ValueError: if a feature is NaN or infinite.
    """
    values = as_features(features, "features")
    mean = values.mean(axis=0)
    centred = values - mean
    return Accumulator(len(values), mean, centred.T @ centred)


def merge(first: Accumulator, second: Accumulator) -> Accumulator:
    """The accumulator of both sets together.

    >>> both = merge(accumulate(np.array([[1.0], [3.0]])), accumulate(np.array([[5.0]])))
    >>> both.count, both.mean.tolist(), both.comoment.tolist()
    (3, [3.0], [[8.0]])
    """
    count = first.count + second.count
    gap = second.mean - first.mean
    mean = first.mean + gap * (second.count / count)
    between = np.outer(gap, gap) * (first.count * second.count / count)
    return Accumulator(count, mean, first.comoment + second.comoment + between)


def accumulate_all(batches: Iterable[object]) -> Accumulator:
    """The accumulator of a stream of batches.

    Raises:
      ValueError: if the stream is empty or a feature is NaN or infinite.
    """
    total: Accumulator | None = None
    for features in batches:
        part = accumulate(features)
        total = part if total is None else merge(total, part)
    if total is None:
        raise ValueError("there are no features; at least one batch is needed.")
    return total


def moments_of(accumulator: Accumulator) -> Moments:
    """Mean and unbiased covariance (divisor N - 1) in float64.

    Raises:
      ValueError: if fewer than two examples have been seen.
    """
    if accumulator.count < 2:
        raise ValueError(
            f"a covariance needs at least 2 examples, but there are {accumulator.count}."
        )
    return Moments(accumulator.mean, accumulator.comoment / (accumulator.count - 1))
