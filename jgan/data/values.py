"""The values of pictures and masks as a source holds them, whatever range they were stored in."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from jgan.data.labels import as_int32

_SLACK = 1e-3
_DARK = 32
Rest = Callable[[], Iterable[np.ndarray]]
"""The same field of a set's other splits, read when it is needed."""


class Values(NamedTuple):
    """The values of a field, and what was converted, if anything was."""

    values: np.ndarray
    notes: tuple[str, ...] = ()


def is_mask(field: str) -> bool:
    """Whether a field is a mask by its name: ``mask``, or ``photo_mask`` of a domain."""
    return field == "mask" or field.endswith("_mask")


def as_pixels(values: np.ndarray, about: str, rest: Rest = tuple) -> Values:
    """Return pictures as uint8 in 0 .. 255 or float32 in [-1, 1], by the range of their values.

    Floats in [-1, 1] stay; floats in [0, 1] and in [0, 255] are converted. Of integers, 0 and 1 alone are
    black and white, 0 to 255 is kept, and uint16 beyond that is divided by 257. The range is that of all
    splits, so that they are treated alike. Broken numbers from 0 whose largest lies between 1 and 32 are in
    none of these ranges: as [0, 255] they would be almost black.

    Args:
        values: of any shape and of bools, integers or floats.
        about: what messages call them, such as "image of source 'x'".
        rest: the pictures of the set's other splits.

    Raises:
        ValueError: if the values lie in none of these ranges.

    Example:
        >>> as_pixels(np.asarray([0.0, 0.5, 1.0]), "image")
        Values(values=array([-1.,  0.,  1.], dtype=float32), notes=('image: floats in [0, 1] became [-1, 1]',))
    """
    if values.dtype.kind not in "biuf" or values.size == 0:
        return Values(values)
    if values.dtype == bool:
        note = "image: false and true became 0 and 255"
        return Values(values.astype(np.uint8) * np.uint8(255), (note,))
    if values.dtype == np.uint8 and values.max() > 1:
        return Values(values)
    low, high = _range([values, *rest()], about)
    if values.dtype.kind == "f":
        return _floats(values, float(low), float(high), about)
    return _integers(values, int(low), int(high), about)


def _range(splits: Sequence[np.ndarray], about: str) -> tuple[Any, Any]:
    own = splits[0].dtype.kind
    for part in splits:
        if part.dtype.kind not in "biuf" or (own != "f" and not np.isfinite(part).all()):
            raise ValueError(
                f"{about} has dtype {splits[0].dtype}, but that of another split has {part.dtype} with values "
                "that are no such numbers; both must be alike."
            )
    extremes = [(part.min(), part.max()) for part in splits if part.size]
    return min(low for low, _ in extremes), max(high for _, high in extremes)


def _floats(values: np.ndarray, low: float, high: float, about: str) -> Values:
    if not np.isfinite([low, high]).all():  # a source says where
        return Values(values.astype(np.float32))
    values = values.astype(np.float32)
    if low >= -_SLACK and high <= 1 + _SLACK:
        return Values(2 * values - 1, ("image: floats in [0, 1] became [-1, 1]",))
    if low >= -1 - _SLACK and high <= 1 + _SLACK:
        return Values(values)
    if low >= -_SLACK and high <= 255 + _SLACK:
        if (values == np.rint(values)).all():
            return Values(
                values.astype(np.uint8), ("image: whole floats in [0, 255] became uint8",)
            )
        if high >= _DARK:
            return Values(values / 127.5 - 1, ("image: floats in [0, 255] became [-1, 1]",))
    raise ValueError(
        f"{about} holds {low:g} to {high:g}; floats of pictures must fill [-1, 1], [0, 1] or [0, 255]."
    )


def _integers(values: np.ndarray, low: int, high: int, about: str) -> Values:
    if low >= 0 and high == 1:
        note = "image: 0 and 1 became 0 and 255"
        return Values(values.astype(np.uint8) * np.uint8(255), (note,))
    if low >= 0 and high <= 255:
        notes = () if values.dtype == np.uint8 else (f"image: {values.dtype} became uint8",)
        return Values(values.astype(np.uint8), notes)
    if values.dtype == np.uint16:
        note = f"image: uint16 up to {high} became uint8, divided by 257"
        return Values(((values.astype(np.uint32) + 128) // 257).astype(np.uint8), (note,))
    raise ValueError(
        f"{about} holds {low} to {high}; integers of pictures must be 0 to 255, or uint16."
    )


def as_mask(values: np.ndarray, field: str, about: str) -> Values:
    """Return a mask as bool, int32 labels, or float32; it is never scaled as a picture is.

    Integers 0 and 1, or 0 and 255, become bool; others are labels and become int32.

    Raises:
        ValueError: if labels do not fit int32.
    """
    if values.dtype.kind == "f":
        return Values(values.astype(np.float32))
    if values.dtype.kind not in "iu" or values.size == 0:
        return Values(values)
    for high in (1, 255):
        if np.isin(values, (0, high)).all():
            return Values(values != 0, (f"{field}: 0 and {high} became false and true",))
    note = f"{field}: {values.dtype} became labels, int32"
    return Values(as_int32(values, about), () if values.dtype == np.int32 else (note,))
