"""Maps of the parts of the embedded garments, by a known rule, and pictures with a colour for each part.

``load("garments:parts")``.
"""

import numpy as np

PARTS = ("background", "body", "sleeves", "lower", "sole", "handle")
"""The labels of a map, in order; ``lower`` are skirts and the legs of trousers."""
COLOURS = ((0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1))
"""Red, green and blue of each part: black, red, yellow, green, cyan, blue."""
TOPS, DRESS, TROUSER, BAG, SHOES = (0, 2, 4, 6), 3, 1, 8, (5, 7, 9)
DARK, DIM, PALEST = 0.1, 0.3, 0.6
SWATCHES = 8
"""One of so many pictures is a swatch, all of which is one part."""


def part_maps(brightness: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Maps of the parts of garments, int32 ``(N, H, W)``.

    A garment is what is brighter than a tenth. Within the box around it, places run from 0 to 1. Sleeves are
    the outer quarters of a T-shirt, pullover, coat or shirt; a dress is lower below 0.45, trousers below 0.2;
    the sole of a shoe lies below 0.8, the handle of a bag above 0.3. Everything else is body.

    Args:
      brightness: ``(N, H, W)`` in [0, 1].
      label: the classes of Fashion-MNIST, ``(N,)``.

    Example:
      >>> part_maps(np.ones((2, 2, 4)), np.asarray([0, 8])).tolist()
      [[[2, 1, 1, 2], [2, 1, 1, 2]], [[5, 5, 5, 5], [1, 1, 1, 1]]]
    """
    inside = brightness > DARK
    down, across = _places(inside.any(axis=2))[:, :, None], _places(inside.any(axis=1))[:, None]
    of = lambda *classes: np.isin(label, classes)[:, None, None]
    rules = (
        ("sleeves", of(*TOPS) & (np.abs(across - 0.5) > 0.25)),
        ("lower", (of(DRESS) & (down > 0.45)) | (of(TROUSER) & (down > 0.2))),
        ("sole", of(*SHOES) & (down > 0.8)),
        ("handle", of(BAG) & (down < 0.3)),
    )
    parts = np.ones(brightness.shape, np.int32)
    for name, place in rules:
        parts[np.broadcast_to(place, parts.shape)] = PARTS.index(name)
    return np.where(inside, parts, 0).astype(np.int32)


def dyed_parts(brightness: np.ndarray, parts: np.ndarray, paleness: np.ndarray) -> np.ndarray:
    """Pictures ``(N, H, W, 3)`` in [0, 1] whose parts have the colours of `COLOURS`, mixed with white.

    Args:
      brightness: ``(N, H, W)`` in [0, 1], of which 0.3 stands for the darkest.
      parts: their labels.
      paleness: the share of white in the colours, ``(N,)``.
    """
    pure = np.asarray(COLOURS, brightness.dtype)[parts]
    share = paleness.astype(brightness.dtype)[:, None, None, None]
    colours = (1 - share) * pure + share
    shade = np.where(parts > 0, DIM + (1 - DIM) * brightness, 0)
    return shade[..., None] * colours


def parted(
    brightness: np.ndarray, label: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Maps ``(N, H, W)`` of garments and swatches, and pictures ``(N, H, W, 3)`` in [0, 1].

    Every eighth picture is a swatch of one part, in turns, and of one random brightness. Each picture has a
    random paleness.

    Args:
      brightness: of the garments, ``(N, H, W)`` in [0, 1].
      label: their classes, ``(N,)``.
      rng: of brightness and paleness.
    """
    numbers = np.arange(len(label))
    swatch = (numbers % SWATCHES == SWATCHES - 1)[:, None, None]
    part = (1 + numbers // SWATCHES % (len(PARTS) - 1))[:, None, None]
    parts = np.where(swatch, part, part_maps(brightness, label)).astype(np.int32)
    flat = rng.uniform(size=len(label)).astype(brightness.dtype)[:, None, None]
    shade = np.where(swatch, flat, brightness)
    return parts, dyed_parts(shade, parts, PALEST * rng.uniform(size=len(label)))


def _places(inside: np.ndarray) -> np.ndarray:
    """Of each place along a line ``(N, L)``, how far it lies between the first and the last that are inside."""
    length = inside.shape[1]
    first = inside.argmax(axis=1)
    last = length - 1 - inside[:, ::-1].argmax(axis=1)
    return (np.arange(length) - first[:, None] + 0.5) / (last - first + 1)[:, None]
