"""A folder of pictures of any size, mode and format, with class subfolders as labels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jgan.data.listing import File, list_pictures, split_folder
from jgan.data.pictures import (
    Size,
    fits_memory,
    header,
    in_threads,
    read_picture,
    target_shape,
)
from jgan.data.readable import unreadable
from jgan.data.rows import Rows
from jgan.data.source import Source

NAMED = 3


def read_pictures(
    folder: str | Path,
    *,
    split: str = "train",
    size: int | None = None,
    image_size: Size = None,
    channels: int | None = None,
    limit_bytes: float | None = None,
) -> Source:
    """Read a folder of pictures, into memory if they fit.

    Class subfolders, sorted by name, become labels 0, 1, ...; pictures nested deeper belong to the
    subfolder of the first level. Without subfolders there are no labels. Subfolders named ``train``
    and ``test`` are the two splits; otherwise everything is "train". Hidden files and files
    whose extension is not a picture's are ignored. Pictures come in the order of their sorted
    paths, the classes evenly mixed, so that the first n examples hold each class by its share.

    Every picture is cropped at its centre to the target's aspect ratio and resized; see
    ``pictures.convert`` for this and for transparency, bit depth and colour. Large JPEGs are
    decoded at a fraction of their size that is at least three times the target. Files that cannot
    be read are left out and named in the source's notes.

    Args:
        folder: the folder.
        split: "train" or "test".
        size: read only the first ``size`` files.
        image_size: side of a square, or height and width; None if all pictures agree in size.
        channels: 1 or 3; None is 1 if every file is stored without colour, else 3.
        limit_bytes: largest array to keep in memory, by default half of what is available. The
            pictures of a larger set are decoded whenever they are met in training.

    Returns:
        A source with ``image`` uint8 ``(N, H, W, C)`` and, with subfolders, ``label``.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if it holds no readable picture, sizes differ and ``image_size`` is None, or a
            number is out of range.
    """
    target = target_shape(image_size, channels)
    root = split_folder(Path(folder), split)
    name = Path(folder).resolve().name
    files, classes = list_pictures(root)
    if size is not None:
        if not 1 <= size <= len(files):
            raise ValueError(
                f"size is {size}, but the source {name!r} has {len(files)} examples; "
                f"use 1 to {len(files)}."
            )
        files = files[:size]
    count = len(files)
    broken: dict[Path, str] = {}
    if target is None or channels is None:
        headers, unopened = in_threads(lambda i: header(files[i].path), count)
        broken = {files[i].path: str(error) for i, error in unopened.items()}
        files = [files[i] for i in sorted(headers)]
        found = [headers[i] for i in sorted(headers)]
        _check_any(files, broken, root)
        target = target or _common_size(root, files, found)
        channels = channels or (1 if all(gray for _, _, gray in found) else 3)
    shape = (*target, channels)
    if fits_memory((len(files), *shape), limit_bytes):
        image, failures = _in_memory(files, shape)
    else:
        image, failures = _on_disk(files, shape, root)
    broken |= {files[number].path: reason for number, reason in failures.items()}
    files = [file for number, file in enumerate(files) if number not in failures]
    _check_any(files, broken, root)
    arrays = {"image": image}
    if classes:
        arrays["label"] = np.asarray([file.label for file in files], np.int32)
    return Source(arrays, name, classes=tuple(classes), notes=_notes(broken, count, root))


@dataclass(frozen=True)
class _Decoder:
    """Reads file number i; a class, so that the processes of a loader can be handed it."""

    files: list[File]
    shape: tuple[int, int, int]

    def __call__(self, number: int) -> np.ndarray:
        return read_picture(self.files[number].path, self.shape)


def _in_memory(files: list[File], shape: tuple[int, int, int]) -> tuple[Any, dict[int, str]]:
    images = np.empty((len(files), *shape), np.uint8)

    def decode(number: int) -> None:
        images[number] = read_picture(files[number].path, shape)

    _, failures = in_threads(decode, len(files))
    kept = [number for number in range(len(files)) if number not in failures]
    if failures:  # in place: a copy would need the memory twice
        for to, origin in enumerate(kept):
            images[to] = images[origin]
    return images[: len(kept)], {number: str(error) for number, error in failures.items()}


def _on_disk(
    files: list[File], shape: tuple[int, int, int], root: Path
) -> tuple[Rows, dict[int, str]]:
    decode = _Decoder(files, shape)
    failures = unreadable(files, root, decode)
    kept = np.asarray([number for number in range(len(files)) if number not in failures])
    return Rows(decode, (len(kept), *shape), np.dtype(np.uint8), kept), failures


def _common_size(
    root: Path, files: list[File], found: list[tuple[int, int, bool]]
) -> tuple[int, int]:
    height, width, _ = found[0]
    for file, (other_height, other_width, _) in zip(files, found, strict=True):
        if (other_height, other_width) != (height, width):
            raise ValueError(
                f"the pictures in {root} differ in size: {files[0].path.relative_to(root)} is "
                f"{height}x{width} (height x width) and {file.path.relative_to(root)} "
                f"{other_height}x{other_width}; pass image_size, or end the name with @64."
            )
    return height, width


def _check_any(files: list[File], broken: dict[Path, str], root: Path) -> None:
    if not files:
        first = min(broken)
        reason = broken[first].rstrip(".") or "unknown format"
        raise ValueError(
            f"none of the {len(broken)} pictures in {root} can be read; "
            f"{first.relative_to(root)}: {reason}."
        )


def _notes(broken: dict[Path, str], count: int, root: Path) -> tuple[str, ...]:
    if not broken:
        return ()
    names = [str(path.relative_to(root)) for path in sorted(broken)]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    named = ", ".join(names[:NAMED]) + more
    return (f"left out {len(names)} of {count} files, which cannot be read: {named}",)
