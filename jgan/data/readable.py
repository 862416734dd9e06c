"""Which files of a folder cannot be read, found once for a folder that stays on disk."""

import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence

import numpy as np

from jgan.data.pictures import in_threads
from jgan.errors import UserError
from jgan.files import cache_folder, make_folder, parse_json, write_atomically


def unreadable(marks: Sequence[str], read: Callable[[int], np.ndarray]) -> dict[int, str]:
    """The numbers of the files that ``read`` fails for, with the reasons.

    A set that is kept in memory shows its broken files while it is read. One that stays on disk must know
    them beforehand, or its size would change during training. So every file is decoded once, and the
    result is kept under a hash of the marks, which tell names, sizes and times of the files.
    """
    known = hashlib.sha256()
    for mark in marks:
        known.update(f"{mark}\n".encode(errors="surrogateescape"))
    cache = cache_folder("folders")
    record = cache / f"{known.hexdigest()}.json" if cache else None
    if record and record.exists():
        with contextlib.suppress(OSError, ValueError):
            stored = parse_json(record.read_text())
            return {int(number): reason for number, reason in stored.items()}

    def attempt(number: int) -> None:
        read(number)

    _, failures = in_threads(attempt, len(marks), "checking")
    reasons = {number: str(error) for number, error in failures.items()}
    if record:
        with contextlib.suppress(UserError):  # a read-only home costs the time again, nothing else
            make_folder(record.parent)
            write_atomically(record, json.dumps(reasons))
    return reasons
