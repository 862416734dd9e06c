"""Sources from files: npz and idx (MNIST, Fashion-MNIST). No pickle is ever loaded."""

import gzip
import math
import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from jgan.data.arrays import converted
from jgan.data.source import Source
from jgan.data.splits import SPLITS, check_split, chosen_split, is_split

_ALIASES = {"images": "image", "x": "image", "labels": "label", "y": "label"}
_NAMELESS = {"arr_0": "image", "arr_1": "label"}
_CLASSES = ("classes", "class_names")


def read_npz(path: str | Path, *, split: str = "train", name: str | None = None) -> Source:
    """Read a source from an ``.npz`` file.

    The keys are ``image`` (or ``images``, ``x`` or, as numpy writes nameless arrays, ``arr_0``), optionally
    ``label`` (or ``labels``, ``y`` or ``arr_1``), the names of the classes as ``classes``, and any other
    fields. A file with several splits appends ``_train``, ``_test`` and ``_val`` (or ``_valid`` or
    ``_validation``) to its keys; "test" is the validation set where there is no test set. Values are
    converted as `jgan.data.from_arrays` says, by what all splits hold.

    Args:
        path: the file.
        split: "train" or "test"; "test" needs a file with both splits.
        name: the source's name, the file's stem by default.

    Returns:
        The source.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is no npz file, holds Python objects or lacks the needed keys, or a field has a
            wrong dtype, shape or value.
    """
    check_split(split)
    path = _existing(path)
    keys = list(_read(path))
    splits = _splits(path, keys)
    chosen = chosen_split(split, splits)
    fields = splits[chosen] if chosen else {}
    if "image" not in fields:
        raise ValueError(
            f"{path} has no images for split {split!r}: it must have a key image, images or x "
            f"(with _train or _test if it holds both splits), but its keys are {', '.join(keys)}."
        )
    stored = _read(path, [*fields.values(), *(key for key in keys if key in _CLASSES)])
    classes = next((stored.pop(key) for key in _CLASSES if _are_names(stored.get(key))), ())
    others = [own for other, own in splits.items() if other != chosen and "image" in own]
    rest = {
        field: partial(_rest, path, [own[field] for own in others if field in own])
        for field in ("image", "label")
    }
    read = {field: stored[key] for field, key in fields.items() if key in stored}
    return converted(read, name or path.stem, rest, [str(one) for one in classes])


def _read(path: Path, keys: Sequence[str] | None = None) -> dict[str, Any]:
    """The arrays of these keys; of every key None, where no keys are given."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            if keys is None:
                return dict.fromkeys(archive.files)
            return {key: archive[key] for key in keys}
    except Exception as error:  # a damaged archive fails in as many ways as zip has parts
        reason = str(error).rstrip(".")
        raise ValueError(f"{path} is not an npz file of plain arrays: {reason}.") from error


def _rest(path: Path, keys: list[str]) -> list[np.ndarray]:
    return list(_read(path, keys).values())


def _are_names(values: np.ndarray | None) -> bool:
    return values is not None and values.ndim == 1 and values.dtype.kind == "U"


def _splits(path: Path, keys: list[str]) -> dict[str, dict[str, str]]:
    """Return the fields of each split, and the keys that store them.

    Raises:
        ValueError: if two keys store one field.
    """
    aliases = _ALIASES | (_NAMELESS if all(key.startswith("arr_") for key in keys) else {})
    named: list[tuple[str, str, str]] = []
    for key in keys:
        base, _, suffix = key.rpartition("_")
        split = suffix.lower() if base and is_split(suffix) else ""
        named.append((split, base if split else key, key))
    # An ending is that of a split only if it has pictures: a field may be called p_val.
    pictured = {split for split, base, _ in named if aliases.get(base, base) == "image"}
    splits: dict[str, dict[str, str]] = {}
    for split, base, key in named:
        if split not in (*pictured, *SPLITS):
            split, base = "", key
        fields = splits.setdefault(split or "train", {})
        field = aliases.get(base, base)
        if field in fields:
            raise ValueError(f"{path} has two keys for one field; its keys are {', '.join(keys)}.")
        fields[field] = key
    return splits


def read_idx(path: str | Path) -> np.ndarray:
    """Read an idx file of unsigned bytes, the format of MNIST, gzipped or not.

    Args:
        path: the file; a name that ends in ``.gz`` is decompressed.

    Returns:
        uint8 array of the shape that the file states.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, of another format, or longer or shorter than it states.
    """
    path = _existing(path)
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a readable gzip file: {error}.") from error
    if len(data) < 4 or data[:3] != b"\x00\x00\x08":
        raise ValueError(
            f"{path} starts with bytes {data[:4].hex() or '(none)'}; an idx file of unsigned bytes "
            "starts with 000008 and its number of dimensions."
        )
    start = 4 + 4 * data[3]
    shape = tuple(int.from_bytes(data[at : at + 4], "big") for at in range(4, start, 4))
    if len(data) != start + math.prod(shape):
        raise ValueError(
            f"{path} states shape {shape}, so {start + math.prod(shape)} bytes, but has {len(data)}."
        )
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def read_idx_folder(
    folder: str | Path,
    *,
    split: str = "train",
    name: str | None = None,
    classes: Sequence[str] = (),
) -> Source:
    """Read MNIST or Fashion-MNIST from its published files.

    Args:
        folder: holds ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte`` and the two ``t10k``
            files, each with or without ``.gz``.
        split: "train" or "test".
        name: the source's name, the folder's by default.
        classes: the names of the classes; left out where there are more classes than names.

    Returns:
        A source with ``image`` uint8 ``(N, H, W, 1)`` and ``label``.

    Raises:
        FileNotFoundError: if the folder or one of the files is missing.
        ValueError: if a file is not what its name says.
    """
    check_split(split)
    folder = _existing(folder)
    prefixes = {"train": "train", "test": "t10k"}
    prefix = prefixes.pop(split)
    fields = {}
    for field, stem, rank in (
        ("image", f"{prefix}-images-idx3-ubyte", 3),
        ("label", f"{prefix}-labels-idx1-ubyte", 1),
    ):
        path = _idx_file(folder, stem)
        if path is None:
            raise FileNotFoundError(f"{folder} has neither {stem} nor {stem}.gz.")
        fields[field] = read_idx(path)
        if fields[field].ndim != rank:
            raise ValueError(f"{path} has {fields[field].ndim} dimensions; it must have {rank}.")
    other = _idx_file(folder, f"{prefixes.popitem()[1]}-labels-idx1-ubyte")
    rest = {"label": lambda: [read_idx(other)] if other else []}
    source = converted(fields, name or folder.name, rest)
    if 0 < source.num_classes <= len(classes):
        return replace(source, classes=tuple(classes))
    return source


def _idx_file(folder: Path, stem: str) -> Path | None:
    candidates = [folder / stem, folder / f"{stem}.gz"]
    return next((path for path in candidates if path.is_file()), None)


def _existing(path: str | Path) -> Path:
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist.")
    return path
