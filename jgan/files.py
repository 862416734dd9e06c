"""Files that are never half written, and JSON that others wrote."""

import json
import os
import uuid
from pathlib import Path
from typing import Any

from jgan.errors import UserError


def write_atomically(path: str | Path, content: bytes | str) -> None:
    """Write a file under a temporary name beside ``path``, then rename it.

    Raises:
      UserError: if the folder is missing or read-only, or the disk is full.
    """
    path = Path(path)
    # Names of files may hold bytes that are no text.
    data = content.encode(errors="backslashreplace") if isinstance(content, str) else content
    try:
        name = path.parent / f".{path.name}.{uuid.uuid4().hex}"
        try:
            with open(name, "xb") as file:  # with the rights that the user's files have
                file.write(data)
            os.replace(name, path)
        except BaseException:
            name.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(f"{str(path)!r} cannot be written: {error.strerror}.") from error


def make_folder(path: str | Path) -> Path:
    """Create the folder ``path`` with its parents, if it is not there.

    Raises:
      UserError: if it cannot be created.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"folder {str(path)!r} cannot be created: {error.strerror}.") from error
    return path


def parse_json(content: str | bytes) -> Any:
    """The value that a JSON text holds.

    Raises:
      ValueError: if it is no JSON, or nested too deep to be read.

    >>> parse_json('{"step": 3}')
    {'step': 3}
    """
    try:
        return json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def cache_folder(name: str) -> Path | None:
    """Where jgan keeps what can be made again: ``name`` in $JGAN_CACHE, or in ``~/.cache/jgan``.

    None if JGAN_CACHE is empty, which asks for nothing to be kept.
    """
    root = os.environ.get("JGAN_CACHE", str(Path.home() / ".cache" / "jgan"))
    return Path(root) / name if root else None
