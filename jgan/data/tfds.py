"""Image sets of TensorFlow Datasets, read without TensorFlow from array_record files."""

import contextlib
import difflib
import importlib.util
import io
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from jgan.data.pictures import Size, convert, fits_memory, in_threads, target_shape
from jgan.data.source import Source
from jgan.data.splits import chosen_split
from jgan.data.stored_array import StoredArray
from jgan.metrics.subsets import draw_rows, stream

# Sets that have a reader of their own for their published files.
_READERS = {"fashion_mnist": "fashion"} | {name: name for name in ("mnist", "cifar10", "cifar100")}


def read_tfds(
    name: str,
    *,
    split: str = "train",
    size: int | None = None,
    image_size: Size = None,
    channels: int | None = None,
    limit_bytes: float | None = None,
    data_dir: str | None = None,
) -> Source:
    """Read an image set of TensorFlow Datasets, into memory if it fits.

    A set that is prepared as array_record needs no TensorFlow. One that is not is prepared first,
    which downloads it and needs TensorFlow.

    Args:
        name: ``set``, ``set/config`` or ``set/config:version``, as in ``tfds.builder``.
        split: "train" or "test", which is the set's validation split where there is only that.
        size: read only so many examples, drawn at random.
        image_size: side of a square, or height and width, to which the pictures are cropped and
            resized as ``pictures.convert`` says; None if the set's pictures have one size.
        channels: 1 or 3; None is 1 for grayscale sets, else 3.
        limit_bytes: largest array to keep in memory, by default half of what is available. The
            pictures of a larger set are decoded whenever they are met in training.
        data_dir: where prepared sets lie; by default the environment's TFDS_DATA_DIR, or else
            ``~/tensorflow_datasets``.

    Returns:
        A source with ``image`` uint8 ``(N, H, W, C)`` and ``label`` if the set has classes.

    Raises:
        ValueError: if a package is missing, the set is unknown, unprepared, without images or
            without this split, or sizes differ and ``image_size`` is None.
    """
    target = target_shape(image_size, channels)
    full = f"tfds:{name}"
    with _quiet():
        builder = _builder(name, full, data_dir or os.environ.get("TFDS_DATA_DIR"))
        field, label, stored = _fields(builder, full)
        if target is None and None in stored[:2]:
            raise ValueError(
                f"the pictures of {full} differ in size; pass image_size, or end the name with @64."
            )
        if not builder.is_prepared():
            _prepare(builder, name, full)
        if split == "test":
            split = chosen_split(split, builder.info.splits) or split
        total = _count(builder, split, size, full)
        rows = draw_rows(total, size or total, stream(0, "take"))
        count = len(rows)
        height, width = target or (stored[0] or 0, stored[1] or 0)
        shape = (height, width, channels or (1 if stored[2] == 1 else 3))
        examples = _Chosen(_open(builder, split, full), rows)
        decode = _Decoder(examples, field, shape)
        labels = np.zeros(count, np.int32)
        keep = fits_memory((count, *shape), limit_bytes)
        images: Any = StoredArray(decode, (count, *shape), np.dtype(np.uint8))
        if keep:
            images = np.empty((count, *shape), np.uint8)

        def read(index: int) -> None:
            example = examples[index]
            if keep:
                images[index] = decode.pixels(example)
            if label:
                labels[index] = example[label]

        _, failures = in_threads(read, count) if keep or label else ({}, {})
    if failures:
        index, error = min(failures.items())
        raise ValueError(f"example {index} of {full} cannot be read: {_line(error)}.")
    labelled = label and labels.min() >= 0  # -1 marks the hidden labels of a test split
    if not labelled:
        return Source({"image": images}, full)
    names = tuple(builder.info.features[label].names)
    return Source({"image": images, "label": labels}, full, classes=names)


@dataclass(frozen=True)
class _Chosen:
    """Some of the examples of a set; a class, for the processes of a loader."""

    examples: Any
    rows: np.ndarray

    def __getitem__(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = self.examples[int(self.rows[number])]
        return found


@dataclass(frozen=True)
class _Decoder:
    """Reads example number i; a class, so that the processes of a loader can be handed it."""

    examples: Any
    field: str
    shape: tuple[int, int, int]

    def __call__(self, number: int) -> np.ndarray:
        return self.pixels(self.examples[number])

    def pixels(self, example: dict[str, Any]) -> np.ndarray:
        values: np.ndarray = example[self.field]
        if values.shape == self.shape and values.dtype == np.uint8:
            return values
        values = values[..., 0] if values.shape[2] == 1 else values
        return convert(Image.fromarray(values), self.shape)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep back the banners that tfds prints where TensorFlow is missing, and its log's warnings."""
    log = logging.getLogger("absl")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        log.setLevel(level)


def _has(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _line(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return first.rpartition('}": ')[2].rstrip(".:")  # without the arguments that tfds repeats


def _builder(name: str, full: str, data_dir: str | None) -> Any:
    for module in ("tensorflow_datasets", "importlib_resources", "array_record"):
        if not _has(module):
            raise ValueError(f"{full} needs the module {module}: run pip install {module}.")
    import tensorflow_datasets as tfds

    known = tfds.list_builders(with_community_datasets=False)
    try:
        builder = tfds.builder(name, data_dir=data_dir)
        if builder.is_prepared():
            return builder
        return tfds.builder(name, data_dir=data_dir, file_format="array_record")
    except tfds.core.DatasetNotFoundError as error:
        base = name.partition("/")[0].partition(":")[0]
        near = difflib.get_close_matches(base.lower(), known, n=1)
        meant = f" (did you mean 'tfds:{near[0]}'?)" if near else ""
        raise ValueError(
            f"TensorFlow Datasets has no set {name!r}{meant}; its catalogue lists the names: "
            "https://www.tensorflow.org/datasets/catalog."
        ) from error
    except Exception as error:  # an unknown config or version, a damaged folder, a missing package
        raise ValueError(f"{full} cannot be opened: {_line(error)}.") from error


def _fields(builder: Any, full: str) -> tuple[str, str, tuple[int | None, int | None, int]]:
    """Return the names of the pictures' and of the labels' feature ("" if none), and the shape."""
    found = sorted(dict(builder.info.features or {}).items())
    features = {key: (type(feature).__name__, feature) for key, feature in found}
    images = [
        key
        for key, (kind, feature) in features.items()
        if len(feature.shape or ()) == 3 and (kind == "Image" or feature.np_dtype == np.uint8)
    ]
    if not images:
        names = ", ".join(features) or "nothing"
        raise ValueError(f"{full} is not an image set; its features are {names}.")
    labels = [key for key, (kind, _) in features.items() if kind == "ClassLabel"]
    field = "image" if "image" in images else images[0]
    label = "label" if "label" in labels else (labels or [""])[0]
    shape = features[field][1].shape
    if shape[2] not in (1, 3, 4, None):
        raise ValueError(f"{full} has {shape[2]} channels in a picture; it must have 1, 3 or 4.")
    return field, label, shape


def _prepare(builder: Any, name: str, full: str) -> None:
    base = name.partition("/")[0].partition(":")[0]
    place = os.fspath(builder.data_dir).partition(f"{os.sep}{base}{os.sep}")[0]
    command = f"tfds build {name} --file_format=array_record"
    elsewhere = f"point TFDS_DATA_DIR to a folder where '{command}' has prepared it"
    reader = _READERS.get(base)
    other = f", or use {reader}:FOLDER with its published files" if reader else ""
    if not _has("tensorflow"):
        raise ValueError(
            f"{full} is not prepared in {place}, and preparing it needs TensorFlow: run pip "
            f"install 'jgan[tfds-prepare]', or {elsewhere}{other}."
        )
    try:
        builder.download_and_prepare(file_format="array_record")
    except Exception as error:  # no network, a moved file, a full disk, a manual download
        raise ValueError(
            f"{full} could not be downloaded and prepared in {place} ({_line(error)}): check the "
            f"network and the disk, or {elsewhere}{other}."
        ) from error


def _count(builder: Any, split: str, size: int | None, full: str) -> int:
    splits = builder.info.splits
    if split not in splits:
        raise ValueError(f"{full} has no split {split!r}; it has {', '.join(splits) or 'none'}.")
    count = splits[split].num_examples
    if size is not None and not 1 <= size <= count:
        raise ValueError(f"size is {size}, but {full!r} has {count} examples; use 1 to {count}.")
    return int(count)


def _open(builder: Any, split: str, full: str) -> Any:
    try:
        return builder.as_data_source(split=split)
    except NotImplementedError as error:
        stored = builder.info.file_format.value
        raise ValueError(
            f"{full} is prepared in {os.fspath(builder.data_dir)} as {stored}, which cannot be read "
            "at random; prepare it in another folder with file_format='array_record', and point "
            "TFDS_DATA_DIR to that."
        ) from error
