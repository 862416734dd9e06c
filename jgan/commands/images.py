"""Pictures as an array that a notebook shows."""

from pathlib import Path
from typing import Any

import numpy as np

from jgan.files import write_atomically
from jgan.runs.images import encode_png, grid, to_uint8

SIDE = 64
"""Pixels of a picture's side in a notebook at least: smaller ones are enlarged."""


class Images(np.ndarray):
    """Pictures ``(N, H, W, C)``, or a picture ``(H, W, C)``, as an array that a notebook shows.

    It is a NumPy array in every respect, which JAX takes as one too; the values lie in [-1, 1].

    Attributes:
      label: the classes that the pictures were made for, int32 ``(N,)``, or None. What is computed from the
      array,
        a part of it included, has none.
    """

    label: np.ndarray | None

    @classmethod
    def of(cls, values: Any, label: np.ndarray | None = None) -> "Images":
        """The array of these values, which are not copied if they are one already.

        >>> images = Images.of(np.zeros((4, 8, 8, 1)), label=np.arange(4))
        >>> type(images[0]).__name__, images[:2].shape, images.label.tolist()
        ('Images', (2, 8, 8, 1), [0, 1, 2, 3])
        """
        images = np.asarray(values).view(cls)
        images.label = label
        return images

    def __array_finalize__(self, other: Any) -> None:
        self.label = None

    def __array_wrap__(
        self, array: np.ndarray, context: Any = None, return_scalar: bool = False
    ) -> Any:
        """What is computed from the array: a number or a plain array where it cannot be pictures."""
        if array.ndim in (3, 4):
            return array.view(type(self))
        return array[()] if return_scalar else np.asarray(array)

    def grid(self, columns: int | None = None) -> np.ndarray:
        """All pictures side by side, uint8 ``(H', W', C')``.

        Args:
          columns: of the grid; by default it is about a square.
        """
        return grid(np.asarray(self if self.ndim == 4 else self[None]), columns)

    def to_uint8(self) -> np.ndarray:
        """The pictures as files hold them, uint8 of the same shape."""
        return to_uint8(np.asarray(self))

    def save(self, path: str | Path, columns: int | None = None) -> Path:
        """Write all pictures side by side into a PNG file, and return its path.

        Args:
          path: of the file.
          columns: of the grid; by default it is about a square.

        Raises:
          UserError: if it cannot be written.
        """
        write_atomically(path, encode_png(self.grid(columns)))
        return Path(path)

    def _repr_png_(self) -> bytes | None:
        shown = self.ndim in (3, 4) and self.dtype.kind == "f" and self.size > 0
        if not shown:  # such as a mean over pixels
            return None
        times = -(-SIDE // min(self.shape[-3:-1]))
        return encode_png(self.grid().repeat(times, axis=0).repeat(times, axis=1))
