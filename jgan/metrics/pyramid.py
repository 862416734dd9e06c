"""Laplacian pyramids (Burt & Adelson 1983), with the 5x5 binomial filter and mirrored borders."""

import numpy as np
from scipy import ndimage

FILTER = np.array([1, 4, 6, 4, 1], np.float32) / 16
SMALLEST = 16


def _smooth(images: np.ndarray, scale: float = 1.0) -> np.ndarray:
    rows = ndimage.correlate1d(images, FILTER * np.float32(scale), axis=1, mode="mirror")
    return ndimage.correlate1d(rows, FILTER * np.float32(scale), axis=2, mode="mirror")


def down(images: np.ndarray) -> np.ndarray:
    """Smooth images ``(N, H, W, C)`` and keep every second row and column."""
    return _smooth(images)[:, ::2, ::2]


def up(images: np.ndarray, height: int, width: int) -> np.ndarray:
    """Enlarge images to ``height`` x ``width``, which `down` halves to theirs: zeros between, smoothed."""
    sparse = np.zeros((len(images), height, width, images.shape[3]), np.float32)
    sparse[:, ::2, ::2] = images
    return _smooth(sparse, 2.0)


def level_count(height: int, width: int) -> int:
    """Levels of a pyramid whose coarsest has a side of 16 pixels or somewhat more, at least 1.

    >>> level_count(64, 64), level_count(28, 28)
    (3, 1)
    """
    levels = 1
    while min(height, width) >= 2 * SMALLEST:
        height, width, levels = (height + 1) // 2, (width + 1) // 2, levels + 1
    return levels


def laplacian_pyramid(images: np.ndarray, levels: int) -> list[np.ndarray]:
    """Details at each scale, finest first; the last level is the small image itself.

    Args:
      images: ``(N, H, W, C)``.
      levels: at least 1.
    """
    current = np.asarray(images, np.float32)
    result = []
    for _ in range(levels - 1):
        smaller = down(current)
        result.append(current - up(smaller, *current.shape[1:3]))
        current = smaller
    return [*result, current]


def reconstruct(pyramid: list[np.ndarray]) -> np.ndarray:
    """The images of a pyramid, exact up to rounding."""
    current = pyramid[-1]
    for details in reversed(pyramid[:-1]):
        current = details + up(current, *details.shape[1:3])
    return current
