"""Small trainings that numbers rest on: each is done once and kept, by a fingerprint of what decides it."""

import functools
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jgan.errors import UserError
from jgan.evaluation.array_archive import read_archive, write_archive
from jgan.files import cache_folder

FOLDER = "judges"
_REMEMBERED = 4


class TrainedArrays(NamedTuple):
    """What a training ended with.

    Attributes:
      arrays: nested dictionaries of arrays.
      about: JSON that describes them.
    """

    arrays: Mapping[str, Any]
    about: Mapping[str, Any]


_known: dict[str, TrainedArrays] = {}


def fingerprint(recipe: Mapping[str, Any]) -> str:
    """SHA-256 of JSON in hex, whatever the order of its names.

    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()


def trained_once(
    kind: str, recipe: Mapping[str, Any], train: Callable[[], TrainedArrays]
) -> TrainedArrays:
    """What ``train`` returns: remembered in this process, kept in jgan's cache, or else trained now.

    Entries are files ``judges/KIND-FINGERPRINT.npz`` in `jgan.files.cache_folder`; delete them whenever you
    like. A damaged one is replaced, and where none can be written the training serves this process only;
    each is said in one warning. Two processes that miss an entry both train it, and either's file is whole.

    Args:
      kind: what is trained, a part of the file's name.
      recipe: JSON of all that decides the result: hashes of the data, settings, the version of the code.
      train: the training, a function of the recipe.
    """
    name = f"{kind}-{fingerprint(recipe)[:40]}"
    found = _known.pop(name, None) or _kept(kind, name, train)
    _known[name] = found
    while len(_known) > _REMEMBERED:
        del _known[next(iter(_known))]
    return found


def forget() -> None:
    """Forget what this process remembers, so that the next call looks into the cache again."""
    _known.clear()
    _warn.cache_clear()


def _kept(kind: str, name: str, train: Callable[[], TrainedArrays]) -> TrainedArrays:
    folder = cache_folder(FOLDER)
    if folder is None:
        return train()
    path = folder / f"{name}.npz"
    found = _read(kind, path)
    if found is None:
        found = train()
        try:
            write_archive(path, found.arrays, found.about)
        except UserError as error:
            _warn(f"the {kind} serves this process only, because it cannot be kept: {error}")
    return found


def _read(kind: str, path: Path) -> TrainedArrays | None:
    try:
        return TrainedArrays(*read_archive(path))
    except OSError:
        # There is none, or the folder is out of reach, of which writing will speak.
        return None
    except ValueError as error:
        reason = str(error).rstrip(".")
        _warn(f"the {kind} in {str(path)!r} is damaged and trained anew: {reason}.")
        return None


@functools.cache
def _warn(sentence: str) -> None:
    logging.getLogger("jgan").warning("warning: %s", sentence)
