"""Nested arrays and what they are, in one .npz file: a member of JSON beside the arrays, no pickle."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jgan.files import make_folder, parse_json, write_atomically

ABOUT = "about.json"


def write_archive(path: Path, arrays: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Write nested arrays and JSON as one file, under a temporary name that is then changed.

    Args:
      path: of the file; its folder is made if it is not there.
      arrays: nested dictionaries of arrays.
      about: JSON; the arrays' `digest_of` is added as ``sha256``.

    Raises:
      UserError: if the folder or the file cannot be written.
    """
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **_flat(arrays))
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(ABOUT, json.dumps({**about, "sha256": digest_of(arrays)}, indent=1))
    make_folder(path.parent)
    write_atomically(path, buffer.getvalue())


def read_archive(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arrays and the JSON of `write_archive`, ``sha256`` included.

    Raises:
      OSError: if there is no file, or it cannot be read.
      ValueError: if it is no such file, or damaged.
    """
    content = io.BytesIO(path.read_bytes())
    try:
        with zipfile.ZipFile(content) as archive:
            about = parse_json(archive.read(ABOUT))
        content.seek(0)
        with np.load(content, allow_pickle=False) as stored:
            arrays = _nested({name: stored[name] for name in stored.files if name != ABOUT})
        expected = about["sha256"]
    except Exception as error:  # a damaged archive fails in as many ways as zip has parts
        raise ValueError(f"it is no file of arrays and {ABOUT}: {error}") from error
    if digest_of(arrays) != expected:
        raise ValueError(f"its arrays have sha256 {digest_of(arrays)}, but must have {expected}")
    return arrays, about


def digest_of(arrays: Mapping[str, Any]) -> str:
    """SHA-256 of the names and bytes of nested arrays, in hex."""
    digest = hashlib.sha256()
    for name, array in sorted(_flat(arrays).items()):
        digest.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, np.ndarray]:
    """Nested dictionaries of arrays as one, names joined by slashes."""
    found: dict[str, np.ndarray] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found.update(_flat(value, f"{prefix}{name}/"))
        else:
            found[prefix + name] = np.asarray(value)
    return found


def _nested(arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, array in arrays.items():
        *outer, last = name.split("/")
        inner = tree
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = array
    return tree
