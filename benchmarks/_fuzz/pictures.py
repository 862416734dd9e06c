"""Contents of picture files: every mode and format that people have, and broken ones."""

import functools
import io

import numpy as np
from hypothesis import strategies as st
from PIL import Image

SIZES = ((8, 8), (8, 8), (8, 8), (1, 1), (16, 8), (1, 300), (3, 5))
WAYS = (
    *(("png", mode) for mode in ("L", "L", "RGB", "RGB", "1", "LA", "P", "RGBA", "I;16")),
    *(("tiff", mode) for mode in ("F", "I", "I;16", "CMYK", "LAB", "RGB", "I;16B")),
    *(("gif", "P"), ("gif", "animated"), ("jpeg", "L"), ("jpeg", "CMYK"), ("bmp", "RGB")),
    *(("webp", "RGBA"), ("png", "animated"), ("jpeg", "turned"), ("ppm", "RGB")),
)
"""Formats, and modes or what else is odd of them."""


@functools.cache
def encoded(kind: str, mode: str, size: tuple[int, int], shade: int) -> bytes:
    """A picture as a file holds it."""
    buffer = io.BytesIO()
    pixels = np.arange(3 * size[0] * size[1]).reshape(size[1], size[0], 3) * shade % 256
    image = Image.fromarray(pixels.astype(np.uint8))
    if mode == "animated":
        image.save(buffer, kind, save_all=True, append_images=[image.rotate(90), image.rotate(180)])
    elif mode == "turned":
        exif = Image.Exif()
        exif[0x0112] = 6
        image.save(buffer, kind, exif=exif)
    elif mode in ("F", "I", "I;16", "I;16B"):
        dtype = {"F": "float32", "I": "int32", "I;16": "uint16", "I;16B": ">u2"}[mode]
        Image.fromarray((pixels[:, :, 0] * 200).astype(dtype)).save(buffer, kind)
    elif mode == "LAB":
        Image.new("LAB", size, (shade, 1, 2)).save(buffer, kind)
    else:
        image.convert(mode).save(buffer, kind)
    return buffer.getvalue()


@st.composite
def pictures(draw: st.DrawFn, plain: bool) -> bytes:
    """The bytes of a picture; of one size and format if ``plain``, else of any, and some of them damaged."""
    shade = draw(st.integers(1, 5))
    if plain:
        return encoded("png", "RGB", (8, 8), shade)
    kind, mode = draw(st.sampled_from(WAYS))
    content = encoded(kind, mode, draw(st.sampled_from(SIZES)), shade)
    damage = draw(st.sampled_from((*("none",) * 20, "cut", "altered", "empty", "text")))
    at = draw(st.integers(0, len(content) - 1))
    return {
        "cut": content[:at],
        "altered": content[:at] + bytes([255 - content[at]]) + content[at + 1 :],
        "empty": b"",
        "text": b"no picture",
    }.get(damage, content)
