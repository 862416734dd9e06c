"""Labelled pictures that a small classifier learns in a second."""

import numpy as np

from jgan.data import Source


def quadrants(count, seed, side=8, channels=1):
    """Pictures of noise with one bright quarter, and which one."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 4, count).astype(np.int32)
    images = draw.integers(0, 100, (count, side, side, channels), np.uint8)
    half = side // 2
    for image, label in zip(images, labels, strict=True):
        row, column = divmod(int(label), 2)
        image[row * half : (row + 1) * half, column * half : (column + 1) * half] += 150
    return Source({"image": images, "label": labels}, "quadrants")
