"""Paths given to commands: one rule for every argument that names a file or a folder."""

import argparse
import errno
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

from jgan.errors import UserError

FILES = frozenset(
    f".{kind}"
    for kind in (
        *("bmp", "csv", "gif", "html", "jpeg", "jpg", "json", "jsonl", "npy", "npz"),
        *("pdf", "png", "svg", "tif", "tiff", "txt", "webp", "zip"),
    )
)
"""Suffixes that nobody gives to a folder."""
OF_A_RUN = ("settings.json", "experiment.py", "checkpoints")
"""What marks the directory of a run or of a sweep."""


def named_path(text: str) -> Path:
    """An argparse type: a path, in which ``~`` is the user's home folder.

    >>> named_path("a//b/../c.png")
    PosixPath('a/b/../c.png')
    """
    if not text.strip():
        raise argparse.ArgumentTypeError(f"is {text!r}, but must name a file or a folder")
    try:
        if b"\0" in os.fsencode(text):
            raise ValueError
        return Path(text).expanduser()
    except ValueError as error:  # encodings fail with one too
        raise argparse.ArgumentTypeError(
            f"is {text!r}, which cannot be the name of a file here"
        ) from error
    except RuntimeError as error:
        raise argparse.ArgumentTypeError(f"is {text!r}, but there is no such user") from error


def output(*suffixes: str, folder: bool = False) -> Callable[[str], Path]:
    """An argparse type: where something is written, a file whose suffix says what, or a folder.

    Suffixes count in any case. What is no file's suffix, as in ``run.v2``, may be a folder's. That nothing can
    be written there is told at once, and not after the work.

    Args:
      suffixes: of the files that can be written, such as ``".png"``.
      folder: whether it may be a folder too.
    """
    files = " or ".join(suffixes)
    wanted = " or ".join([*[f"end in {files}"] * bool(files), *["be a folder"] * folder])

    def convert(text: str) -> Path:
        place = named_path(text)
        kind = place.suffix.lower()
        if kind in suffixes:
            if os.path.isdir(place):
                raise argparse.ArgumentTypeError(f"is {text!r}, but that is a folder")
        elif not folder or kind in FILES:
            raise argparse.ArgumentTypeError(f"is {text!r}, but must {wanted}")
        elif os.path.exists(place) and not os.path.isdir(place):
            raise argparse.ArgumentTypeError(f"is {text!r}, but that is no folder")
        _check_above(place, text)
        return place

    return convert


def _check_above(place: Path, text: str) -> None:
    """Refuse a place below something that is no folder, or is one that cannot be written to."""
    try:
        os.lstat(place)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):  # such as too long a name
            raise argparse.ArgumentTypeError(f"is {text!r}: {error.strerror}") from error
    folders = place.absolute().parents  # none of "/"
    above = next((folder for folder in folders if os.path.lexists(folder)), Path(os.sep))
    if not above.is_dir():
        raise argparse.ArgumentTypeError(f"is {text!r}, but {str(above)!r} is no folder")
    if not os.access(above, os.W_OK | os.X_OK):
        raise argparse.ArgumentTypeError(f"is {text!r}, but {str(above)!r} cannot be written to")


def check_folder(out: Path, own: Iterable[str] = ()) -> Path:
    """Refuse a folder of other files, among which what is written could not be told apart.

    Args:
      out: the folder, which need not be there.
      own: names of files that mark a folder of this kind.

    Raises:
      UserError: if it holds files and none of these, or cannot be read.
    """
    try:
        names = {name for name in os.listdir(out) if not name.startswith(".")}
    except OSError:  # not there, or told when it is written to
        return out
    if names and names.isdisjoint(own):
        raise UserError(
            f"--out is {str(out)!r}, but that folder holds other files, such as {min(names)!r}; "
            "name a new one or an empty one."
        )
    return out


Place = Annotated[str | Path, named_path]
"""A file or a folder to read."""
PngFile = Annotated[str | Path, output(".png")]
"""A picture to write."""
NpzFile = Annotated[str | Path, output(".npz")]
"""Arrays to write."""
Folder = Annotated[str | Path, output(folder=True)]
"""A folder to write."""
