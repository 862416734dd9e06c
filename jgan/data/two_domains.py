"""Pictures of two domains ``a`` and ``b`` from files: pairs in one file or in two, and unpaired folders."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from jgan.data.domains import paired, unpaired
from jgan.data.folder import picture_tree, read_pictures
from jgan.data.listing import list_pictures, some
from jgan.data.pictures import Size, target_shape
from jgan.data.source import Source
from jgan.data.splits import check_split
from jgan.data.stored_array import StoredArray
from jgan.data.tfds import read_tfds

DOMAINS = ("a", "b")


def read_pairs(
    place: str,
    *,
    split: str = "train",
    size: int | None = None,
    image_size: Size = None,
    channels: int | None = None,
    limit_bytes: float | None = None,
) -> Source:
    """Read pairs of pictures as rows of the fields ``a`` and ``b``.

    Args:
        place: ``"FOLDER,FOLDER"``, two folders in which the two pictures of a pair have one name but for its
            ending; a folder with subfolders ``A`` and ``B``, which are these; or a folder or .zip of pictures
            whose left half is ``a`` and whose right half is ``b``, as pix2pix's sets are. In each, subfolders
            ``train`` and ``test`` are splits, see `read_pictures`.
        split: "train" or "test".
        size: read only so many pairs, drawn at random.
        image_size: side of a square, or height and width, of each picture of a pair; None if all agree.
        channels: of both, 1 or 3; None for what the files have.
        limit_bytes: as in `read_pictures`.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: as `read_pictures`; if a picture has no partner or cannot be read, the two pictures of a
            pair differ in size, or pictures that hold two cannot be halved.
    """
    options: dict[str, Any] = {
        "split": split,
        "image_size": image_size,
        "channels": channels,
        "limit_bytes": limit_bytes,
    }
    folders = _two(place, ("A", "B"))
    if folders is None:
        return _halved(place, options, size)
    names = [_names(folder, split) for folder in folders]
    _check_partners(folders, names)
    domains = {}
    for domain, folder, own in zip(DOMAINS, folders, names, strict=True):
        source = read_pictures(folder, **options)
        if source.size < len(own):
            raise ValueError(f"pictures of pairs in {folder} cannot be read: {source.notes[0]}.")
        rows = np.asarray([own.index(name) for name in names[0]])
        image = source.arrays["image"]
        image = image.chosen(rows) if isinstance(image, StoredArray) else image[rows]
        domains[domain] = Source({"image": image}, source.name, notes=source.notes)
    found = [domains[domain].shape[:2] for domain in DOMAINS]
    if found[0] != found[1]:
        sizes = [f"{height}x{width}" for height, width in found]
        raise ValueError(
            f"the pictures in {folders[0]} are {sizes[0]} (height x width) and their partners in {folders[1]} "
            f"{sizes[1]}; pass image_size, or end the name with @64."
        )
    return paired(domains, example="b").take(size)


def read_unpaired(
    place: str,
    *,
    split: str = "train",
    size: int | None = None,
    image_size: Size = None,
    channels: int | None = None,
    limit_bytes: float | None = None,
) -> Source:
    """Read two domains of pictures that do not correspond as tables of the fields ``a`` and ``b``.

    Args:
        place: ``"FOLDER,FOLDER"``; a folder with subfolders ``trainA`` and ``trainB``, beside which ``testA``
            and ``testB`` may lie, as CycleGAN's sets are; or one with subfolders ``A`` and ``B``.
        split: "train" or "test".
        size: of each domain, read only so many pictures, drawn at random; all of a domain that has fewer.
        image_size: as in `read_pictures`.
        channels: 1 or 3; None for what the files have.
        limit_bytes: as in `read_pictures`.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: as `read_pictures`; or if there are no two domains.
    """
    check_split(split)
    folders, part = _two(place, ("A", "B")), split
    if folders is None:
        # The split is part of the folders' names, so that within them all pictures belong to it.
        folders, part = _two(place, (f"{split}A", f"{split}B")), "train"
    if folders is None:
        root = Path(place).expanduser()
        if not root.exists():
            raise FileNotFoundError(f"{root} does not exist.")
        raise ValueError(
            f"{root} has no two domains of {split} pictures; it must have the subfolders {split}A and "
            f"{split}B, or A and B, or be two folders with a comma between them."
        )
    options: Any = {"image_size": image_size, "channels": channels, "limit_bytes": limit_bytes}
    own = [read_pictures(folder, split=part, **options) for folder in folders]
    one = Path(place).expanduser()
    return _unpaired(own, size, one.resolve().name if one.is_dir() else None)


def read_tfds_domains(
    name: str, *, split: str = "train", size: int | None = None, **options: Any
) -> Source:
    """Read one of the sets of CycleGAN from TensorFlow Datasets, such as ``"cycle_gan/horse2zebra"``.

    Args:
        name: of the set, as for `jgan.data.read_tfds`, whose splits end in ``A`` and ``B``.
        split: "train" or "test".
        size: of each domain, read only so many pictures; all of a domain that has fewer.
        **options: those of `jgan.data.read_tfds`.

    Raises:
        ValueError: as `jgan.data.read_tfds`.
    """
    check_split(split)
    own = [read_tfds(name, split=f"{split}{letter}", **options) for letter in "AB"]
    return _unpaired(own, size, f"tfds:{name}")


def swapped(source: Source) -> Source:
    """The source whose fields ``a`` and ``b`` have changed their names, for translation the other way.

    Raises:
        ValueError: if it has no such fields.
    """
    if not set(DOMAINS) <= set(source.arrays):
        raise ValueError(
            f"+swap is for two domains, but {source.name!r} has {', '.join(source.arrays)}."
        )
    other = dict(zip(DOMAINS, DOMAINS[::-1], strict=True))
    # Names first, in their order, so that ``a`` stays before ``b``.
    arrays = {name: source.arrays[other.get(name, name)] for name in source.arrays}
    return replace(source, arrays=arrays)


def _unpaired(own: Iterable[Source], size: int | None, name: str | None) -> Source:
    domains = {}
    for domain, source in zip(DOMAINS, own, strict=True):
        pictures = Source({"image": source.arrays["image"]}, source.name, notes=source.notes)
        domains[domain] = pictures.take(size and min(size, pictures.size))
    return unpaired(domains, name=name, example="b")


def _two(place: str, names: tuple[str, str]) -> list[Path] | None:
    """The folders of two domains: those with a comma between them, or subfolders of these names."""
    if "," in place and not os.path.exists(place):
        parts = [Path(part).expanduser() for part in place.split(",")]
        if len(parts) != 2:
            raise ValueError(f"{place!r} names {len(parts)} folders; two domains are two folders.")
        return parts
    root = Path(place).expanduser()
    below = {path.name.lower(): path for path in root.iterdir()} if root.is_dir() else {}
    found = [below[name.lower()] for name in names if name.lower() in below]
    return found if len(found) == 2 and all(path.is_dir() for path in found) else None


def _names(folder: Path, split: str) -> list[str]:
    """The names of a folder's pictures without their endings, in the order in which they are read."""
    return [os.path.splitext(name)[0] for name in list_pictures(picture_tree(folder), split).names]


def _check_partners(folders: list[Path], names: list[list[str]]) -> None:
    for folder, own in zip(folders, names, strict=True):
        twice = (
            sorted({name for name in own if own.count(name) > 1})
            if len(set(own)) < len(own)
            else []
        )
        if twice:
            raise ValueError(
                f"{folder} has two pictures called {twice[0]}; each pair must have its own name."
            )
    for here, there in ((0, 1), (1, 0)):
        missing = sorted(set(names[here]) - set(names[there]))
        if missing:
            raise ValueError(
                f"{len(missing)} of the {len(names[here])} pictures in {folders[here]} have no partner of the "
                f"same name in {folders[there]}: {some(missing)}."
            )


def _halved(place: str, options: dict[str, Any], size: int | None) -> Source:
    target = target_shape(options["image_size"], options["channels"])
    both = None if target is None else (target[0], 2 * target[1])
    source = read_pictures(Path(place).expanduser(), **{**options, "image_size": both}, size=size)
    image, width = source.arrays["image"], source.shape[1]
    if width % 2:
        raise ValueError(
            f"the pictures in {place} are {width} pixels wide, which is odd; pictures that hold a pair side by "
            "side must have two equal halves."
        )
    halves = {"a": slice(None, width // 2), "b": slice(width // 2, None)}
    arrays = {domain: _part(image, columns) for domain, columns in halves.items()}
    return Source(arrays, source.name, example="b", notes=source.notes)


@dataclass(frozen=True)
class _Columns:
    """Reads some columns of a stored picture; a class, so that the processes of a loader can be handed it."""

    image: StoredArray
    columns: slice

    def __call__(self, number: int) -> np.ndarray:
        return self.image.read(number)[:, self.columns]


def _part(image: Any, columns: slice) -> Any:
    if not isinstance(image, StoredArray):
        return np.ascontiguousarray(image[:, :, columns])
    count, height, width, channels = image.shape
    return replace(
        image, read=_Columns(image, columns), shape=(count, height, width // 2, channels)
    )
