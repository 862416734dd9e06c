"""The pictures of a folder as files of their own, each of its own size."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from jgan.data.folder import picture_tree
from jgan.data.listing import all_pictures, some
from jgan.data.pictures import Header, formats, header, in_threads, read_picture
from jgan.data.trees import Tree


class PictureFiles(NamedTuple):
    """The pictures of a folder or of a .zip, in the order of their names.

    Attributes:
        tree: the files.
        headers: what those files that can be opened say of their pictures, by name.
        unreadable: by name, why others cannot.
    """

    tree: Tree
    headers: dict[str, Header]
    unreadable: dict[str, str]

    def read(self, name: str, channels: int) -> np.ndarray:
        """Decode a picture at its own size, uint8 ``(H, W, channels)``; see `jgan.data.pictures.convert`."""
        own = self.headers[name]
        return read_picture(self.tree.open(name), (own.height, own.width, channels))

    def read_labels(self, name: str, labels: int) -> np.ndarray:
        """Decode a map of labels, int32 ``(H, W)``: grey values, or the numbers of a palette's colours.

        Raises:
            ValueError: if it has colours, or holds other labels than 0 to ``labels`` - 1.
        """
        with Image.open(self.tree.open(name), formats=formats()) as image:
            if image.mode not in ("1", "L", "P") and not image.mode.startswith("I"):
                raise ValueError("a map of labels has grey values or a palette, but it has colours")
            values = np.asarray(image).astype(np.int32)
        low, high = int(values.min()), int(values.max())
        if low < 0 or high >= labels:
            odd = low if low < 0 else high
            raise ValueError(f"it holds the label {odd}, but there are 0 to {labels - 1}")
        return values

    def notes(self) -> list[str]:
        """Return what is converted when the pictures are read, a phrase for each kind of conversion."""
        kinds: tuple[tuple[str, Callable[[Header], bool]], ...] = (
            ("transparent, and are laid on white", lambda own: own.transparent),
            ("stored with 16 bits, of which the upper 8 are taken", lambda own: own.deep),
        )
        found = []
        for words, holds in kinds:
            names = [name for name, own in self.headers.items() if holds(own)]
            if names:
                found.append(
                    f"{len(names)} of {len(self.headers)} pictures are {words}: {some(names)}"
                )
        return found


def picture_files(place: Path) -> PictureFiles:
    """Return the pictures of a folder, or of a .zip, at any depth.

    Raises:
        FileNotFoundError: if there is no such folder.
        ValueError: if it is no folder, or holds no pictures.
    """
    tree = picture_tree(place)
    names = all_pictures(tree)
    found, failures = in_threads(lambda i: header(tree.open(names[i])), len(names), "sizes of")
    unreadable = {names[i]: _reason(error) for i, error in failures.items()}
    headers = {names[i]: found[i] for i in sorted(found)}
    for name in [name for name in headers if Path(name).is_absolute()]:
        del headers[name]  # an archive may hold any name
        unreadable[name] = "its name leads out of the archive"
    return PictureFiles(tree, headers, dict(sorted(unreadable.items())))


def _reason(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
