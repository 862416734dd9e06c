"""One picture of any kind as uint8 ``(H, W, C)``, many of them in threads, and the memory there is."""

import contextlib
import functools
import os
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from PIL import ExifTags, Image

from jgan.display import task

Size = int | tuple[int, int] | None
LONGEST = 8192
"""Pixels to which pictures are resized at most; a longer side is a slip, and would take minutes a picture."""

_GRAY = ("1", "L", "LA", "La")
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Below three times the target's size, cheap reductions before the filter would be seen.
_GAP = 3
_BLOCK, _TASK = 512, 16


@functools.cache
def formats() -> list[str]:
    """Return the formats that Pillow decodes, without those that need another program."""
    Image.init()
    # EPS would start Ghostscript; the others are recognised but never decoded.
    return sorted(set(Image.OPEN) - {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"})


@functools.cache
def extensions() -> frozenset[str]:
    """Return the extensions of these formats, such as ".png"."""
    known = Image.registered_extensions().items()
    return frozenset(extension for extension, name in known if name in formats())


def target_shape(image_size: Size, channels: int | None) -> tuple[int, int] | None:
    """Return ``image_size`` as height and width, None for None.

    Raises:
        ValueError: if a length is not in 1 .. `LONGEST` or ``channels`` is not 1, 3 or None.

    Example:
        >>> target_shape(64, None)
        (64, 64)
    """
    if channels not in (1, 3, None):
        raise ValueError(f"channels is {channels}; it must be 1, 3 or None.")
    if image_size is None:
        return None
    height, width = (image_size, image_size) if isinstance(image_size, int) else image_size
    if not 1 <= min(height, width) <= max(height, width) <= LONGEST:
        raise ValueError(f"image_size is {image_size}; every length must be 1 to {LONGEST}.")
    return height, width


class Header(NamedTuple):
    """What a file says of its picture before it is decoded.

    Attributes:
        height: of the upright picture, in pixels.
        width: likewise.
        gray: whether it is stored without colour.
        transparent: whether it is stored with opacity.
        deep: whether it is stored with 16 bits a channel, as far as Pillow keeps them.
    """

    height: int
    width: int
    gray: bool
    transparent: bool
    deep: bool


def header(path: Path | IO[bytes]) -> Header:
    """Return what a file says of its picture."""
    with Image.open(path, formats=formats()) as image:
        width, height = image.size[::-1] if _orientation(image) >= 5 else image.size
        deep = image.mode.startswith("I")
        gray = image.mode in _GRAY or deep
        return Header(height, width, gray, image.has_transparency_data, deep)


def read_picture(path: Path | IO[bytes], shape: tuple[int, int, int]) -> np.ndarray:
    """Decode a file, the first frame if it has several, as ``convert`` does."""
    with Image.open(path, formats=formats()) as image:
        # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size, several times as fast.
        drafted = image.draft(None, (_GAP * max(shape[:2]),) * 2)
        return convert(image, shape, drafted[1][2:] if drafted else None)


def convert(
    image: Image.Image, shape: tuple[int, int, int], extent: tuple[float, float] | None = None
) -> np.ndarray:
    """Return a picture as uint8 of the given shape.

    The picture is turned upright by its EXIF orientation. 16 bits are scaled to 8, transparency is
    composited on white, palettes, CMYK and the like become RGB, and for one channel colour becomes
    luma (ITU-R 601). The largest centred box of the target's aspect ratio is cut out, in whole
    pixels, and resized by Lanczos (smaller pictures are enlarged).

    Args:
        image: of any mode but F, whose values have no fixed range.
        shape: height, width and 1 or 3 channels.
        extent: width and height of the picture itself where it was decoded at a fraction of its
            size, whose last column and row may then be filled only in part.

    Raises:
        ValueError: for a picture of floats.

    Example:
        >>> convert(Image.new("RGBA", (6, 4), (255, 0, 0, 0)), (2, 2, 3))[0, 0].tolist()
        [255, 255, 255]
    """
    orientation = _orientation(image)
    if image.mode == "F":
        raise ValueError("a picture of floats has no fixed range")
    if image.mode.startswith("I"):
        deep = np.clip(np.asarray(image).astype(np.int64), 0, 65535)
        image = Image.fromarray(((deep + 128) // 257).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("L" if shape[2] == 1 else "RGB")
    height, width = shape[1::-1] if orientation >= 5 else shape[:2]
    image = _fit(image, width, height, extent)
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    return np.asarray(image).reshape(shape)


def _fit(
    image: Image.Image, width: int, height: int, extent: tuple[float, float] | None
) -> Image.Image:
    whole = extent or image.size
    scale = min(whole[0] / width, whole[1] / height)
    box = None
    if extent is None:
        across, down = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (image.width - across) // 2, (image.height - down) // 2
        image = image.crop((left, top, left + across, top + down))
    else:
        # Rounding must not reach over the edge.
        x, y = max(0, whole[0] - width * scale) / 2, max(0, whole[1] - height * scale) / 2
        right, bottom = x + width * scale, y + height * scale
        box = (x, y, min(right, image.width), min(bottom, image.height))
    return image.resize((width, height), Image.Resampling.LANCZOS, box, reducing_gap=_GAP)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ExifTags.Base.Orientation)
        return value if value in _UPRIGHT else 1
    except Exception:  # damaged metadata says nothing about the pixels
        return 1


def in_threads[T](
    read: Callable[[int], T], count: int, what: str = "reading"
) -> tuple[dict[int, T], dict[int, Exception]]:
    """Call ``read`` with 0 .. count - 1 in a few threads, shown as ``what``; return results, failures."""
    results: dict[int, T] = {}
    failures: dict[int, Exception] = {}

    def attempt(indices: range) -> None:
        for index in indices:
            try:
                results[index] = read(index)
            except Exception as error:  # a damaged file fails in as many ways as there are formats
                failures[index] = error

    # Pillow warns of odd metadata and of very large pictures, which are read all the same.
    threads = min(os.cpu_count() or 1, 16)
    with (
        warnings.catch_warnings(),
        ThreadPoolExecutor(threads) as pool,
        task(what, count, "pictures") as shown,
    ):
        warnings.simplefilter("ignore")
        for start in range(0, count, _BLOCK):  # so that Ctrl-C waits for one block only
            block = range(count)[start : start + _BLOCK]
            # Handing over a single small picture costs as much as decoding it.
            list(pool.map(attempt, [block[i : i + _TASK] for i in range(0, len(block), _TASK)]))
            shown.update(block.stop)
    return results, failures


def fits_memory(shape: tuple[int, ...], limit_bytes: float | None) -> bool:
    """Whether a uint8 array may be kept in memory: within ``limit_bytes``, or half of what is available."""
    limit = available_bytes() / 2 if limit_bytes is None else limit_bytes
    return float(np.prod(shape, dtype=float)) <= limit


def available_bytes() -> float:
    """Return the memory that a process may still use, infinity where that is not known."""
    found = [float("inf")]
    with contextlib.suppress(OSError, ValueError, IndexError):
        text = Path("/proc/meminfo").read_text()
        found.append(int(text.split("MemAvailable:")[1].split()[0]) * 1024)
    with contextlib.suppress(OSError, ValueError):  # "max" where a container has no limit
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    if len(found) == 1 and hasattr(os, "sysconf"):
        with contextlib.suppress(OSError, ValueError):
            found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(found)
