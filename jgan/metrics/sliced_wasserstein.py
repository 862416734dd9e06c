"""Sliced Wasserstein distances: of features, and of image patches at several scales (Karras et al. 2018)."""

import numpy as np

from jgan.convolution.pyramid import laplacian_pyramid, level_count
from jgan.metrics.pairwise import as_features, check_pair

PATCH = 7
DIRECTIONS = 128


def sliced_wasserstein(
    first: object,
    second: object,
    *,
    directions: int = 512,
    order: int = 1,
    seed: int = 0,
) -> float:
    """(mean over random directions of W_p^p of the projections)^(1/p) (Rabin et al. 2011).

    For N(0, I) against N(m, I): order 1 gives |m| Γ(d/2)/(√π Γ((d+1)/2)), order 2 gives |m|/√d.

    Args:
      first: ``(n, d)``.
      second: ``(n, d)``, as many: the projections are sorted and compared one to one.
      directions: uniform on the sphere, computed `DIRECTIONS` at a time.
      order: p, 1 or 2.
      seed: of the directions.

    Raises:
      ValueError: if the sets differ in size or dimension, or ``order`` is neither 1 nor 2.
    """
    x, y = as_features(first, "first"), as_features(second, "second")
    check_pair(x, y)
    if len(x) != len(y):
        raise ValueError(
            f"the two sets have {len(x)} and {len(y)} examples; they must have as many."
        )
    if order not in (1, 2):
        raise ValueError(f"order is {order}, but must be 1 or 2.")
    return _sliced(x, y, directions, order, np.random.default_rng(seed))


def _sliced(
    x: np.ndarray, y: np.ndarray, directions: int, order: int, rng: np.random.Generator
) -> float:
    total = 0.0
    for start in range(0, directions, DIRECTIONS):
        normals = rng.normal(size=(x.shape[1], min(DIRECTIONS, directions - start)))
        normals = (normals / np.linalg.norm(normals, axis=0)).astype(x.dtype)
        # Rows are contiguous when each direction is a row, and sort several times faster.
        gaps = np.sort(normals.T @ x.T, axis=1) - np.sort(normals.T @ y.T, axis=1)
        total += float(np.sum(np.mean(np.abs(gaps, out=gaps) ** order, axis=1, dtype=np.float64)))
    return (total / directions) ** (1 / order)


def patches(
    images: np.ndarray, count: int, rng: np.random.Generator, size: int = PATCH
) -> np.ndarray:
    """``count`` patches from random places of each image, ``(N * count, size, size, C)`` float32."""
    number, height, width, _ = images.shape
    tops = rng.integers(0, height - size + 1, (number, count))
    lefts = rng.integers(0, width - size + 1, (number, count))
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))
    cut = windows[np.arange(number)[:, None], tops, lefts]  # (N, count, C, size, size)
    return cut.reshape(-1, *cut.shape[2:]).transpose(0, 2, 3, 1).astype(np.float32)


def descriptors(cut: np.ndarray) -> np.ndarray:
    """Patches as vectors, every channel scaled to mean 0 and deviation 1 over all of them."""
    mean = cut.mean(axis=(0, 1, 2), dtype=np.float64)
    std = cut.std(axis=(0, 1, 2), dtype=np.float64)
    scaled = (cut - mean.astype(np.float32)) / np.where(std > 0, std, 1).astype(np.float32)
    return scaled.reshape(len(cut), -1)


def patch_distances(
    first: np.ndarray,
    second: np.ndarray,
    *,
    patches_per_image: int = 128,
    directions: int = 512,
    seed: int = 0,
) -> dict[str, float]:
    """10³ times the sliced W₁ of 7x7 patches, at each level of a Laplacian pyramid and raw.

    The protocol of Karras et al. 2018, "Progressive growing of GANs", section 5: 16,384 images, 128
    descriptors from each, every channel normalised over the set, 4 x 128 directions. Each set is normalised
    by itself, so a change of contrast alone is not seen.

    Args:
      first: images ``(N, H, W, C)``.
      second: as many of the same shape.
      patches_per_image: descriptors from each image and level.
      directions: of the projections.
      seed: of places and directions.

    Returns:
      By name: "64", "32", "16" for the levels with a side of so many pixels, "mean" of the levels, and
      "raw" for patches of the images themselves.

    Raises:
      ValueError: if the sets differ in size or shape, or a side is shorter than a patch.
    """
    if first.shape != second.shape or first.ndim != 4:
        raise ValueError(
            f"images have shapes {first.shape} and {second.shape}, but must be (N, H, W, C) and alike."
        )
    if min(first.shape[1:3]) < PATCH:
        raise ValueError(
            f"images are {first.shape[1]} x {first.shape[2]}, but patches need {PATCH} x {PATCH} pixels."
        )
    rng = np.random.default_rng(seed)
    levels = level_count(*first.shape[1:3])
    pyramids = [
        laplacian_pyramid(np.asarray(images, np.float32), levels) for images in (first, second)
    ]

    def distance(pair: list[np.ndarray]) -> float:
        cut = [descriptors(patches(images, patches_per_image, rng)) for images in pair]
        return 1000 * _sliced(cut[0], cut[1], directions, 1, rng)

    found = {
        str(min(one.shape[1:3])): distance([one, other])
        for one, other in zip(*pyramids, strict=True)
    }
    raw = distance([np.asarray(first, np.float32), np.asarray(second, np.float32)])
    return {**found, "mean": float(np.mean(list(found.values()))), "raw": raw}
