"""Translations of garments with a known truth, made from the embedded pictures: pairs, and unpaired domains.

``load("garments:edges")`` and so on, by the names of `TRANSLATIONS`. What is random about a picture (the phase
of a weave, a hue) depends on its place in the set alone.
"""

from collections.abc import Callable

import numpy as np

from jgan.data.class_names import FASHION
from jgan.data.fashion_mnist import embedded
from jgan.data.garment_attributes import attributed, random_vectors
from jgan.data.garment_parts import parted
from jgan.data.source import Source

TOPS = (0, 2, 3, 4, 6)
"""The classes worn above the waist: T-shirt/top, pullover, dress, coat, shirt."""
SHIFTS = np.asarray([1 / 3 if label in TOPS else 2 / 3 for label in range(10)])
"""By class, how far a garment's hue is turned from domain ``a`` to domain ``b``, in turns."""
WEAVE, PERIOD = 0.5, 4
DYES = {"red": 0.0, "yellow": 1 / 6, "green": 1 / 3, "blue": 2 / 3}
"""The colours that garments are dyed in, and their hues."""
WEAVES = {"plain": (0, 0), "hoops": (1, 0), "stripes": (0, 1), "twill": (1, 1)}
"""The weaves of garments that have an owner: how many pixels a stripe moves on, by row and by column."""
OWNERS = tuple(f"{dye} {weave}" for dye in DYES for weave in WEAVES)
"""The owners of garments, each of whom has a colour and a weave."""


def hued(brightness: np.ndarray, hue: np.ndarray) -> np.ndarray:
    """Grey pictures in a colour each: black stays black, white becomes the pure colour of the hue.

    Args:
        brightness: ``(N, H, W)`` in [0, 1].
        hue: ``(N,)`` in turns: 0 is red, 1/3 green, 2/3 blue.

    Returns:
        Red, green and blue, ``(N, H, W, 3)`` in [0, 1].

    Example:
        >>> hued(np.ones((2, 1, 1)), np.asarray([1 / 6, 2 / 3])).reshape(2, 3).round(3).tolist()
        [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    thirds = np.asarray([0, 1 / 3, 2 / 3])
    away = np.abs((hue[:, None] - thirds + 0.5) % 1 - 0.5)
    pure = np.clip(2 - 6 * away, 0, 1).astype(brightness.dtype)
    return brightness[..., None] * pure[:, None, None]


def edges(brightness: np.ndarray) -> np.ndarray:
    """Gradients by central differences, their length cut off at 1, of pictures ``(N, H, W, ...)`` in [0, 1]."""
    down, across = np.gradient(brightness, axis=(1, 2))
    return np.minimum(2 * np.hypot(down, across), 1)


def woven(brightness: np.ndarray, phase: np.ndarray) -> np.ndarray:
    """Pictures ``(N, H, W)`` in [0, 1] with diagonal stripes, two pixels as they are and two half as bright.

    At every pixel both are equally likely, so that a stripe which is guessed costs as much in absolute error as
    any grey in between.

    Args:
        brightness: of the garments.
        phase: of the stripes, 0 to 3 pixels ``(N,)``.

    Example:
        >>> woven(np.ones((1, 1, 6)), np.asarray([1])).tolist()
        [[[0.5, 1.0, 1.0, 0.5, 0.5, 1.0]]]
    """
    return _striped(brightness, phase, np.ones((len(brightness), 2), int))


def _striped(brightness: np.ndarray, phase: np.ndarray, way: np.ndarray) -> np.ndarray:
    """As `woven`, of stripes that move on by ``way`` pixels ``(N, 2)`` a row and a column; of none for 0, 0."""
    rows, columns = np.indices(brightness.shape[1:])
    place = way[:, :1, None] * rows + way[:, 1:, None] * columns + phase[:, None, None]
    dark = (place % PERIOD < PERIOD // 2) & way.any(axis=1)[:, None, None]
    return brightness * np.where(dark, 1 - WEAVE, 1)


def _edges(split: str) -> Source:
    brightness, _, rng = _garments(split)
    phase = rng.integers(PERIOD, size=len(brightness))
    fields = {"a": edges(brightness), "b": woven(brightness, phase)}
    return _paired(fields, "edges")


def _colours(split: str) -> Source:
    brightness, label, _ = _garments(split)
    return _paired({"a": brightness, "b": hued(brightness, label / 10)}, "colours")


def _hues(split: str) -> Source:
    brightness, label, rng = _garments(split)
    hue = rng.uniform(size=len(label)) / 3
    turned = hue + SHIFTS[label]
    if split == "test":
        return _paired({"a": hued(brightness, hue), "b": hued(brightness, turned)}, "hues")
    # Classes take turns in the embedded set, so both halves have all of them, and no garment is in both.
    first, second = np.split(np.arange(len(label)), 2)
    fields = {
        "a": _bytes(hued(brightness[first], hue[first])),
        "b": _bytes(hued(brightness[second], turned[second])),
    }
    tables = {name: (name,) for name in fields}
    return Source(fields, "garments:hues", tables=tables, example="b")


def _dyes(split: str) -> Source:
    brightness, _, rng = _garments(split)
    label = rng.integers(len(DYES), size=len(brightness)).astype(np.int32)
    hue = np.asarray([*DYES.values()])[label]
    fields = {"image": _bytes(hued(brightness, hue)), "label": label}
    return Source(fields, "garments:dyes", classes=tuple(DYES))


def _owners(split: str) -> Source:
    brightness, label, rng = _garments(split)
    owner = rng.integers(len(OWNERS), size=len(brightness)).astype(np.int32)
    dye, weave = np.divmod(owner, len(WEAVES))
    phase = rng.integers(PERIOD, size=len(brightness))
    cloth = _striped(brightness, phase, np.asarray([*WEAVES.values()])[weave])
    pictures = hued(cloth, np.asarray([*DYES.values()])[dye])
    fields = {"image": _bytes(pictures), "label": label, "identity": owner}
    return Source(fields, "garments:owners", classes=FASHION)


def _attributes(split: str) -> Source:
    brightness, kind, rng = _garments(split)
    vectors = random_vectors(kind, rng, rare=split == "test")
    fields = {"image": _bytes(attributed(brightness, vectors)), "label": vectors, "kind": kind}
    return Source(fields, "garments:attributes")


def _parts(split: str) -> Source:
    brightness, label, rng = _garments(split)
    parts, pictures = parted(brightness, label, rng)
    return Source({"image": _bytes(pictures), "mask": parts}, "garments:parts")


def _garments(split: str) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    """Brightness ``(N, 28, 28)`` in [0, 1] and classes ``(N,)`` of the garments, and a generator of chances."""
    source = embedded(split)
    brightness = source.arrays["image"][..., 0].astype(np.float32) / 255
    return brightness, source.arrays["label"], np.random.default_rng(len(brightness))


def _paired(fields: dict[str, np.ndarray], name: str) -> Source:
    arrays = {field: _bytes(values) for field, values in fields.items()}
    return Source(arrays, f"garments:{name}", example="b")


def _bytes(values: np.ndarray) -> np.ndarray:
    """Values in [0, 1] as uint8, with an axis of channels."""
    pixels = np.rint(255 * values).astype(np.uint8)
    return pixels if pixels.ndim == 4 else pixels[..., None]


TRANSLATIONS: dict[str, Callable[[str], Source]] = {
    "edges": _edges,
    "colours": _colours,
    "hues": _hues,
    "dyes": _dyes,
    "parts": _parts,
    "owners": _owners,
    "attributes": _attributes,
}


def translation(name: str, split: str = "train") -> Source:
    """Return garments in several domains, which are translated into each other by a known rule.

    * ``edges``, paired: ``b`` is a garment under a weave whose phase is random, ``a`` its edges, in which
      neither the weave nor the brightness can be seen.
    * ``colours``, paired: ``a`` is a grey garment, ``b`` the same in the colour of its class, hue label/10.
    * ``hues``, unpaired: both are garments in one colour. The hues of ``a`` are uniform from red to green,
      those of ``b`` are turned on by one third for garments worn above the waist and by two thirds for others,
      so that a colour has two translations, between which the shape decides. In the training set no garment is
      in both domains; the test set has the right translations, row by row.
    * ``dyes``, labelled: ``image`` is a garment in one of the colours of `DYES`, ``label`` which; the right
      translation is the same garment in another colour.
    * ``parts``, pictures with maps: ``mask`` holds the labels of `jgan.data.garment_parts.PARTS`, ``image`` a
      garment whose parts have a colour each, more or less pale. One picture in eight is a swatch, all of which
      is one part.
    * ``owners``, labelled twice: ``image`` is a garment in the colour and the weave of its owner, one of the 16
      of `OWNERS`, ``identity`` which, and ``label`` the garment's class, of which the owner tells nothing.
    * ``attributes``: ``image`` is a garment with or without each of `jgan.data.garment_attributes.ATTRIBUTES`,
      ``label`` which it has, ``(3,)``, and ``kind`` its class. In the training set no bag has any.

    Args:
        name: one of `TRANSLATIONS`.
        split: "train", 10,000 garments, or "test", 1,000.

    Raises:
        ValueError: if there is no such translation.

    Example:
        >>> translation("hues").describe()
        'garments:hues: 5000 examples of a; a uint8 (28, 28, 3); 5000 examples of b; b uint8 (28, 28, 3);
         an example is b'
    """
    if name not in TRANSLATIONS:
        allowed = ", ".join(f"garments:{known}" for known in TRANSLATIONS)
        raise ValueError(f"there is no source 'garments:{name}'; allowed are {allowed}.")
    return TRANSLATIONS[name](split)
