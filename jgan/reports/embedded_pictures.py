"""Pictures through time within a budget of bytes."""

import base64
import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from jgan.reports.runs import Picture, Run

BUDGET = 12_000_000
"""Bytes of all pictures of a report; a third more as text."""
MOST = 25
SIDE, LEAST = 1024, 64


class Frame(NamedTuple):
    """A picture inside the page.

    Attributes:
      step: of the run.
      data: a data URL.
      size: width and height in pixels.
      scatter: whether it is one of points on white, which a dark page inverts.
    """

    step: int
    data: str
    size: tuple[int, int]
    scatter: bool


def strips(runs: Sequence[Run], view: str, budget: int) -> list[tuple[Run, list[Frame]]]:
    """For each run that has pictures of a view, some through time, the first and the last among them.

    Args:
      runs: that may have pictures.
      view: of the game.
      budget: bytes for all of them. Where it is short there are fewer pictures, and then smaller ones.
    """
    having = [run for run in runs if run.pictures.get(view)]
    found = []
    for run in having:
        share = budget // len(having)
        pictures = run.pictures[view]
        size = int(np.median([picture.path.stat().st_size for picture in pictures]))
        count = int(np.clip(share // max(size, 1), 2, MOST))
        frames = (frame(picture, share // count) for picture in evenly(pictures, count))
        kept = [each for each in frames if each is not None]
        if kept:
            found.append((run, kept))
        else:
            run.notes.append(f"the pictures of {view} could not be read and are left out")
    return found


def evenly[T](entries: Sequence[T], count: int) -> list[T]:
    """So many of the entries at equal distances, the first and the last among them; all if there are no more.

    >>> evenly("abcdef", 3)
    ['a', 'c', 'f']
    """
    if len(entries) <= count:
        return list(entries)
    return [entries[i] for i in np.linspace(0, len(entries) - 1, count).round().astype(int)]


def frame(picture: Picture, most: int) -> Frame | None:
    """A picture as a PNG of at most ``most`` bytes, or `LEAST` pixels; None if it cannot be read."""
    try:
        found = _small(picture.path.read_bytes(), most)
    except OSError:
        return None
    if found is None:
        return None
    return Frame(picture.step, _url(found.content), found.size, _is_scatter(found.image))


def data_url(content: bytes, most: int) -> tuple[tuple[int, int], str] | None:
    """Width, height and data URL of a PNG file's picture of at most ``most`` bytes, or `LEAST` pixels.

    None if it cannot be read.
    """
    found = _small(content, most)
    return None if found is None else (found.size, _url(found.content))


class _Small(NamedTuple):
    image: Image.Image
    size: tuple[int, int]
    content: bytes


def _small(content: bytes, most: int) -> _Small | None:
    try:
        with Image.open(io.BytesIO(content)) as opened:
            image = opened if opened.mode in ("L", "RGB", "RGBA") else opened.convert("RGB")
            image.load()
            small, side = image, min(SIDE, max(image.size))
            while max(small.size) > SIDE or (len(content) > most and side >= LEAST):
                small = image.copy()
                small.thumbnail((side, side), Image.Resampling.LANCZOS)
                content = _png(small)
                side = side * 3 // 4
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    return _Small(image, small.size, content)


def _url(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "png", optimize=True)
    return buffer.getvalue()


def _is_scatter(image: Image.Image) -> bool:
    """Whether it is a square with no more shades than paper, data and samples."""
    shades = image.getcolors(maxcolors=3) if image.mode == "RGB" else None
    square = image.size[0] == image.size[1]
    return square and shades is not None and (255, 255, 255) in {shade for _, shade in shades}
