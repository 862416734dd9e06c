"""The files of a folder: their names, and how to open them. `jgan.data.zips` has those of an archive."""

import io
import os
from pathlib import Path
from typing import NamedTuple, Protocol

from jgan.data.splits import is_split


class Tree(Protocol):
    """Files by their names, such as ``"cats/1.png"``."""

    @property
    def place(self) -> str:
        """What messages call it."""
        ...

    def names(self) -> list[str]:
        """Return the names of all files that are not hidden, in the order of their parts."""
        ...

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        ...

    def open(self, name: str) -> Path | io.BytesIO:
        """Return a file as Pillow opens it."""
        ...

    def stamp(self, name: str) -> str:
        """Return what changes when the file does."""
        ...


class Folder(NamedTuple):
    """The files in a folder and below it.

    Splits and classes may be links to folders; deeper links are not followed, since one may lead in a circle.
    """

    path: Path

    @property
    def place(self) -> str:
        """What messages call it."""
        return str(self.path)

    def names(self) -> list[str]:
        """Return the names of all files that are not hidden, in the order of their parts."""
        return _below(self.path, "", links=1)

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        return (self.path / name).read_bytes()

    def open(self, name: str) -> Path:
        """Return a file as Pillow opens it."""
        return self.path / name

    def stamp(self, name: str) -> str:
        """Return what changes when the file does."""
        status = (self.path / name).stat()
        return f"{status.st_size}\0{status.st_mtime_ns}"


def _below(folder: Path, prefix: str, links: int) -> list[str]:
    """The names of the files in a folder, behind a prefix; links are followed on so many levels."""
    try:
        entries = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise ValueError(f"{folder} cannot be read: {error.strerror}.") from error
    found = []
    for name in entries:
        path = folder / name
        if not path.is_dir():
            found.append(prefix + name)
        elif links > 0 or not path.is_symlink():
            deeper = links if links > 0 and not prefix and is_split(name) else links - 1
            found += _below(path, f"{prefix}{name}/", deeper)
    return found
