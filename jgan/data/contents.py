"""What is found in a data set before a training: how many of each class, and examples that occur twice."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from jgan.data.source import SHOWN, Source

SECONDS = 0.1
"""For so long the examples of a set are compared; of a larger set only the first are."""
_BLOCK_BYTES = 2**21


class Duplicates(NamedTuple):
    """Examples that equal an earlier one.

    Attributes:
      equal: how many.
      compared: examples that were looked at, from the first on.
      size: examples of the set.
    """

    equal: int
    compared: int
    size: int

    def __str__(self) -> str:
        """In words.

        >>> print(Duplicates(0, 500, 500))
        no two examples are equal
        >>> print(Duplicates(2, 500, 9000))
        2 of the first 500 examples equal an earlier one
        """
        of = f"the first {self.compared:,}" if self.compared < self.size else f"{self.size:,}"
        if not self.equal:
            return (
                "no two examples are equal"
                if self.compared == self.size
                else (f"no two of {of} examples are equal")
            )
        return f"{self.equal:,} of {of} examples equal{'s' * (self.equal == 1)} an earlier one"


def contents(source: Source) -> list[str]:
    """Lines on what a source holds, beside what `Source.describe` says.

    They tell how many examples each class has, and how many examples occur twice. Points of a known
    distribution are not compared.

    >>> image = np.asarray([0, 1, 1, 2], np.uint8).reshape(4, 1, 1, 1) * np.ones((1, 2, 2, 1), np.uint8)
    >>> contents(Source({"image": image, "label": np.asarray([0, 0, 0, 1], np.int32)}))
    ['classes: 0 has 3 examples, 1 has 1', 'duplicates: 1 of 4 examples equals an earlier one']
    """
    lines = []
    if source.class_labels is not None:
        lines.append(f"classes: {class_counts(source)}")
    if source.density is None:
        lines.append(f"duplicates: {duplicates(source)}")
    return lines


def class_counts(source: Source) -> str:
    """How many examples each class has, in words; of many classes the smallest and the largest.

    Args:
      source: with a class for each example.
    """
    names = source.class_names
    counts = np.bincount(np.asarray(source.class_labels), minlength=len(names)).tolist()
    if min(counts) == max(counts):
        return f"{counts[0]:,} examples of each"
    if len(names) <= SHOWN:
        first, *others = (f"{name} has {n:,}" for name, n in zip(names, counts, strict=True))
        return ", ".join([f"{first} example{'s' * (counts[0] != 1)}", *others])
    least, most = (counts.index(extreme(counts)) for extreme in (min, max))
    return (
        f"from {counts[least]:,} examples ({names[least]}) to {counts[most]:,} ({names[most]}), "
        f"in the median {np.median(counts):,.0f}"
    )


def duplicates(
    source: Source,
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Duplicates:
    """Count the examples that equal an earlier one, by a hash of all values that a generator makes.

    Args:
      source: whose examples are compared as they are held: decoded, cropped and resized.
      seconds: after which no more examples are looked at; those that lie on disk are decoded for it.
      clock: seconds from any moment.
    """
    fields = source.example_of(source.arrays)
    arrays = list(fields.values()) if isinstance(fields, Mapping) else [fields]
    end, size = clock() + seconds, source.size
    each = sum(values.nbytes // len(values) for values in arrays)
    block = max(1, _BLOCK_BYTES // max(each, 1))
    if not all(isinstance(values, np.ndarray) for values in arrays):
        block = 8
    known: set[int] = set()
    done = 0
    while done < size and (done == 0 or clock() < end):
        numbers = np.arange(done, min(done + block, size))
        known.update(map(hash, _contents_of([values[numbers] for values in arrays])))
        done += len(numbers)
    return Duplicates(done - len(known), done, size)


def _contents_of(arrays: list[np.ndarray]) -> Any:
    """The bytes of each example."""
    parts = [np.ascontiguousarray(rows).reshape(len(rows), -1).view(np.uint8) for rows in arrays]
    joined = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    width = joined.shape[1]
    whole = joined.tobytes()
    return (whole[start : start + width] for start in range(0, len(whole), width))
