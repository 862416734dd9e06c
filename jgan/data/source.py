"""A source: the fields of a data set in one or more tables, and how to gather examples of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import jax.numpy as jnp
import numpy as np

from jgan.data.augment import Augment
from jgan.data.densities import Density
from jgan.data.stored_array import StoredArray
from jgan.data.values import is_mask
from jgan.metrics.subsets import draw_rows, stream

_DTYPES = ("uint8", "int32", "float32", "bool")

SHOWN = 10
"""Names of classes that `Source.describe` prints at most."""


@dataclass(frozen=True, eq=False)
class Source:
    """A data set: arrays in memory, or `StoredArray`s that are read when they are asked for.

    Attributes:
        arrays: the fields by name, each with its examples on the leading axis: uint8, int32, float32
            or bool. uint8 is for pictures, which batches hold as float32 in [-1, 1]; the other types
            stay as they are. A field ``mask``, or one that ends in ``_mask``, is uint8 only if it is the
            example. ``image`` is uint8 or float32 ``(N, H, W, C)``, or float32 points
            ``(N, d)``. ``label`` is int32 ``(N,)``, a class, or int32, float32 or bool ``(N, A)``, A
            attributes. Fields may be `StoredArray`s, for sets that do not fit in memory.
        name: what messages and reports call it.
        density: the distribution the points were drawn from where it is known, else None.
        augment: ``(key, batch) -> batch``, applied in training to each minibatch, or None.
        tables: the names of the fields of each table. Rows of one table belong together; each table
            has a length and an order of its own. Empty for one table of all fields.
        example: the field that a generator makes, or a tuple of several.
        classes: the names of the classes in the order of their labels; empty where they are unknown. A class
            that no example shows keeps its place. `class_names` has numbers where there are no names.
        notes: what a user should know of how the data were read, such as which files were left out or how
            values were converted; ``describe`` ends with them.
        file_scale: the size of the largest file over that of the pictures, at most 1. Below 1 all pictures
            were enlarged.

    Raises:
        ValueError: from the constructor, if a field has a wrong dtype, rank or leading size, holds
            NaN or infinity, or there are no examples; if the example is no field; or if tables do
            not hold each field once; or if a label is negative or beyond the named classes.

    Example:
        >>> source = Source({"image": np.zeros((5, 8, 6, 1), np.uint8)}, "blank")
        >>> source.describe()
        'blank: 5 examples; image uint8 (8, 6, 1)'
        >>> photo, drawing = np.zeros((3, 8, 8, 3), np.uint8), np.zeros((4, 8, 8, 1), np.uint8)
        >>> unpaired = Source(
        ...     {"photo": photo, "drawing": drawing},
        ...     "sketches",
        ...     tables={"photo": ["photo"], "drawing": ["drawing"]},
        ...     example="drawing",
        ... )
        >>> unpaired.sizes, unpaired.size, unpaired.shape
        ({'photo': 3, 'drawing': 4}, 4, (8, 8, 1))
    """

    arrays: Mapping[str, Any]
    name: str = "arrays"
    density: Density | None = None
    augment: Augment | None = None
    tables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    example: str | tuple[str, ...] = "image"
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    file_scale: float = 1.0

    def __post_init__(self) -> None:
        found = ", ".join(self.arrays) or "nothing"
        for name in self._example_fields:
            if name not in self.arrays:
                raise ValueError(f"source {self.name!r} has no field {name!r}; it has {found}.")
        if not self._example_fields:
            raise ValueError(f"the example of source {self.name!r} is (); it must name a field.")
        self._check_tables()
        for name, values in self.arrays.items():
            _check_field(f"{name} of source {self.name!r}", name, values)
            if is_mask(name) and name not in self._example_fields and values.dtype == np.uint8:
                raise ValueError(
                    f"{name} of source {self.name!r} has dtype uint8, which is for pictures; a mask must be "
                    "bool, int32 or float32."
                )
        self._check_labels()
        for fields in self.fields_of_tables.values():
            # A field of the example, if there is one, is what the others are compared with.
            first, *others = sorted(fields, key=lambda name: name not in self._example_fields)
            size = len(self.arrays[first])
            for name in others:
                if len(self.arrays[name]) != size:
                    raise ValueError(
                        f"{name} of source {self.name!r} has {len(self.arrays[name])} examples, but "
                        f"{first} has {size}; they must be equal."
                    )

    def _check_tables(self) -> None:
        about = f"of source {self.name!r}"
        named = [name for fields in self.tables.values() for name in fields]
        for table, fields in self.tables.items():
            if isinstance(fields, str) or not fields:
                raise ValueError(f"table {table!r} {about} is {fields!r}; it must list its fields.")
        for name in [*named, *self.arrays] if self.tables else ():
            if name not in self.arrays:
                found = ", ".join(self.arrays)
                raise ValueError(f"a table {about} has the field {name!r}; there are only {found}.")
            if named.count(name) != 1:
                wrong = "several tables" if name in named else "no table"
                raise ValueError(f"{name} {about} is in {wrong}; it must be in one.")

    def _check_labels(self) -> None:
        label = self.arrays.get("label")
        if label is None or label.ndim != 1:
            return
        low, high = int(label.min()), int(label.max())
        if low < 0:
            raise ValueError(
                f"label of source {self.name!r} holds {low}; a class is a number from 0, so leave out examples "
                "without a class."
            )
        if self.classes and high >= len(self.classes):
            raise ValueError(
                f"label of source {self.name!r} holds {high}, but there are names of {len(self.classes)} "
                f"classes; it must be 0 to {len(self.classes) - 1}."
            )

    @property
    def _example_fields(self) -> tuple[str, ...]:
        return (self.example,) if isinstance(self.example, str) else tuple(self.example)

    @property
    def fields_of_tables(self) -> dict[str, tuple[str, ...]]:
        """The fields of each table; a source without tables has one, ``"examples"``."""
        if not self.tables:
            return {"examples": tuple(self.arrays)}
        return {table: tuple(fields) for table, fields in self.tables.items()}

    @property
    def stored(self) -> dict[str, Any]:
        """The fields as loaders take them: those of one table, or, by name, tables of fields."""
        if len(self.tables) < 2:
            return dict(self.arrays)
        return {
            table: {name: self.arrays[name] for name in fields}
            for table, fields in self.fields_of_tables.items()
        }

    @property
    def sizes(self) -> dict[str, int]:
        """Number of examples of each table."""
        return {
            table: len(self.arrays[fields[0]]) for table, fields in self.fields_of_tables.items()
        }

    @property
    def size(self) -> int:
        """Number of examples N: of the table that holds the example, the smallest if several do."""
        return min(len(self.arrays[name]) for name in self._example_fields)

    @property
    def shape(self) -> Any:
        """Shape of one example, such as ``(H, W, C)`` or ``(d,)``; by field if it has several."""
        shapes = {name: tuple(values.shape[1:]) for name, values in self.arrays.items()}
        return self.example_of(shapes)

    @property
    def pictures(self) -> bool:
        """Whether an example is one picture ``(H, W, C)``."""
        return self._is_one_of(("uint8", "float32"), rank=4)

    @property
    def points(self) -> bool:
        """Whether an example is one point ``(d,)``."""
        return self._is_one_of(("float32",), rank=2)

    def _is_one_of(self, dtypes: tuple[str, ...], rank: int) -> bool:
        values = self.example_of(self.arrays)
        return isinstance(self.example, str) and values.ndim == rank and str(values.dtype) in dtypes

    def example_of(self, batch: Mapping[str, Any]) -> Any:
        """The example's part of a batch: its field, or a dict of its fields if it has several."""
        if isinstance(self.example, str):
            return batch[self.example]
        return {name: batch[name] for name in self.example}

    @property
    def class_labels(self) -> Any:
        """The class of each example, int32 ``(N,)``; None if there are no labels or attributes only."""
        label = self.arrays.get("label")
        if label is None or label.ndim != 1:
            return None
        fields = next(fields for fields in self.fields_of_tables.values() if "label" in fields)
        return label if self._example_fields[0] in fields else None

    @property
    def num_classes(self) -> int:
        """How many classes have names, else one more than the largest label; 0 without labels of rank 1."""
        label = self.arrays.get("label")
        if label is None or label.ndim != 1:
            return 0
        return len(self.classes) or int(label.max()) + 1

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes in the order of their labels; "0", "1", ... where there are no names."""
        count = self.num_classes
        return self.classes if count and self.classes else tuple(map(str, range(count)))

    @property
    def nbytes(self) -> int:
        """Bytes of all fields, in memory or not."""
        return sum(values.nbytes for values in self.arrays.values())

    def at(self, numbers: Any) -> dict[str, Any]:
        """The examples with these numbers as a batch, numpy; each table counts modulo its length.

        They are as `gather` gives them and are never augmented.
        """
        numbers = np.asarray(numbers)
        batch: dict[str, Any] = {}
        for table, fields in self.fields_of_tables.items():
            arrays = {name: self.arrays[name] for name in fields}
            batch |= gather(arrays, numbers % self.sizes[table])
        return {name: batch[name] for name in self.arrays}

    def first(self, count: int) -> dict[str, Any]:
        """The first ``count`` examples as a batch, from the beginning again where there are fewer; see `at`."""
        return self.at(np.arange(count))

    def take(self, size: int | None) -> "Source":
        """Return ``size`` examples of every table, or all of them for None.

        They are drawn at random, each class by its share, always the same for the same source and in its
        order. Another table than the example's may be shorter and is then kept as it is.

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
        arrays = dict(self.arrays)
        for table, fields in self.fields_of_tables.items():
            label = self.arrays.get("label") if "label" in fields else None
            labels = np.asarray(label) if label is not None and label.ndim == 1 else None
            rows = draw_rows(self.sizes[table], size, stream(0, f"take {table}"), labels)
            for name in fields:
                values = arrays[name]
                arrays[name] = (
                    values.chosen(rows) if isinstance(values, StoredArray) else values[rows]
                )
        return replace(self, arrays=arrays)

    def describe(self) -> str:
        """Return one line: the name, examples, each field's dtype and shape, the classes, and the notes."""
        parts = []
        for table, fields in self.fields_of_tables.items():
            of = f" of {table}" if len(self.tables) > 1 else ""
            parts.append(f"{self.sizes[table]} examples{of}")
            parts += [f"{n} {self.arrays[n].dtype} {self.arrays[n].shape[1:]}" for n in fields]
        if self.num_classes:
            parts.append(f"{self.num_classes} classes{named(self.classes)}")
        if self.example != "image":
            parts.append(f"an example is {', '.join(self._example_fields)}")
        return f"{self.name}: {'; '.join([*parts, *self.notes])}"


def named(classes: tuple[str, ...]) -> str:
    """The names in parentheses, the first and the last of many; nothing where they are the labels."""
    if classes == tuple(map(str, range(len(classes)))):
        return ""
    shown = classes if len(classes) <= SHOWN else (*classes[: SHOWN - 2], "...", classes[-1])
    return f" ({', '.join(shown)})"


def _check_field(about: str, name: str, values: Any) -> None:
    dtype, rank = str(values.dtype), values.ndim
    if rank == 0 or values.size == 0:
        raise ValueError(f"{about} has shape {values.shape}; it must hold at least 1 example.")
    allowed = {"image": ("uint8", "float32"), "label": ("int32",)}.get(name, _DTYPES)
    if name == "label" and rank == 2:
        allowed = ("int32", "float32", "bool")
    if dtype not in allowed:
        raise ValueError(f"{about} has dtype {dtype}; it must be {' or '.join(allowed)}.")
    if name == "image" and rank != 4 and (rank, dtype) != (2, "float32"):
        raise ValueError(
            f"{about} has shape {values.shape}; it must be (N, H, W, C), or (N, d) for float32 points."
        )
    if name == "image" and rank == 4 and _channels_first(values.shape):
        raise ValueError(
            f"{about} has shape {values.shape}, which looks like (N, C, H, W); pictures are (N, H, W, C), so "
            "transpose it by (0, 2, 3, 1)."
        )
    if name == "label" and rank not in (1, 2):
        raise ValueError(f"{about} has shape {values.shape}; it must be (N,) or (N, A).")
    if dtype == "float32" and not isinstance(values, StoredArray) and not np.isfinite(values).all():
        raise ValueError(f"{about} holds NaN or infinity; every value must be finite.")


def _channels_first(shape: tuple[int, ...]) -> bool:
    """Whether the second axis can only be that of channels: few, before two long ones of like length."""
    sides = sorted(shape[2:])
    return shape[1] <= 4 < sides[0] and sides[1] <= 4 * sides[0]


def tables_of(stored: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the fields by table of what `Source.stored` gave, on the device or not.

    Example:
        >>> tables_of({"image": np.zeros(3)}).keys()
        dict_keys(['examples'])
        >>> tables_of({"photo": {"photo": np.zeros(3)}, "roll": {"roll": np.zeros(4)}}).keys()
        dict_keys(['photo', 'roll'])
    """
    if any(isinstance(values, Mapping) for values in stored.values()):
        return dict(stored)
    return {"examples": stored}


def gather(arrays: Mapping[str, Any], indices: Any) -> dict[str, Any]:
    """Return a batch: the examples at ``indices``, with uint8 pictures scaled to [-1, 1].

    Args:
        arrays: fields of one table, N examples on the leading axis, numpy or JAX. All uint8 is taken to be
            pictures and becomes float32 ``x / 127.5 - 1``; everything else is left as it is.
        indices: integers in ``0 .. N - 1``, any shape ``S``, may be traced.

    Returns:
        Each field with its leading axis replaced by ``S``; numpy if both inputs are numpy.

    Example:
        >>> images = np.asarray([0, 51, 255], np.uint8).reshape(3, 1, 1, 1)
        >>> [round(float(x), 3) for x in gather({"image": images}, np.asarray([2, 1]))["image"].flat]
        [1.0, -0.6]
    """
    return {name: _values_at(values, indices) for name, values in arrays.items()}


def _values_at(values: Any, indices: Any) -> Any:
    if isinstance(values, np.ndarray | StoredArray) and isinstance(indices, np.ndarray):
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
