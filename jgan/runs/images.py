"""Pictures of what a view returns: grids of images, plots of points.

Every picture can be drawn: of two channels the first is red and the second green, of five and more the first
three are red, green and blue. One is grey, three are colours, and four are colours and their opacity.
"""

import io
import math
from typing import Any

import numpy as np
from PIL import Image

_INK = np.array([31, 119, 180], np.float32)
_GREY = np.array([200, 200, 200], np.float32)
_BINS = 48


def to_uint8(images: np.ndarray) -> np.ndarray:
    """Images in [-1, 1] to uint8, rounded and clipped."""
    return np.clip(np.rint((np.asarray(images, np.float32) + 1) * 127.5), 0, 255).astype(np.uint8)


def drawable(pixels: np.ndarray) -> np.ndarray:
    """Pixels of any number of channels ``(..., C)`` uint8 as those of 1, 3 or 4, as this file says above.

    >>> drawable(np.asarray([9, 8], np.uint8)).tolist(), drawable(np.arange(5, dtype=np.uint8)).tolist()
    ([9, 8, 0], [0, 1, 2])
    """
    channels = pixels.shape[-1]
    if channels == 2:
        return np.concatenate([pixels, np.zeros_like(pixels[..., :1])], axis=-1)
    return pixels[..., :3] if channels > 4 else pixels


def shown_channels(channels: int) -> str:
    """What `drawable` shows of so many channels, in words; nothing where it shows them all as they are.

    >>> shown_channels(5), shown_channels(3)
    ('the first 3 of 5 channels as red, green and blue', '')
    """
    if channels == 2:
        return "2 channels as red and green"
    return f"the first 3 of {channels} channels as red, green and blue" if channels > 4 else ""


def grid(images: np.ndarray, columns: int | None = None, gap: int = 1) -> np.ndarray:
    """Images ``(B, H, W, C)`` in [-1, 1] side by side, ``(H', W', C')`` uint8, as `drawable` shows them.

    >>> grid(np.zeros((3, 4, 4, 1)), columns=2, gap=1).shape
    (9, 9, 1)
    """
    pixels = drawable(to_uint8(images))
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

    Points of one coordinate are drawn as `histogram` does.

    The frame is that of the reference, a tenth wider; points outside it are drawn at its edge.
    """
    if reference.shape[1] == 1:
        return histogram(points[:, 0], reference[:, 0], pixels)
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


def histogram(values: np.ndarray, reference: np.ndarray, pixels: int = 384) -> np.ndarray:
    """The histogram of ``values`` (N,), a line, over ``reference`` (M,), grey bars; ``(S, S, 3)`` uint8.

    The frame is that of the reference, a tenth wider, in 48 bins; values outside it count at its edge. Both
    are shares, so that the numbers of points do not matter.
    """
    low, high = float(reference.min()), float(reference.max())
    centre, half = (low + high) / 2, 0.6 * max(high - low, 1e-6)

    def shares(cloud: np.ndarray) -> np.ndarray:
        place = np.clip(np.nan_to_num((np.asarray(cloud, float) - centre) / half), -1, 1)
        return np.histogram(place, _BINS, (-1, 1))[0] / max(len(place), 1)

    bars, line = shares(reference), shares(values)
    scale = 0.9 * (pixels - 1) / max(bars.max(), line.max())
    column = np.arange(pixels) * _BINS // pixels
    above = pixels - 1 - np.arange(pixels)[:, None]  # of each row, over the lower edge
    canvas = np.full((pixels, pixels, 3), 255, np.float32)
    canvas[above < np.rint(scale * bars)[column]] = _GREY
    canvas[np.abs(above - np.rint(scale * line)[column]) <= 1] = _INK
    return canvas.astype(np.uint8)


def picture(view: np.ndarray, reference: Any) -> np.ndarray:
    """A picture of a view's result.

    Args:
      view: images ``(B, H, W, C)``, which make about a square, or ``(rows, columns, H, W, C)``, or points
        ``(B, d)``, which are plotted.
      reference: points that those of a view are drawn over.

    >>> picture(np.zeros((2, 3, 4, 4, 1)), None).shape
    (9, 14, 1)
    """
    if np.ndim(view) == 5:
        return grid(view.reshape(-1, *view.shape[2:]), columns=view.shape[1])
    return grid(view) if np.ndim(view) == 4 else scatter(np.asarray(view), np.asarray(reference))


def encode_png(pixels: np.ndarray) -> bytes:
    """``(H, W, C)`` uint8 as a PNG file, as `drawable` shows it."""
    buffer, pixels = io.BytesIO(), drawable(pixels)
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(buffer, "png")
    return buffer.getvalue()
