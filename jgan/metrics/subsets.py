"""Subsets of examples, drawn by a seed and holding every class by its share."""

import zlib
from collections.abc import Sequence

import numpy as np


def stream(seed: int, purpose: str) -> np.random.Generator:
    """Random numbers for one purpose: independent of those of any other purpose under the same seed.

    >>> first, second = stream(0, "samples").random(), stream(0, "reference").random()
    >>> first == stream(0, "samples").random(), first == second
    (True, False)
    """
    return np.random.default_rng([seed, zlib.crc32(purpose.encode())])


def draw_rows(
    count: int,
    size: int,
    rng: np.random.Generator,
    labels: Sequence[int] | np.ndarray | None = None,
) -> np.ndarray:
    """At most ``size`` of ``count`` rows, each with the same chance, whatever order they are in.

    Where classes are known each is drawn by its share, rounded up or down at random: the rows of
    every class are shuffled, and of all classes one after the other rows at equal distances are taken from a
    random start (systematic sampling of strata, Cochran 1977, chapter 8).

    Args:
      count: rows there are.
      size: rows to draw.
      rng: of the draw.
      labels: the class of every row, ``(count,)``, or None.

    Returns:
      Numbers of rows, ascending, ``(min(size, count),)``.

    Raises:
      ValueError: if there is not one label for each row, or ``size`` is negative.

    >>> alternating = np.arange(100) % 10
    >>> np.bincount(alternating[draw_rows(100, 20, stream(0, "doc"), alternating)]).tolist()
    [2, 2, 2, 2, 2, 2, 2, 2, 2, 2]
    """
    if size < 0:
        raise ValueError(f"size is {size}, but must not be negative.")
    if size >= count:
        return np.arange(count)
    order = rng.permutation(count)
    if labels is None:
        return np.sort(order[:size])
    labels = np.asarray(labels)
    if labels.shape != (count,):
        raise ValueError(f"labels have shape {labels.shape}, but must be {count} classes.")
    _, classes = np.unique(labels, return_inverse=True)
    place = rng.permutation(classes.max() + 1)[classes[order]]
    order = order[np.argsort(place, kind="stable")]
    taken = np.floor((rng.random() + np.arange(size)) * (count / size)).astype(int)
    return np.sort(order[np.minimum(taken, count - 1)])


def halves(
    count: int, size: int, rng: np.random.Generator, labels: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Two disjoint draws of ``size`` rows each, as `draw_rows` draws them.

    Raises:
      ValueError: if there are fewer than ``2 size`` rows.
    """
    if 2 * size > count:
        raise ValueError(
            f"size is {size}, but of {count} rows two draws hold at most {count // 2}."
        )
    both = draw_rows(count, 2 * size, rng, labels)
    one = draw_rows(2 * size, size, rng, None if labels is None else np.asarray(labels)[both])
    return both[one], both[np.setdiff1d(np.arange(2 * size), one)]
