"""Pictures of many sizes as pictures of few: to which shape each is padded, and how.

A network is compiled for every shape that it meets, for a folder of a thousand sizes a thousand times.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import combinations

import numpy as np

MOST_SHAPES = 6
FINEST = 64
"""Sizes of which all pairs are compared; of more, sides are rounded up first."""

HeightAndWidth = tuple[int, int]


def padded_shapes(
    sizes: Iterable[HeightAndWidth], most: int = MOST_SHAPES
) -> dict[HeightAndWidth, HeightAndWidth]:
    """Return by size the height and width to which pictures of it are padded, at most ``most`` different ones.

    As many sizes as that, or fewer, stay as they are. Of more than `FINEST`, sides are rounded up to a multiple
    of 2, or of 4, 8, ... until no more are left. Then, again and again, two of them become one, of the larger
    height and the larger width: the two for which the fewest pixels are added, counted over all pictures. The
    order of the pictures does not matter.

    Args:
        sizes: height and width of every picture.
        most: number of shapes, at least 1.

    Example:
        >>> sizes = [(8, 8)] * 5 + [(8, 9), (20, 30), (8, 8)]
        >>> padded_shapes(sizes, most=2)
        {(8, 8): (8, 9), (8, 9): (8, 9), (20, 30): (20, 30)}
    """
    counts = Counter(sizes)
    if len(counts) <= most:
        return {size: size for size in sorted(counts)}
    multiple = 1
    while len({_rounded(size, multiple) for size in counts}) > max(FINEST, most):
        multiple *= 2
    members: dict[HeightAndWidth, list[HeightAndWidth]] = {}
    for size in sorted(counts):
        members.setdefault(_rounded(size, multiple), []).append(size)
    while len(members) > most:
        pictures = {
            shape: sum(counts[size] for size in own) for shape, own in sorted(members.items())
        }
        pair = min(combinations(pictures, 2), key=lambda pair: _added(pair[0], pair[1], pictures))
        own = [size for shape in pair for size in members.pop(shape)]
        members.setdefault(_larger(*pair), []).extend(own)
    return dict(sorted((size, shape) for shape, own in members.items() for size in own))


def pad(picture: np.ndarray, shape: HeightAndWidth) -> np.ndarray:
    """Return a picture ``(h, w, ...)`` continued to a height and width, below and to the right, by reflection.

    The border itself is not repeated; what is too small for its reflection is reflected again and again.

    Example:
        >>> pad(np.asarray([[1, 2, 3]]), (1, 8))
        array([[1, 2, 3, 2, 1, 2, 3, 2]])
    """
    borders = [(0, side - own) for side, own in zip(shape, picture.shape[:2], strict=True)]
    return np.pad(picture, [*borders, *[(0, 0)] * (picture.ndim - 2)], mode="reflect")


def _rounded(size: HeightAndWidth, multiple: int) -> HeightAndWidth:
    return -(-size[0] // multiple) * multiple, -(-size[1] // multiple) * multiple


def _larger(a: HeightAndWidth, b: HeightAndWidth) -> HeightAndWidth:
    return max(a[0], b[0]), max(a[1], b[1])


def _added(a: HeightAndWidth, b: HeightAndWidth, pictures: dict[HeightAndWidth, int]) -> int:
    """The pixels that pictures of two shapes gain if they become one."""
    height, width = _larger(a, b)
    return sum(pictures[one] * (height * width - one[0] * one[1]) for one in (a, b))
