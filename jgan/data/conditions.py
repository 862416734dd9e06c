"""The examples that samples are made for: drawn by a seed, every class by its share from the first on."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jgan.data.order import number_of
from jgan.data.source import Source, gather

_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True, eq=False)
class Conditions:
    """The sequence of examples that samples of a conditional game are made for; by `conditions`.

    Attributes:
        source: of the examples.
        rows: of each table, the number of the row of every place in the sequence, ``(N,)``. Behind its end
            the sequence begins again.
    """

    source: Source
    rows: Mapping[str, np.ndarray]

    def at(self, places: Any, read: Collection[str] | None = None) -> dict[str, Any]:
        """The examples at these places as a batch, numpy, as `jgan.data.Source.at` gives them.

        Args:
            places: integers from 0, ``(B,)``.
            read: the fields whose values matter; others are zeros and are not looked up. None for all.
        """
        places = np.asarray(places)
        batch: dict[str, Any] = {}
        for table, fields in self.source.fields_of_tables.items():
            own = {name: self.source.arrays[name] for name in fields}
            chosen = {name: own[name] for name in fields if read is None or name in read}
            batch |= gather(chosen, self.rows[table][places % len(self.rows[table])])
            unread = {name: values for name, values in own.items() if name not in chosen}
            batch |= _zeros(unread, len(places))
        return {name: batch[name] for name in self.source.arrays}

    def labels(self, places: Any) -> np.ndarray | None:
        """The classes of the examples at these places, int32 ``(B,)``; None if they have none."""
        if self.source.class_labels is None:
            return None
        label: np.ndarray = self.at(places, read=("label",))["label"]
        return label


def conditions(source: Source, seed: int) -> Conditions:
    """Return the examples of a source in the order in which samples are made for them.

    Example i depends on the seed and on i alone, not on how many are asked for. The order of the data does not
    matter: rows are shuffled by the seed and, where a table has a class for each row, put in the order of
    their classes and visited in steps of the golden section. So the first n samples hold each
    class by its share, to two or three, for every n, and N of them hold every example once. Which classes they
    hold depends on nothing but the seed and the number of examples of each class.

    Args:
        source: of the examples.
        seed: of the shuffle, at least 0.

    Example:
        >>> label = np.repeat(np.arange(3, dtype=np.int32), [50, 30, 20])
        >>> source = Source({"image": np.zeros((100, 4, 4, 1), np.uint8), "label": label})
        >>> np.bincount(conditions(source, 0).labels(np.arange(20))).tolist()
        [10, 6, 4]
    """
    rows = {}
    for table, fields in source.fields_of_tables.items():
        rng = np.random.default_rng([seed, number_of(table)])
        order = rng.permutation(source.sizes[table])
        label = source.arrays["label"] if "label" in fields else None
        if label is not None and label.ndim == 1:
            order = order[np.argsort(np.asarray(label)[order], kind="stable")]
            order = order[_low_discrepancy_order(len(order), rng.random())]
        rows[table] = order
    return Conditions(source, rows)


def blank(source: Source, count: int) -> dict[str, Any]:
    """Return a batch of ``count`` examples that are all zero, for what looks at shapes and types only."""
    return _zeros(source.arrays, count)


def _zeros(arrays: Mapping[str, Any], count: int) -> dict[str, Any]:
    types = {
        name: np.float32 if values.dtype == np.uint8 else values.dtype
        for name, values in arrays.items()
    }
    return {
        name: np.zeros((count, *values.shape[1:]), types[name]) for name, values in arrays.items()
    }


def _low_discrepancy_order(size: int, start: float) -> np.ndarray:
    """The numbers ``0 .. size - 1``, each once, every stretch of them evenly spread over all.

    They are the ranks of the golden section's multiples modulo 1, of whose first n, for every n, a share s of
    the interval holds n s but for O(log n).
    """
    return np.argsort(np.argsort((start + _GOLDEN * np.arange(size)) % 1))
