"""An array whose rows stay where they are stored until they are asked for."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class StoredArray:
    """Looks like an array with a leading axis of examples, but reads them one by one.

    It may be pickled for the processes of a loader if ``read`` may.

    Attributes:
        read: ``stored number -> array`` of the shape and dtype of one row.
        shape: ``(N, ...)``.
        dtype: of every row.
        stored: the stored number of each row, int ``(N,)``.

    Example:
        >>> rows = StoredArray(lambda number: np.full(2, number, np.uint8), (5, 2), np.dtype("uint8"))
        >>> rows[np.asarray([3, 0])].tolist()
        [[3, 3], [0, 0]]
        >>> rows[1:3].shape
        (2, 2)
    """

    read: Callable[[int], np.ndarray]
    shape: tuple[int, ...]
    dtype: np.dtype
    stored: np.ndarray | None = None

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes that all rows need in memory."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def chosen(self, numbers: np.ndarray) -> "StoredArray":
        """Fewer rows, those with these numbers, which stay where they are.

        >>> rows = StoredArray(lambda number: np.full(2, number, np.uint8), (5, 2), np.dtype("uint8"))
        >>> rows.chosen(np.asarray([3, 1]))[np.asarray([0])].tolist()
        [[3, 3]]
        """
        stored = np.arange(len(self)) if self.stored is None else self.stored
        return replace(self, shape=(len(numbers), *self.shape[1:]), stored=stored[numbers])

    def __getitem__(self, index: Any) -> Any:
        """One row for an integer, an array for integers, fewer rows for a slice."""
        stored = np.arange(len(self)) if self.stored is None else self.stored
        chosen = stored[index]
        if isinstance(index, slice):
            return replace(self, shape=(len(chosen), *self.shape[1:]), stored=chosen)
        if np.ndim(chosen) == 0:
            return self.read(int(chosen))
        found = np.empty((*chosen.shape, *self.shape[1:]), self.dtype)
        for place in np.ndindex(chosen.shape):
            found[place] = self.read(int(chosen[place]))
        return found
