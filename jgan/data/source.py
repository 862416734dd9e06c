"""A source: the arrays of a data set with one leading axis of examples, and how to gather them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from jgan.data.augment import Augment
from jgan.data.densities import Density
from jgan.data.rows import Rows

_DTYPES = ("uint8", "int32", "float32", "bool")


@dataclass(frozen=True, eq=False)
class Source:
    """A data set: arrays in memory, or `Rows` that are read when they are asked for.

    Attributes:
        arrays: the fields, each with the N examples on its leading axis. ``image`` is there always:
            uint8 ``(N, H, W, C)``, or float32 ``(N, d)`` points or ``(N, H, W, C)``. ``label``, if
            any, is int32 ``(N,)``, or ``(N, A)`` for A attributes. Other fields travel along; they
            are uint8, int32, float32 or bool. Pictures may be `Rows`, for sets that do not fit.
        name: what messages and reports call it.
        density: the distribution the points were drawn from where it is known, else None.
        augment: ``(key, batch) -> batch``, applied in training to each minibatch, or None.

    Raises:
        ValueError: from the constructor, if a field has a wrong dtype, rank or leading size, holds
            NaN or infinity, or there are no examples.

    Example:
        >>> source = Source({"image": np.zeros((5, 8, 6, 1), np.uint8)}, "blank")
        >>> source.describe()
        'blank: 5 examples; image uint8 (8, 6, 1)'
    """

    arrays: Mapping[str, Any]
    name: str = "arrays"
    density: Density | None = None
    augment: Augment | None = None

    def __post_init__(self) -> None:
        if "image" not in self.arrays:
            found = ", ".join(self.arrays) or "nothing"
            raise ValueError(f"source {self.name!r} has no field 'image'; it has {found}.")
        for field, values in self.arrays.items():
            self._check(field, values)

    def _check(self, field: str, values: Any) -> None:
        about = f"{field} of source {self.name!r}"
        dtype, rank = str(values.dtype), values.ndim
        allowed = {"image": ("uint8", "float32"), "label": ("int32",)}.get(field, _DTYPES)
        if dtype not in allowed:
            raise ValueError(f"{about} has dtype {dtype}; it must be {' or '.join(allowed)}.")
        if field == "image" and rank != 4 and (rank, dtype) != (2, "float32"):
            raise ValueError(
                f"{about} has shape {values.shape}; "
                "it must be (N, H, W, C), or (N, d) for float32 points."
            )
        if field == "label" and rank not in (1, 2):
            raise ValueError(f"{about} has shape {values.shape}; it must be (N,) or (N, A).")
        if rank == 0 or values.size == 0:
            raise ValueError(f"{about} has shape {values.shape}; it must hold at least 1 example.")
        if len(values) != self.size:
            raise ValueError(
                f"{about} has {len(values)} examples, but image has {self.size}; "
                "they must be equal."
            )
        if dtype == "float32" and not np.isfinite(values).all():
            raise ValueError(f"{about} holds NaN or infinity; every value must be finite.")

    @property
    def size(self) -> int:
        """Number of examples N."""
        return len(self.arrays["image"])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image, ``(H, W, C)`` or ``(d,)``."""
        return self.arrays["image"].shape[1:]

    @property
    def num_classes(self) -> int:
        """One more than the largest label; 0 without labels or with labels of rank 2."""
        label = self.arrays.get("label")
        return 0 if label is None or label.ndim != 1 else int(label.max()) + 1

    @property
    def nbytes(self) -> int:
        """Bytes of all fields, in memory or not."""
        return sum(values.nbytes for values in self.arrays.values())

    def first(self, count: int) -> dict[str, Any]:
        """The first ``count`` examples as a batch, numpy, from the beginning again where there are fewer.

        They are as `gather` gives them and are never augmented.
        """
        return gather(self.arrays, np.arange(count) % self.size)

    def take(self, size: int | None) -> "Source":
        """Return the first ``size`` examples, or all of them for None.

        Raises:
            ValueError: if ``size`` is not in ``1 .. N``.
        """
        if size is None:
            return self
        if not 1 <= size <= self.size:
            raise ValueError(
                f"size is {size}, but the source {self.name!r} has {self.size} examples; "
                f"use 1 to {self.size}."
            )
        arrays = {field: values[:size] for field, values in self.arrays.items()}
        return replace(self, arrays=arrays)

    def describe(self) -> str:
        """Return one line with the name, the number of examples and each field's dtype and shape."""
        fields = "; ".join(
            f"{field} {values.dtype} {values.shape[1:]}" for field, values in self.arrays.items()
        )
        classes = f"; {self.num_classes} classes" if self.num_classes else ""
        return f"{self.name}: {self.size} examples; {fields}{classes}"


def gather(arrays: Mapping[str, Any], indices: Any) -> dict[str, Any]:
    """Return a batch: the examples at ``indices``, with uint8 pictures scaled to [-1, 1].

    Args:
        arrays: fields with a leading axis of N examples, numpy or JAX. All uint8 is taken to be
            pictures and becomes float32 ``x / 127.5 - 1``; everything else is left as it is.
        indices: integers in ``0 .. N - 1``, any shape ``S``, may be traced.

    Returns:
        Each field with its leading axis replaced by ``S``; numpy if both inputs are numpy.

    Example:
        >>> images = np.asarray([0, 51, 255], np.uint8).reshape(3, 1, 1, 1)
        >>> [round(float(x), 3) for x in gather({"image": images}, np.asarray([2, 1]))["image"].flat]
        [1.0, -0.6]
    """
    return {field: _rows(values, indices) for field, values in arrays.items()}


def _rows(values: Any, indices: Any) -> Any:
    if isinstance(values, np.ndarray | Rows) and isinstance(indices, np.ndarray):
        rows: Any = values[indices]
    else:
        rows = jnp.take(values, indices, axis=0, mode="clip")
    return scaled(rows)


def scaled(rows: Any) -> Any:
    """Pictures from uint8 to float32 in [-1, 1]; anything else as it is."""
    if rows.dtype != np.uint8:
        return rows
    # 2 x - 255 is exact and a product rounds once, so that host and device, compiled or not, agree
    # bitwise; of x / 127.5 - 1 compilers make a fused multiply-add.
    return (rows.astype(np.float32) * np.float32(2) - np.float32(255)) * np.float32(1 / 255)
