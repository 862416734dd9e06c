"""Sources from arrays, converted to the types and ranges that a source holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jgan.data.labels import as_int32, as_labels
from jgan.data.source import Source
from jgan.data.values import Rest, as_mask, as_pixels, is_mask


def from_arrays(
    image: np.ndarray,
    label: np.ndarray | None = None,
    *,
    name: str = "arrays",
    classes: Sequence[str] = (),
    **others: np.ndarray,
) -> Source:
    """Return a source of arrays, converted to the types that a source holds.

    Pictures of shape ``(N, H, W)`` become ``(N, H, W, 1)``, points ``(N,)`` become ``(N, 1)``, labels
    ``(N, 1)`` become ``(N,)``, floats become float32 and integers other than uint8 become int32. The values
    of pictures are recognised by their range, see `jgan.data.values.as_pixels`; those of points are left
    as they are. A field ``mask``, or one that ends in ``_mask``, is never taken for a picture, see
    `jgan.data.values.as_mask`. What was converted stands in the source's notes.

    Args:
        image: pictures ``(N, H, W)`` or ``(N, H, W, C)``, or float points ``(N,)`` or ``(N, d)``.
        label: classes ``(N,)`` or ``(N, 1)`` as integers from 0, whole floats or names; one-hot vectors
            ``(N, K)``; or other vectors ``(N, A)`` of A attributes; see `jgan.data.labels.as_labels`.
        name: the source's name.
        classes: the names of the classes, if they are known.
        **others: further fields with N examples.

    Returns:
        The source.

    Raises:
        ValueError: if a field has a wrong dtype, shape or value; see ``Source``.

    Example:
        >>> from_arrays(np.zeros((2, 4, 3), np.uint8), np.asarray([1, 0])).describe()
        'arrays: 2 examples; image uint8 (4, 3, 1); label int32 (); 2 classes'
    """
    fields = {"image": image} | ({} if label is None else {"label": label}) | others
    return converted(fields, name, classes=classes)


def converted(
    fields: Mapping[str, Any],
    name: str,
    rest: Mapping[str, Rest] | None = None,
    classes: Sequence[str] = (),
) -> Source:
    """Return a source of fields as `from_arrays` converts them; ``rest`` are those of the other splits.

    Raises:
        ValueError: as `from_arrays`.
    """
    rest = rest or {}
    arrays: dict[str, np.ndarray] = {}
    notes: list[str] = []
    names: tuple[str, ...] = ()
    for field, given in fields.items():
        values, about = np.asarray(given), f"{field} of source {name!r}"
        others = rest.get(field, tuple)
        if field == "image" and values.ndim in (1, 3):
            values = values[..., None]
        if field == "label":
            values, names, own = as_labels(values, about, list(others()), classes)
        elif field == "image" and values.ndim == 4:
            values, own = as_pixels(values, about, others)
        elif is_mask(field):
            values, own = as_mask(values, field, about)
        else:
            values, own = _plain(values, about), ()
        arrays[field] = values
        notes += own
    return Source(arrays, name, classes=names, notes=tuple(notes))


def _plain(values: np.ndarray, about: str) -> np.ndarray:
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    if values.dtype.kind in "iu" and values.dtype != np.uint8:
        return as_int32(values, about)
    return values
