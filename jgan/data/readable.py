"""Which files of a folder cannot be read, found once for a folder that stays on disk."""

import contextlib
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from jgan.data.listing import File
from jgan.data.pictures import in_threads
from jgan.errors import UserError
from jgan.training.files import cache_folder, make_folder, write_atomically


def unreadable(files: list[File], root: Path, read: Callable[[int], np.ndarray]) -> dict[int, str]:
    """The numbers of the files that ``read`` fails for, with the reasons.

    A set that is kept in memory shows its broken files while it is read. One that stays on disk must know
    them beforehand, or its size would change during training. So every file is decoded once, and the
    result is kept under a hash of the files' names, sizes and times.
    """
    known = hashlib.sha256()
    for file in files:
        status = file.path.stat()
        name = file.path.relative_to(root)
        known.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    cache = cache_folder("folders")
    record = cache / f"{known.hexdigest()}.json" if cache else None
    if record and record.exists():
        with contextlib.suppress(OSError, ValueError):
            stored = json.loads(record.read_text())
            return {int(number): reason for number, reason in stored.items()}

    def attempt(number: int) -> None:
        read(number)

    _, failures = in_threads(attempt, len(files))
    reasons = {number: str(error) for number, error in failures.items()}
    if record:
        with contextlib.suppress(UserError):  # a read-only home costs the time again, nothing else
            make_folder(record.parent)
            write_atomically(record, json.dumps(reasons))
    return reasons
