"""The files of pictures in a folder: their order, their classes and their splits."""

import os
from pathlib import Path
from typing import NamedTuple

from jgan.data.files import SPLITS
from jgan.data.pictures import extensions


class File(NamedTuple):
    """A file of a picture, and the label of the class subfolder that holds it (0 if none does)."""

    path: Path
    label: int


def split_folder(folder: Path, split: str) -> Path:
    """Return the folder of a split: the subfolder of its name if both are there.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if it is a file, or "test" is asked for and not there.
    """
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; it must be 'train' or 'test'.")
    if not folder.exists():
        raise FileNotFoundError(f"{folder} does not exist.")
    if not folder.is_dir():
        raise ValueError(
            f"{folder} is not a folder; pictures are read from a folder that holds them."
        )
    if all((folder / part).is_dir() for part in SPLITS):
        return folder / split
    if split == "test":
        raise ValueError(
            f"{folder} has no test pictures: a folder with both splits has subfolders train and test."
        )
    return folder


def list_pictures(root: Path) -> tuple[list[File], list[str]]:
    """Return the files of pictures in their order, and the names of the classes.

    The order is that of the sorted paths, with the classes evenly mixed: a file's place is its
    share of the way through its class.

    Raises:
        ValueError: if there are no pictures, or some lie beside subfolders that hold others.
    """
    loose, nested = [], {}
    for path in _sorted_entries(root):
        if path.is_dir():
            nested[path.name] = _below(path)
        elif path.suffix.lower() in extensions():
            loose.append(path)
    nested = {name: paths for name, paths in nested.items() if paths}
    if loose and nested:
        raise ValueError(
            f"{root} holds pictures both beside its subfolders ({loose[0].name}) and inside them "
            f"({next(iter(nested.values()))[0].relative_to(root)}); put all into subfolders, one "
            "for each class, or none."
        )
    if not loose and not nested:
        raise ValueError(
            f"{root} holds no pictures; it must hold files such as .png, .jpg, .webp or .tif, "
            "directly or in one subfolder for each class."
        )
    groups = list(nested.values()) or [loose]
    places = [
        ((i + 0.5) / len(paths), label, File(path, label))
        for label, paths in enumerate(groups)
        for i, path in enumerate(paths)
    ]
    return [file for *_, file in sorted(places)], list(nested)


def _below(folder: Path) -> list[Path]:
    """Return all pictures in a folder and the folders below it, in the order of their paths."""
    found = []
    for path in _sorted_entries(folder):
        if path.is_dir():
            found += [] if path.is_symlink() else _below(path)  # a link may lead in a circle
        elif path.suffix.lower() in extensions():
            found.append(path)
    return found


def _sorted_entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder / name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise ValueError(f"{folder} cannot be read: {error.strerror}.") from error
