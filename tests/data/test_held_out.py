"""Test sets of what an experiment loaded, and parts that are held out where there are none."""

from dataclasses import replace

import numpy as np
import pytest
from labelled import quadrants

from jgan.data import Source, load
from jgan.data.held_out import divided, published_splits
from jgan.data.registry import recorded
from jgan.data.stored_array import StoredArray


@pytest.fixture
def file(tmp_path):
    fields = {
        f"{field}_{split}": values
        for split, source in (("train", quadrants(40, 0)), ("test", quadrants(20, 1)))
        for field, values in source.arrays.items()
    }
    np.savez(tmp_path / "corners.npz", **fields)
    return str(tmp_path / "corners.npz")


def test_splits_are_found_by_what_was_loaded(file):
    with recorded() as loaded:
        load("fashion", size=50)
        source = load(file + "+flip", size=10)
    train, test = published_splits(source, loaded)
    assert (train.size, test.size) == (40, 20)
    assert train.augment is None
    # Some of what was loaded has its name, and a path cannot be guessed from one.
    assert published_splits(source.take(5), loaded)[1].size == 20
    assert published_splits(source, {}) is None
    assert published_splits(load("ring", size=10), {})[1].name == "ring"
    # Relabelled data are other data.
    renamed = replace(source, classes=("a", "b", "c", "d"))
    assert published_splits(renamed, loaded) is None


def test_divided_parts_are_all_examples_once():
    source = quadrants(201, 0)
    rest, held_out = divided(source, 0.25)
    assert (rest.size, held_out.size) == (151, 50)
    whole = [*rest.arrays["image"], *held_out.arrays["image"]]
    as_bytes = lambda images: sorted(image.tobytes() for image in images)
    assert as_bytes(whole) == as_bytes(source.arrays["image"])
    shares = [np.bincount(part.arrays["label"]) / part.size for part in (rest, held_out)]
    np.testing.assert_allclose(*shares, atol=0.02)
    again = divided(source, 0.25)[1]
    np.testing.assert_array_equal(again.arrays["image"], held_out.arrays["image"])


def test_rows_that_are_not_in_memory_stay_there():
    read = lambda number: np.full((8, 8, 1), number, np.uint8)
    source = Source({"image": StoredArray(read, (10, 8, 8, 1), np.dtype("uint8"))}, "rows")
    rest, held_out = divided(source)
    assert held_out.arrays["image"].stored is not None
    both = [held_out.arrays["image"][np.arange(1)], rest.arrays["image"][np.arange(9)]]
    assert sorted(np.concatenate(both)[:, 0, 0, 0]) == list(range(10))
