"""The pictures of a folder or of an archive: their order, their classes and their splits."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from jgan.data import stylegan
from jgan.data.labels import Labels, as_labels, natural
from jgan.data.pictures import extensions
from jgan.data.splits import check_split, chosen_split, split_folders
from jgan.data.trees import Tree

NAMED = 3
"""Files that a note names at most."""

# Files that often lie beside pictures: a note on them would hide those that matter.
_TEXTS = [
    ".csv",
    ".db",
    ".html",
    ".ini",
    ".json",
    ".md",
    ".npz",
    ".pdf",
    ".tsv",
    ".txt",
    ".xml",
    ".yaml",
    ".yml",
    ".zip",
]


class Listing(NamedTuple):
    """The pictures of a split.

    Attributes:
        names: in their order, seen from the folder of the split.
        prefix: what stands before them in the tree: the folder of the split, or nothing.
        labels: one for each picture; None where there are none.
        notes: what was passed over or converted.
    """

    names: list[str]
    prefix: str
    labels: Labels | None
    notes: tuple[str, ...]


def list_pictures(tree: Tree, split: str) -> Listing:
    """Return the pictures of a split in their order, and their labels.

    Classes are the subfolders that hold pictures, those of all splits in natural order; or what
    StyleGAN's ``dataset.json`` says. The order is that of the sorted names, with the classes evenly mixed: a
    picture's place is its share of the way through its class.

    Raises:
        ValueError: if there are no pictures or none of this split, some lie beside subfolders that hold
            others, or ``dataset.json`` is damaged.
    """
    check_split(split)
    parts, beside = _splits(tree.names())
    prefix = _prefix(tree, parts, split)
    names = _pictures(parts[prefix])
    if not names:
        raise _without_pictures(tree, parts[prefix], " or in one subfolder for each class")
    labels = _labels(tree, parts, prefix)
    notes = list(_notes(parts[prefix], beside))
    if prefix:
        notes += _notes_of_split(prefix.rstrip("/"), split, labels)
    order = _mixed(names, labels)
    if labels is not None:
        notes += labels.notes
        labels = labels._replace(values=labels.values[order])
    return Listing([names[i] for i in order], prefix, labels, tuple(notes))


def all_pictures(tree: Tree) -> list[str]:
    """Return the names of all pictures in a tree, at any depth, in the order of their parts.

    Raises:
        ValueError: if there are none.
    """
    names = tree.names()
    found = _pictures(names)
    if not found:
        raise _without_pictures(tree, names, " or in subfolders")
    return found


def _without_pictures(tree: Tree, names: Sequence[str], where: str) -> ValueError:
    others = _unknown(names)
    found = f"; it holds {some(others)}" if others else ""
    return ValueError(
        f"{tree.place} holds no pictures; it must hold files such as .png, .jpg, .webp or .tif, "
        f"directly{where}{found}."
    )


def some(names: Sequence[str]) -> str:
    """Return the first `NAMED` names, and how many more there are.

    Example:
        >>> some(["a", "b", "c", "d", "e"])
        'a, b, c and 2 more'
    """
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _extension(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _pictures(names: Sequence[str]) -> list[str]:
    return [name for name in names if _extension(name) in extensions()]


def _unknown(names: Sequence[str]) -> list[str]:
    return [name for name in names if _extension(name) not in (*extensions(), *_TEXTS)]


def _splits(names: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The files of each split by its prefix, and the pictures that are in none; one split "" of all."""
    pictures = _pictures(names)
    tops = list(dict.fromkeys(name.partition("/")[0] for name in pictures if "/" in name))
    folders = split_folders(tops, loose=any("/" not in name for name in pictures))
    if not folders:
        return {"": names}, []
    parts: dict[str, list[str]] = {f"{folder}/": [] for folder in folders}
    for name in names:
        top, slash, rest = name.partition("/")
        if top + slash in parts:
            parts[top + slash].append(rest)
    return parts, [name for name in pictures if name.partition("/")[0] not in folders]


def _prefix(tree: Tree, parts: Mapping[str, Any], split: str) -> str:
    folders = [prefix.rstrip("/") for prefix in parts if prefix]
    folder = chosen_split(split, folders)
    if folder is None and (folders or split == "test"):
        there = f"; it has {', '.join(folders)}" if folders else ""
        raise ValueError(
            f"{tree.place} has no {split} pictures: a folder with both splits has subfolders train and test"
            f"{there}."
        )
    return f"{folder}/" if folder else ""


def _labels(tree: Tree, parts: Mapping[str, list[str]], prefix: str) -> Labels | None:
    """The labels of a split's pictures, by the table of classes of all splits that have such labels."""
    stated = {part: _stated(tree, part, names) for part, names in parts.items()}
    own, about = stated[prefix], f"{tree.place}/{prefix}{stylegan.NAME}"
    if own is not None:
        if not own:
            return None
        values = stylegan.labels_of(own, _pictures(parts[prefix]), about)
        others = [
            np.asarray(list(labels.values()))
            for part, labels in stated.items()
            if labels and part != prefix
        ]
        found = as_labels(values, f"label in {about}", others)
        gone = sorted(set(own) - set(parts[prefix]))
        note = f"{stylegan.NAME} names {len(gone)} pictures that are not there: {some(gone)}"
        return found._replace(notes=(*found.notes, note)) if gone else found
    nested = {
        part: [name for name in _pictures(names) if "/" in name]
        for part, names in parts.items()
        if stated[part] is None
    }
    if not nested[prefix]:
        return None
    loose = [name for name in _pictures(parts[prefix]) if "/" not in name]
    if loose:
        raise ValueError(
            f"{tree.place} holds pictures both beside its subfolders ({prefix}{loose[0]}) and inside them "
            f"({prefix}{nested[prefix][0]}); put all into subfolders, one for each class, or none."
        )
    tops = {part: [name.partition("/")[0] for name in names] for part, names in nested.items()}
    classes = sorted({top for own_tops in tops.values() for top in own_tops}, key=natural)
    number = {name: i for i, name in enumerate(classes)}
    return Labels(np.asarray([number[top] for top in tops[prefix]], np.int32), tuple(classes))


def _stated(tree: Tree, prefix: str, names: Sequence[str]) -> Mapping[str, Any] | None:
    """What the ``dataset.json`` of a split says; None where there is none."""
    if stylegan.NAME not in names:
        return None
    name = prefix + stylegan.NAME
    return stylegan.read_labels(tree.read(name), f"{tree.place}/{name}")


def _notes(names: Sequence[str], beside: Sequence[str]) -> tuple[str, ...]:
    unknown = _unknown(names)
    notes = (
        (unknown, "files whose names do not end as those of pictures"),
        (beside, "pictures beside the splits"),
    )
    return tuple(f"passed over {len(left)} {what}: {some(left)}" for left, what in notes if left)


def _notes_of_split(folder: str, split: str, labels: Labels | None) -> list[str]:
    notes = [] if folder.lower() == split else [f"the {split} set is {folder}"]
    if labels is not None and labels.values.ndim == 1:
        counts = np.bincount(labels.values, minlength=len(labels.classes))
        missing = [labels.classes[i] for i in np.flatnonzero(counts == 0)]
        notes += [f"no {split} pictures of {some(missing)}"] if missing else []
    return notes


def _mixed(names: Sequence[str], labels: Labels | None) -> list[int]:
    """The order of pictures that mixes their classes evenly; theirs, where they have no class."""
    if labels is None or labels.values.ndim != 1 or labels.values.min() < 0:
        return list(range(len(names)))
    counts = np.bincount(labels.values)
    placed = np.zeros_like(counts)
    places = []
    for i, label in enumerate(labels.values):
        places.append(((placed[label] + 0.5) / counts[label], int(label), i))
        placed[label] += 1
    return [i for *_, i in sorted(places)]
