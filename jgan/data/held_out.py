"""Examples that a training did not have, for whoever is tested on them."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from jgan.data.registry import LoadArguments, load
from jgan.data.source import Source
from jgan.data.stored_array import StoredArray
from jgan.metrics.subsets import draw_rows, stream

HELD_OUT = 0.1


def published_splits(
    source: Source, loaded: Mapping[LoadArguments, Source]
) -> tuple[Source, Source] | None:
    """The whole training set and the test set of the data that a source was taken from.

    Args:
      source: all examples of a training set, or some of them, as they were loaded.
      loaded: what `jgan.data.load` returned on the way to it, as an experiment keeps it.

    Returns:
      Both, not augmented; None where the data have no test set, or are no longer what was loaded (other
      shapes or classes).
    """
    for name, _, _, seed, image_size, channels in _names_of(source, loaded):
        try:
            train, test = (
                load(name, split=split, seed=seed, image_size=image_size, channels=channels)
                for split in ("train", "test")
            )
        except (ValueError, OSError):
            continue
        alike = train.shape == test.shape == source.shape
        if alike and train.class_names == source.class_names:
            return replace(train, augment=None), replace(test, augment=None)
    return None


def _names_of(source: Source, loaded: Mapping[LoadArguments, Source]) -> Iterator[LoadArguments]:
    yield from (arguments for arguments, own in loaded.items() if own is source)
    yield from (arguments for arguments, own in loaded.items() if own.name == source.name)
    yield source.name, "train", None, 0, None, None


def divided(source: Source, share: float = HELD_OUT) -> tuple[Source, Source]:
    """A source without a share of its examples, and these, drawn always alike and each class by its share.

    Args:
      source: of one table.
      share: how many are held out, at least one.

    Example:
      >>> label = np.arange(50, dtype=np.int32) % 5
      >>> rest, held_out = divided(Source({"image": np.zeros((50, 2), np.float32), "label": label}))
      >>> rest.size, np.bincount(held_out.arrays["label"]).tolist()
      (45, [1, 1, 1, 1, 1])
    """
    size = max(1, round(share * source.size))
    rows = draw_rows(source.size, size, stream(0, "held out"), source.class_labels)
    rest = np.setdiff1d(np.arange(source.size), rows)
    return _chosen(source, rest), _chosen(source, rows)


def _chosen(source: Source, rows: np.ndarray) -> Source:
    arrays = {
        name: values.chosen(rows) if isinstance(values, StoredArray) else values[rows]
        for name, values in source.arrays.items()
    }
    return replace(source, arrays=arrays, augment=None)
