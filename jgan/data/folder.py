"""A folder or zip archive of pictures of any size, mode and format, with their classes as labels."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from jgan.data.listing import list_pictures, some
from jgan.data.pictures import (
    Header,
    Size,
    fits_memory,
    header,
    in_threads,
    read_picture,
    target_shape,
)
from jgan.data.readable import unreadable
from jgan.data.source import Source
from jgan.data.stored_array import StoredArray
from jgan.data.trees import Folder, Tree
from jgan.data.zips import archive
from jgan.metrics.subsets import draw_rows, stream


def read_pictures(
    folder: str | Path,
    *,
    split: str = "train",
    size: int | None = None,
    image_size: Size = None,
    channels: int | None = None,
    limit_bytes: float | None = None,
) -> Source:
    """Read a folder of pictures, or a zip archive of them, into memory if they fit.

    Class subfolders become labels 0, 1, ... in natural order, "2" before "10"; pictures nested deeper
    belong to the subfolder of the first level. Without subfolders there are no labels. Where StyleGAN's
    ``dataset.json`` lies beside the pictures, it alone says what the labels are.

    Subfolders ``train`` and ``test``, in any case, are splits; without ``test``, ``val``, ``valid`` or
    ``validation`` is the test set. The table of classes is made from all splits, so that a class has one
    number in all of them. Without such subfolders everything is "train". A zip archive that holds one folder
    and nothing else is read from inside it.

    Hidden files are ignored. Files whose extension is not a picture's are ignored, too, and those that are
    no texts are named in the source's notes. Pictures come in the order of their sorted
    paths, the classes evenly mixed, so that the first n examples hold each class by its share.

    Every picture is cropped at its centre to the target's aspect ratio and resized; see
    ``pictures.convert`` for this and for transparency, bit depth and colour. Large JPEGs are
    decoded at a fraction of their size that is at least three times the target. Files that cannot
    be read are left out and named in the source's notes.

    Args:
        folder: the folder, or the archive, whose name ends in .zip.
        split: "train" or "test".
        size: read only so many files, drawn at random, each class by its share.
        image_size: side of a square, or height and width; None if all pictures agree in size.
        channels: 1 or 3; None is 1 if every file is stored without colour, else 3.
        limit_bytes: largest array to keep in memory, by default half of what is available. The
            pictures of a larger set are decoded whenever they are met in training.

    Returns:
        A source with ``image`` uint8 ``(N, H, W, C)`` and, with subfolders or ``dataset.json``, ``label``.

    Raises:
        FileNotFoundError: if there is no such folder or archive.
        ValueError: if it holds no readable picture, sizes differ and ``image_size`` is None, or a
            number is out of range; or an archive or ``dataset.json`` is damaged.
    """
    target = target_shape(image_size, channels)
    tree = picture_tree(Path(folder))
    name = Path(folder).resolve().name
    names, prefix, labels, notes = list_pictures(tree, split)
    if size is not None:
        if not 1 <= size <= len(names):
            raise ValueError(
                f"size is {size}, but the source {name!r} has {len(names)} examples; "
                f"use 1 to {len(names)}."
            )
        of_names = labels.values if labels is not None and labels.values.ndim == 1 else None
        rows = draw_rows(len(names), size, stream(0, "take"), of_names)
        names = [names[row] for row in rows]
        labels = None if labels is None else labels._replace(values=labels.values[rows])
    every, place = _Files(tree, prefix, names), f"{tree.place}/{prefix}".rstrip("/")
    headers, unopened = in_threads(lambda i: header(every.open(i)), len(names), "sizes of")
    broken = {i: str(error) for i, error in unopened.items()}
    kept = np.asarray(sorted(headers), int)
    notes = (*_sizes(headers.values()), *notes)
    _check_any(kept, names, broken, place)
    target = target or _common_size(place, names, headers)
    channels = channels or (1 if all(one.gray for one in headers.values()) else 3)
    shape = (*target, channels)
    files = every.at(kept)
    if fits_memory((len(kept), *shape), limit_bytes):
        image, failures = _in_memory(files, shape)
    else:
        image, failures = _on_disk(files, shape)
    broken |= {int(kept[i]): reason for i, reason in failures.items()}
    kept = np.delete(kept, list(failures))
    _check_any(kept, names, broken, place)
    arrays = {"image": image}
    scales = [_scale(headers[i], target) for i in kept.tolist()]
    enlarged, file_scale = sum(scale < 1 for scale in scales), min(max(scales), 1.0)
    if enlarged:
        of = (
            f"{enlarged} of {len(kept)} files are" if enlarged > 1 else f"1 of {len(kept)} files is"
        )
        notes = (f"{of} smaller than {target[0]}x{target[1]} and enlarged", *notes)
    if broken:
        left_out = some(sorted(names[i] for i in broken))
        notes = (
            f"left out {len(broken)} of {len(names)} files, which cannot be read: {left_out}",
            *notes,
        )
    if labels is None:
        return Source(arrays, name, notes=notes, file_scale=file_scale)
    arrays["label"] = labels.values[kept]
    return Source(arrays, name, classes=labels.classes, notes=notes, file_scale=file_scale)


def picture_tree(folder: Path) -> Tree:
    """The files of a folder, or of a zip archive.

    Raises:
        FileNotFoundError: if there is none.
        ValueError: if it is something else.
    """
    if not folder.exists():
        raise FileNotFoundError(f"{folder} does not exist.")
    if folder.suffix.lower() == ".zip" and folder.is_file():
        return archive(folder)
    if not folder.is_dir():
        raise ValueError(
            f"{folder} is not a folder; pictures are read from a folder or a .zip that holds them."
        )
    return Folder(folder)


class _Files(NamedTuple):
    """The files of a split, by their numbers."""

    tree: Tree
    prefix: str
    names: list[str]

    def open(self, number: int) -> Any:
        return self.tree.open(self.prefix + self.names[number])

    def at(self, numbers: np.ndarray) -> "_Files":
        return self._replace(names=[self.names[number] for number in numbers])

    def marks(self) -> list[str]:
        """What tells whether a file is still the same."""
        return [f"{name}\0{self.tree.stamp(self.prefix + name)}" for name in self.names]


@dataclass(frozen=True)
class _Decoder:
    """Reads file number i; a class, so that the processes of a loader can be handed it."""

    files: _Files
    shape: tuple[int, int, int]

    def __call__(self, number: int) -> np.ndarray:
        return read_picture(self.files.open(number), self.shape)


def _in_memory(files: _Files, shape: tuple[int, int, int]) -> tuple[Any, dict[int, str]]:
    count = len(files.names)
    images = np.empty((count, *shape), np.uint8)

    def decode(number: int) -> None:
        images[number] = read_picture(files.open(number), shape)

    _, failures = in_threads(decode, count)
    kept = [number for number in range(count) if number not in failures]
    if failures:  # in place: a copy would need the memory twice
        for to, origin in enumerate(kept):
            images[to] = images[origin]
    return images[: len(kept)], {number: str(error) for number, error in failures.items()}


def _on_disk(files: _Files, shape: tuple[int, int, int]) -> tuple[StoredArray, dict[int, str]]:
    decode = _Decoder(files, shape)
    failures = unreadable(files.marks(), decode)
    kept = np.delete(np.arange(len(files.names)), list(failures))
    return StoredArray(decode, (len(kept), *shape), np.dtype(np.uint8), kept), failures


def _sizes(headers: Collection[Header]) -> tuple[str, ...]:
    """A note on the sizes of the files, if they differ, and on how many of them are gray, if some are."""
    sizes = sorted({(one.height, one.width) for one in headers}, key=math.prod)
    gray = sum(one.gray for one in headers)
    notes = []
    if len(sizes) > 1:
        (low, high), (tall, wide) = sizes[0], sizes[-1]
        notes.append(f"files of {low}x{high} to {tall}x{wide} (height x width)")
    if 0 < gray < len(headers):
        notes.append(f"{gray} of {len(headers)} files are gray")
    return tuple(notes)


def _scale(found: Header, target: tuple[int, int]) -> float:
    """The size of a file of this height and width over that of the part of it that fills the target."""
    return min(found[0] / target[0], found[1] / target[1])


def _common_size(place: str, names: list[str], found: Mapping[int, Header]) -> tuple[int, int]:
    first, *others = sorted(found)
    height, width = found[first][:2]
    for number in others:
        other_height, other_width = found[number][:2]
        if (other_height, other_width) != (height, width):
            raise ValueError(
                f"the pictures in {place} differ in size: {names[first]} is {height}x{width} (height x "
                f"width) and {names[number]} {other_height}x{other_width}; pass image_size, or end the name "
                "with @64."
            )
    return height, width


def _check_any(kept: np.ndarray, names: list[str], broken: Mapping[int, str], place: str) -> None:
    if not len(kept):
        first = min(broken, key=lambda number: names[number].split("/"))
        reason = broken[first].rstrip(".") or "unknown format"
        raise ValueError(
            f"none of the {len(broken)} pictures in {place} can be read; {names[first]}: {reason}."
        )
