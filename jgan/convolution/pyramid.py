"""Laplacian pyramids (Burt & Adelson 1983), with the 5x5 binomial filter and mirrored borders.

Everything here takes NumPy and JAX arrays alike and answers in kind.
"""

from itertools import pairwise
from typing import Any

FILTER = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
SMALLEST = 16


def _smooth(images: Any, axis: int, scale: float = 1.0, stride: int = 1) -> Any:
    """Every ``stride``-th row or column of the images smoothed along ``axis`` and multiplied by ``scale``."""
    margins = [(2, 2) if number == axis else (0, 0) for number in range(4)]
    padded = images.__array_namespace__().pad(images, margins, mode="reflect")
    size = images.shape[axis]
    ahead = (slice(None),) * axis
    return sum(
        (scale * tap) * padded[(*ahead, slice(start, start + size, stride))]
        for start, tap in enumerate(FILTER)
    )


def down(images: Any) -> Any:
    """Smooth images ``(N, H, W, C)`` with sides of at least 3 and keep every second row and column."""
    return _smooth(_smooth(images, 1, stride=2), 2, stride=2)


def up(images: Any, height: int, width: int) -> Any:
    """Enlarge images to ``height`` x ``width``, which `down` halves to theirs: zeros between, smoothed."""
    for axis, size in ((1, height), (2, width)):
        apart = images.__array_namespace__().stack([images, 0 * images], axis=axis + 1)
        shape = [*images.shape]
        shape[axis] *= 2
        sparse = apart.reshape(shape)[(slice(None),) * axis + (slice(size),)]
        images = _smooth(sparse, axis, scale=2.0)
    return images


def level_count(height: int, width: int) -> int:
    """Levels of a pyramid whose coarsest has a side of 16 pixels or somewhat more, at least 1.

    >>> level_count(64, 64), level_count(28, 28)
    (3, 1)
    """
    levels = 1
    while min(height, width) >= 2 * SMALLEST:
        height, width, levels = (height + 1) // 2, (width + 1) // 2, levels + 1
    return levels


def gaussian_pyramid(images: Any, levels: int) -> list[Any]:
    """The images ``(N, H, W, C)`` at each scale, the largest first: each level is `down` of the one before."""
    scales = [images]
    while len(scales) < levels:
        scales.append(down(scales[-1]))
    return scales


def laplacian_pyramid(images: Any, levels: int) -> list[Any]:
    """Details at each scale, finest first; the last level is the small image itself.

    Args:
      images: ``(N, H, W, C)``, floating point.
      levels: at least 1.
    """
    scales = gaussian_pyramid(images, levels)
    details = [larger - up(smaller, *larger.shape[1:3]) for larger, smaller in pairwise(scales)]
    return [*details, scales[-1]]


def reconstruct(pyramid: list[Any]) -> Any:
    """The images of a pyramid, exact up to rounding."""
    current = pyramid[-1]
    for details in reversed(pyramid[:-1]):
        current = details + up(current, *details.shape[1:3])
    return current
