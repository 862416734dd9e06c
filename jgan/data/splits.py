"""The names of splits in folders and files, and which of them is the training or the test set."""

from collections.abc import Iterable

SPLITS = ("train", "test")
"""What a source can be asked for."""

_NAMES = {"train": ("train", "training"), "test": ("test", "testing", "val", "valid", "validation")}


def is_split(name: str) -> bool:
    """Whether a folder or the ending of a key is called as a split is, in any case of its letters.

    Example:
        >>> is_split("Valid"), is_split("trains")
        (True, False)
    """
    return any(name.lower() in names for names in _NAMES.values())


def chosen_split(split: str, names: Iterable[str]) -> str | None:
    """Return which of ``names`` is the split that is asked for: a validation set where there is no test set.

    Example:
        >>> chosen_split("test", ["Train", "val"]), chosen_split("test", ["train", "val", "TEST"])
        ('val', 'TEST')
    """
    found = {name.lower(): name for name in names}
    return next((found[name] for name in _NAMES[split] if name in found), None)


def split_folders(tops: Iterable[str], loose: bool) -> list[str]:
    """Return which of the subfolders that hold pictures are splits.

    They are where a training set lies beside a test or validation set, or where nothing lies beside them. A
    class may be called "train", too.

    Args:
        tops: names of the subfolders that hold pictures.
        loose: whether pictures lie beside them.

    Example:
        >>> split_folders(["test", "train", "extra"], False), split_folders(["bus", "train"], False)
        (['test', 'train'], [])
    """
    tops = list(tops)
    found = [name for name in tops if is_split(name)]
    both = all(chosen_split(split, found) for split in SPLITS)
    return found if both or (len(found) == len(tops) and not loose) else []


def check_split(split: str) -> None:
    """Raise ValueError unless ``split`` is "train" or "test"."""
    if split not in SPLITS:
        raise ValueError(f"split is {split!r}; it must be 'train' or 'test'.")
