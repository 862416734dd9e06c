"""Pictures of what a view returns: grids of images, scatter plots of points."""

import io
import math

import numpy as np
from PIL import Image

_INK = np.array([31, 119, 180], np.float32)
_GREY = np.array([200, 200, 200], np.float32)


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Images in [-1, 1] to uint8, rounded and clipped."""
    return np.clip(np.rint((np.asarray(images, np.float32) + 1) * 127.5), 0, 255).astype(np.uint8)


def grid(images: np.ndarray, columns: int | None = None, gap: int = 1) -> np.ndarray:
    """Images ``(B, H, W, C)`` in [-1, 1] side by side, ``(H', W', C)`` uint8.

    >>> grid(np.zeros((3, 4, 4, 1)), columns=2, gap=1).shape
    (9, 9, 1)
    """
    pixels = to_uint8(images)
    count, height, width, channels = pixels.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    sheet = np.zeros(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, channels), np.uint8
    )
    for index, image in enumerate(pixels):
        top, left = (index // columns) * (height + gap), (index % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = image
    return sheet


def scatter(points: np.ndarray, reference: np.ndarray, pixels: int = 384) -> np.ndarray:
    """The first two coordinates of ``points`` over those of ``reference`` (grey), ``(S, S, 3)`` uint8.

    The frame is that of the reference, a tenth wider; points outside it are drawn at its edge.
    """
    low, high = reference[:, :2].min(axis=0), reference[:, :2].max(axis=0)
    centre, half = (low + high) / 2, 0.6 * max(float((high - low).max()), 1e-6)
    canvas = np.full((pixels, pixels, 3), 255, np.float32)
    for cloud, ink in ((reference, _GREY), (points, _INK)):
        place = np.nan_to_num((np.asarray(cloud)[:, :2] - centre) / half)
        place = np.clip((place + 1) / 2 * (pixels - 1), 1, pixels - 2).astype(int)
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                canvas[pixels - 1 - place[:, 1] + dy, place[:, 0] + dx] = ink
    return canvas.astype(np.uint8)


def picture(view: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """A picture of a view's result: a grid of images ``(B, H, W, C)``, or a scatter of points ``(B, d)``."""
    return grid(view) if np.ndim(view) == 4 else scatter(np.asarray(view), np.asarray(reference))


def encode_png(pixels: np.ndarray) -> bytes:
    """``(H, W, 1)``, ``(H, W, 3)`` or ``(H, W, 4)`` uint8 as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(buffer, "png")
    return buffer.getvalue()
