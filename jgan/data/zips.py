"""A zip archive of pictures, as StyleGAN's dataset tool and people write them. Nothing is unpacked."""

import functools
import io
import os
import zipfile
from pathlib import Path
from typing import NamedTuple

from jgan.data.splits import is_split


class Archive(NamedTuple):
    """The files in a zip archive, by their names in it, as a tree of `jgan.data.listing`.

    Attributes:
        path: of the archive.
        prefix: of all names, where the archive holds one folder and nothing else.
    """

    path: Path
    prefix: str = ""

    @property
    def place(self) -> str:
        """What messages call it."""
        return str(self.path)

    def names(self) -> list[str]:
        """Return the names of all files that are not hidden, in the order of their parts."""
        names = _visible(_opened(self.path, os.getpid()).namelist())
        found = [name.removeprefix(self.prefix) for name in names if name.startswith(self.prefix)]
        return sorted(found, key=lambda name: name.split("/"))

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            ValueError: if it cannot be read.
        """
        try:
            return _opened(self.path, os.getpid()).read(self.prefix + name)
        except Exception as error:  # encrypted, or damaged in as many ways as zip has parts
            reason = str(error).rstrip(".")
            raise ValueError(f"{name} in {self.path} cannot be read: {reason}.") from error

    def open(self, name: str) -> io.BytesIO:
        """Return a file as Pillow opens it."""
        return io.BytesIO(self.read(name))

    def stamp(self, name: str) -> str:
        """Return what changes when a file does."""
        info = _opened(self.path, os.getpid()).getinfo(self.prefix + name)
        return f"{info.file_size} {info.CRC}"


def archive(path: Path) -> Archive:
    """Return a zip archive, seen from inside the folder that holds all of it, if there is one.

    A folder that is called as a split stays part of the names.

    Raises:
        ValueError: if it cannot be read.
    """
    try:
        names = _visible(_opened(path, os.getpid()).namelist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        reason = str(error).rstrip(".")
        raise ValueError(f"{path} is not a readable zip archive: {reason}.") from error
    tops = {name.partition("/")[0] for name in names}
    whole = len(tops) == 1 and all("/" in name for name in names)
    top = next(iter(tops), "")
    return Archive(path, f"{top}/" if whole and not is_split(top) else "")


def _visible(names: list[str]) -> list[str]:
    return [
        name
        for name in names
        if not name.endswith("/")
        and not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
    ]


@functools.lru_cache(maxsize=8)
def _opened(path: Path, process: int) -> zipfile.ZipFile:
    # Threads may share an open archive. A forked process must not: it would share the place in the file.
    return zipfile.ZipFile(path)
