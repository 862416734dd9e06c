"""Labels of any kind as classes 0 to K - 1 with names, the same for all splits of a set."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

_INT32 = np.iinfo(np.int32)
_FEW, _GAPS = 1000, 10


class Labels(NamedTuple):
    """The labels of a split.

    Attributes:
        values: classes, int32 ``(N,)``, or vectors of attributes ``(N, A)``, int32, float32 or bool.
        classes: the names of the classes; empty for attributes.
        notes: what was converted.
    """

    values: np.ndarray
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def natural(name: str) -> list[Any]:
    """Return a key that sorts names as people do: numbers inside them by their value.

    Example:
        >>> sorted(["10", "2", "n10b", "n9"], key=natural)
        ['2', '10', 'n9', 'n10b']
    """
    return [*_parts(name), name]


def _parts(name: str) -> list[Any]:
    # Text and numbers alternate, so that text is only ever compared with text.
    return [int(part) if i % 2 else part for i, part in enumerate(re.split(r"(\d+)", name))] + [""]


def as_labels(
    label: Any, about: str, others: Sequence[Any] = (), names: Sequence[str] = ()
) -> Labels:
    """Return labels as classes or attributes, and the names of the classes.

    Names become classes in natural order. One-hot vectors, whole floats and bools become integers. Where
    few of many numbers occur (more than 1000, and less than one in ten), these become 0, 1, ... and keep
    their value as name. All of this looks at every split, so that a class has one number in all of them.

    Args:
        label: of the split: integers, whole floats, bools or strings ``(N,)`` or ``(N, 1)``, one-hot vectors
            or attributes ``(N, A)``.
        about: what messages call it, such as "label of source 'x'".
        others: the labels of the set's other splits.
        names: of the classes, where they are known.

    Returns:
        The labels.

    Raises:
        ValueError: if a label is no whole number, or does not fit int32.

    Example:
        >>> found = as_labels(np.asarray(["b", "a", "b"]), "label", [np.asarray(["c"])])
        >>> found.values.tolist(), found.classes
        ([1, 0, 1], ('a', 'b', 'c'))
    """
    own, *rest = (_flat(np.asarray(values)) for values in (label, *others))
    together = [own, *(values for values in rest if values.shape[1:] == own.shape[1:])]
    if own.ndim == 2:
        if not all(_one_hot(values) for values in together):
            return Labels(_attributes(own, about))
        note = f"label: one-hot vectors of {own.shape[1]} became classes"
        classes = tuple(names) or tuple(map(str, range(own.shape[1])))
        return Labels(own.argmax(axis=1).astype(np.int32), classes, (note,))
    if own.ndim != 1 or own.dtype.kind not in "USbiuf" or own.size == 0:
        return Labels(own)
    if own.dtype.kind in "US":
        return _of_names([_text(values) for values in together])
    other = next((values for values in together if values.dtype.kind not in "biuf"), None)
    if other is not None:
        raise ValueError(
            f"{about} has dtype {own.dtype}, but that of another split has {other.dtype}; both must be alike."
        )
    notes: tuple[str, ...] = ()
    if own.dtype.kind in "fb":
        what = "whole floats" if own.dtype.kind == "f" else "false and true"
        notes = (f"label: {what} became integers",)
    return _of_numbers([_whole(values, about) for values in together], tuple(names), notes)


def _flat(label: np.ndarray) -> np.ndarray:
    return label[:, 0] if label.shape[1:] == (1,) else label


def _text(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "S":  # which may be no text
        return np.strings.decode(values, "utf-8", "backslashreplace")
    return values.astype(str)


def _one_hot(vectors: np.ndarray) -> bool:
    if vectors.dtype.kind not in "biuf" or vectors.shape[1] < 2:
        return False
    return bool(np.isin(vectors, (0, 1)).all() and (vectors.sum(axis=1) == 1).all())


def _attributes(vectors: np.ndarray, about: str) -> np.ndarray:
    if vectors.dtype.kind == "f":
        return vectors.astype(np.float32)
    return as_int32(vectors, about) if vectors.dtype.kind in "iu" else vectors


def _whole(values: np.ndarray, about: str) -> np.ndarray:
    if values.dtype.kind == "f":
        wrong = values[~np.isfinite(values) | (values != np.rint(values))]
        if wrong.size:
            raise ValueError(f"{about} holds {wrong[0]:g}; a class must be a whole number from 0.")
        values = values.astype(np.float64)
        _check_int32(values, about)
    return as_int32(values, about)


def as_int32(values: np.ndarray, about: str) -> np.ndarray:
    """Return integers as int32.

    Raises:
        ValueError: if they do not fit.
    """
    _check_int32(values, about)
    return values.astype(np.int32)


def _check_int32(values: np.ndarray, about: str) -> None:
    if values.size and not _INT32.min <= values.min() <= values.max() <= _INT32.max:
        raise ValueError(f"{about} holds {values.min()} to {values.max()}; it must fit int32.")


def _of_names(splits: list[np.ndarray]) -> Labels:
    classes = sorted({str(name) for values in splits for name in np.unique(values)}, key=natural)
    number = {name: i for i, name in enumerate(classes)}
    values = np.asarray([number[str(name)] for name in splits[0]], np.int32)
    return Labels(values, tuple(classes))


def _of_numbers(splits: list[np.ndarray], names: tuple[str, ...], notes: tuple[str, ...]) -> Labels:
    own, found = splits[0], np.unique(np.concatenate(splits))
    low, high = int(found[0]), int(found[-1])
    if low < 0 or names:  # a source refuses what is wrong with them
        return Labels(own, names, notes)
    if high < max(_FEW, _GAPS * len(found)):
        return Labels(own, tuple(map(str, range(high + 1))), notes)
    count = len(found)
    note = f"label: the {count} numbers that occur from {low} to {high} became classes 0 to {count - 1}"
    values = np.searchsorted(found, own).astype(np.int32)
    return Labels(values, tuple(map(str, found.tolist())), (*notes, note))
