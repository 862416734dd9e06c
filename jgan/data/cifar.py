"""CIFAR-10 and CIFAR-100 from their published binary versions. No pickle is ever loaded."""

import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jgan.data.class_names import CIFAR10, CIFAR100
from jgan.data.source import Source
from jgan.data.splits import check_split

_PICTURE = 3 * 32 * 32


class _Layout(NamedTuple):
    """What the published archive of a set holds.

    Attributes:
        folder: the folder in the archive.
        archive: the archive's file name.
        files: the names of the files of each split.
        labels: bytes of labels before a picture; the last one is the class.
        classes: the names of the classes.
    """

    folder: str
    archive: str
    files: dict[str, tuple[str, ...]]
    labels: int
    classes: tuple[str, ...]


LAYOUTS = {
    "cifar10": _Layout(
        "cifar-10-batches-bin",
        "cifar-10-binary.tar.gz",
        {
            "train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
            "test": ("test_batch.bin",),
        },
        labels=1,
        classes=CIFAR10,
    ),
    "cifar100": _Layout(
        "cifar-100-binary",
        "cifar-100-binary.tar.gz",
        {"train": ("train.bin",), "test": ("test.bin",)},
        labels=2,
        classes=CIFAR100,
    ),
}


def read_cifar(place: str | Path, *, kind: str = "cifar10", split: str = "train") -> Source:
    """Read CIFAR-10 or CIFAR-100 from the binary version (Krizhevsky 2009).

    Args:
        place: the published ``.tar.gz``, a folder that holds it, the unpacked folder, or a folder
            that holds the unpacked folder.
        kind: "cifar10" or "cifar100" (its 100 fine classes).
        split: "train" or "test".

    Returns:
        A source with ``image`` uint8 ``(N, 32, 32, 3)`` and ``label`` int32 ``(N,)``.

    Raises:
        FileNotFoundError: if the folder, the archive or one of its files is missing.
        ValueError: if a file is damaged, or only the Python version, which is a pickle, is there.
    """
    if kind not in LAYOUTS:
        raise ValueError(f"kind is {kind!r}; it must be {' or '.join(map(repr, LAYOUTS))}.")
    check_split(split)
    layout, place = LAYOUTS[kind], Path(place)
    names = layout.files[split]
    if not place.exists():
        raise FileNotFoundError(f"{place} does not exist.")
    archives = [place] if place.is_file() else [place / layout.archive, *_tars(place)]
    folder = next((f for f in (place, place / layout.folder) if (f / names[0]).is_file()), None)
    archive = next((path for path in archives if path.is_file()), None)
    if folder:
        contents = {
            name: (folder / name).read_bytes() for name in names if (folder / name).is_file()
        }
    elif archive:
        contents = _from_archive(archive, names)
    else:
        contents = {}
    missing = next((name for name in names if name not in contents), None)
    if missing and not contents and _python_version(place):
        raise ValueError(
            f"{place} holds the Python version of {kind}, a pickle, which is never loaded; "
            f"download the binary version, {layout.archive}."
        )
    if missing:
        raise FileNotFoundError(
            f"{folder or archive or place} has no {missing} of the binary version of {kind}; "
            f"it must hold {layout.archive} or the files unpacked from it."
        )
    parts = [_records(contents[name], layout, name, place) for name in names]
    image, label = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Source({"image": image, "label": label}, kind, classes=layout.classes)


def _tars(folder: Path) -> Iterable[Path]:
    return sorted(path for path in folder.glob("cifar*.tar.gz") if "python" not in path.name)


def _python_version(place: Path) -> bool:
    if place.is_file():
        return "python" in place.name
    marks = ("*python.tar.gz", "*batches-py", "*100-python", "data_batch_1", "batches.meta", "meta")
    return any(True for mark in marks for _ in place.glob(mark))


def _from_archive(archive: Path, names: tuple[str, ...]) -> dict[str, bytes]:
    contents = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:  # read into memory: nothing is unpacked onto the disk
                file = tar.extractfile(member) if Path(member.name).name in names else None
                if file:
                    contents[Path(member.name).name] = file.read()
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        reason = str(error).split("\n")[0].rstrip(".:")
        raise ValueError(f"{archive} is not a readable tar archive: {reason}.") from error
    return contents


def _records(data: bytes, layout: _Layout, name: str, place: Path) -> tuple[np.ndarray, np.ndarray]:
    record = layout.labels + _PICTURE
    if not data or len(data) % record:
        raise ValueError(
            f"{name} in {place} has {len(data)} bytes; it must be a multiple of {record}."
        )
    rows = np.frombuffer(data, np.uint8).reshape(-1, record)
    label = rows[:, layout.labels - 1].astype(np.int32)
    if label.max() >= len(layout.classes):
        raise ValueError(
            f"{name} in {place} has label {label.max()}; it must be below {len(layout.classes)}."
        )
    planes = rows[:, layout.labels :].reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), label
