"""What pictures are translated to: classes by name or number, or vectors of attributes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jgan.commands.classes import class_number
from jgan.data import Source
from jgan.errors import UserError

Given = str | int | Sequence[str | int] | None


class Targets(NamedTuple):
    """What pictures become.

    Attributes:
      names: as folders are called after them.
      labels: int32 ``(L,)`` classes, or ``(L, A)`` attributes; None where that is not said.
    """

    names: tuple[str, ...]
    labels: np.ndarray | None


def target_labels(source: Source, given: Given, labelled: bool) -> Targets:
    """The labels that are asked for, each once; all classes by default.

    Args:
      source: of the classes or attributes.
      given: names or numbers of classes, or attributes such as ``"1,0,1"``; one or several.
      labelled: whether the translation is told a label at all.

    Raises:
      UserError: if it is not, there is no such class, or a vector does not fit.

    >>> arrays = {"image": np.zeros((2, 4, 4, 1), np.uint8), "label": np.asarray([0, 1], np.int32)}
    >>> target_labels(Source(arrays, classes=("cat", "T-shirt/top")), None, True).names
    ('cat', 'T-shirt-top')
    """
    if not labelled:
        if given is not None:
            raise UserError(
                f"--label is {given!r}, but this run's translations are not told a label."
            )
        return Targets(("",), None)
    values = [given] if isinstance(given, str | int) else given
    if source.arrays["label"].ndim == 2:
        return _attributes(source, values)
    if values is None:
        values = range(source.num_classes)
    numbers = list(dict.fromkeys(class_number(source, one, "--label") for one in values))
    names = [_folder_name(source.class_names[number]) for number in numbers]
    if len(set(names)) < len(names):
        names = [str(number) for number in numbers]
    return Targets(tuple(names), np.asarray(numbers, np.int32))


def _attributes(source: Source, given: Sequence[str | int] | None) -> Targets:
    count, dtype = source.arrays["label"].shape[1], source.arrays["label"].dtype
    example = ",".join("10"[i % 2] for i in range(count))
    if given is None:
        raise UserError(
            f"--label is missing; the pictures of {source.name!r} have {count} attributes, so give those that "
            f"they are to have, such as --label {example}."
        )
    vectors = {}
    for one in given:
        try:
            values = [float(word) for word in str(one).split(",")]
        except ValueError:
            values = []
        fitting = np.isfinite(values).all() and (
            dtype == np.float32 or all(value.is_integer() for value in values)
        )
        if len(values) != count or not fitting:
            raise UserError(
                f"--label is {one!r}, but must be {count} numbers, the attributes that pictures are to have, "
                f"such as {example}."
            )
        vectors[str(one)] = np.asarray(values, dtype)
    return Targets(tuple(map(_folder_name, vectors)), np.stack([*vectors.values()]))


def _folder_name(name: str) -> str:
    """A name without the signs that some file system does not take."""
    return "".join("-" if sign in '/\\:*?"<>|\0' else sign for sign in name).strip(". ") or "-"
