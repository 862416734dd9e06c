"""Sources by name: ``load("fashion")``, ``load("ring")``, ``load("mnist:FOLDER")``, a path."""

import difflib
import os
from collections.abc import Callable

from jgan.data import toys
from jgan.data.fashion_mnist import embedded
from jgan.data.files import SPLITS, read_idx_folder, read_npz
from jgan.data.source import Source

TOYS: dict[str, Callable[..., Source]] = {
    "ring": toys.ring,
    "grid": toys.grid,
    "mixture": toys.mixture,
    "spiral": toys.spiral,
    "swiss_roll": toys.swiss_roll,
}
_SETS = ("fashion", "mnist")
_ALLOWED = ", ".join(TOYS) + ", fashion, fashion:FOLDER, mnist:FOLDER, a path ending in .npz, "
_ALLOWED += "or a folder of idx files"


def load(name: str, *, split: str = "train", size: int | None = None, seed: int = 0) -> Source:
    """Return the source with this name.

    Args:
        name: a toy (``ring``, ``grid``, ``mixture``, ``spiral``, ``swiss_roll``); ``fashion``, the
            embedded subset of Fashion-MNIST; ``fashion:FOLDER`` or ``mnist:FOLDER``, the full set
            from its published idx files; a path that ends in ``.npz``; or a folder of idx files.
        split: "train" or "test".
        size: for a toy, how many points are drawn (100,000 by default); otherwise how many
            examples are taken from the beginning (all by default).
        seed: which points of a toy are drawn; files do not depend on it.

    Returns:
        The source.

    Raises:
        FileNotFoundError: if a file or folder is missing.
        ValueError: if the name or the split is unknown, or ``size`` is out of range.

    Example:
        >>> load("fashion", size=100).describe()
        'fashion: 100 examples; image uint8 (28, 28, 1); label int32 (); 10 classes'
        >>> load("rinq")
        Traceback (most recent call last):
        ...
        ValueError: there is no source 'rinq' (did you mean 'ring'?); allowed are ring, grid, ...
    """
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; it must be 'train' or 'test'.")
    if name in TOYS:
        return TOYS[name](toys.POINTS if size is None else size, seed, split=split)
    if name == "fashion":
        return embedded(split).take(size)
    kind, colon, folder = name.partition(":")
    if colon and kind in _SETS and folder:
        return read_idx_folder(folder, split=split, name=kind).take(size)
    if name.endswith(".npz"):
        return read_npz(name, split=split).take(size)
    if os.path.isdir(name) or os.sep in name:
        return read_idx_folder(name, split=split).take(size)
    near = difflib.get_close_matches(kind.lower(), [*TOYS, *_SETS], n=1)
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    raise ValueError(f"there is no source {name!r}{meant}; allowed are {_ALLOWED}.")
