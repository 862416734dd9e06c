"""Sources that stand in for data which are not at hand, made from what a run keeps of them.

Their shapes, types, classes and label shares are those of the data, so that games which are conditioned on
labels, or on nothing, are sampled without their data. Whoever asks for other values is told that they are
needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jgan.data.identity import difference, loaded_from
from jgan.data.registry import LoadArguments
from jgan.data.source import Source
from jgan.data.stored_array import StoredArray
from jgan.errors import UserError


class DataNeeded(UserError):
    """Values were asked of a source that stands in for data which were not read."""


@dataclass(frozen=True)
class _Unread:
    field: str
    name: str

    def __call__(self, number: int) -> np.ndarray:
        raise DataNeeded(f"the field {self.field!r} of the data {self.name!r} is needed.")


def stand_ins(described: Any) -> dict[LoadArguments, Source]:
    """Return a stand-in for everything that was loaded, by what `jgan.data.load` was asked for.

    Args:
        described: a description by `jgan.data.identity.identity`, or a list of those of several stages.
    """
    return {arguments: stand_in(one) for arguments, one in loaded_from(described).items()}


def stand_in(described: Mapping[str, Any]) -> Source:
    """Return a source with the shapes, types and labels that a description by `identity` tells of.

    Labels are in ascending order. Reading any other field raises `DataNeeded`.

    Example:
        >>> from jgan.data.identity import identity
        >>> label = np.asarray([1, 0, 1], np.int32)
        >>> source = Source({"image": np.ones((3, 4, 4, 1), np.uint8), "label": label}, "three")
        >>> other = stand_in(identity(source))
        >>> other.describe() == source.describe(), other.arrays["label"].tolist()
        (True, [0, 1, 1])
    """
    name, classes = described["name"], described.get("classes")
    arrays: dict[str, Any] = {}
    for field, entry in described["fields"].items():
        shape = (_examples(described, field), *entry["shape"])
        arrays[field] = StoredArray(_Unread(field, name), shape, np.dtype(entry["dtype"]))
    if classes is not None and sum(classes["counts"]) == len(arrays["label"]):
        counts = classes["counts"]
        arrays["label"] = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    example = described["example"]
    return Source(
        arrays,
        name,
        tables=described.get("tables", {}),
        example=example if isinstance(example, str) else tuple(example),
        classes=tuple((classes or {}).get("names", ())),
    )


def is_description(described: Any) -> bool:
    """Whether a value read from JSON describes data as `jgan.data.identity.identity` does.

    It does if all that is made of a description can be made of it: stand-ins, and comparisons.

    Args:
        described: a description, or a list of those of several stages.

    Example:
        >>> is_description([]), is_description({"name": "ring"})
        (True, False)
    """
    try:
        for one in described if isinstance(described, list) else [described]:
            stand_in(one)
            # Without hashes it is the ranges that are compared.
            plain = {name: {**entry, "sha256": ""} for name, entry in one["fields"].items()}
            difference(one, {**one, "fields": plain})
        stand_ins(described)
    except (LookupError, TypeError, AttributeError, ValueError, StopIteration):
        return False
    return True


def _examples(described: Mapping[str, Any], field: str) -> int:
    examples = described["examples"]
    if isinstance(examples, int):
        return examples
    table = next(table for table, fields in described["tables"].items() if field in fields)
    count: int = examples[table]
    return count
