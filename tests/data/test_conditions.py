"""What samples are made for: every class by its share, in whatever order the data are."""

import numpy as np
import pytest

from jgan.data import Source, unpaired
from jgan.data.conditions import blank, conditions

COUNTS = {0: 500, 1: 300, 2: 150, 5: 50}
LABEL = np.repeat(np.asarray(list(COUNTS), np.int32), list(COUNTS.values()))


def source(label=LABEL):
    numbers = np.arange(len(label), dtype=np.float32)[:, None]
    return Source({"image": np.concatenate([numbers, numbers], 1), "label": label})


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [7, 20, 64, 333, 1000])
def test_labels_come_by_their_shares(seed, count):
    labels = conditions(source(), seed).labels(np.arange(count))
    found = np.bincount(labels, minlength=6)
    for label, total in COUNTS.items():
        assert abs(found[label] - count * total / 1000) <= 3


@pytest.mark.parametrize("seed", [0, 3])
def test_the_order_of_the_data_does_not_matter(seed):
    mixed = LABEL[np.random.default_rng(0).permutation(len(LABEL))]
    places = np.arange(200)
    np.testing.assert_array_equal(
        conditions(source(), seed).labels(places), conditions(source(mixed), seed).labels(places)
    )


def test_example_depends_on_its_place_and_the_seed_alone():
    given = conditions(source(), 1)
    whole = given.at(np.arange(1100))
    part = given.at(np.arange(40, 60))
    np.testing.assert_array_equal(part["image"], whole["image"][40:60])
    np.testing.assert_array_equal(whole["image"][1000:], whole["image"][:100])
    assert len(np.unique(whole["image"][:1000, 0])) == 1000
    assert not np.array_equal(conditions(source(), 2).at(np.arange(1100))["image"], whole["image"])
    own = LABEL[whole["image"][:, 0].astype(int)]
    np.testing.assert_array_equal(own, whole["label"])


def test_without_classes_examples_are_shuffled():
    plain = Source({"image": np.arange(100, dtype=np.float32)[:, None].repeat(2, 1)})
    images = conditions(plain, 0).at(np.arange(100))["image"][:, 0]
    assert sorted(images) == list(range(100))
    assert abs(images[:30].mean() - 49.5) < 20
    assert conditions(plain, 0).labels(np.arange(3)) is None


def test_tables_have_orders_of_their_own():
    grey = lambda n: Source({"image": np.arange(n, dtype=np.uint8).reshape(n, 1, 1, 1)})
    both = conditions(unpaired({"photo": grey(40), "drawing": grey(90)}), 0).at(np.arange(90))
    assert len(np.unique(both["photo"])) == 40
    assert len(np.unique(both["drawing"])) == 90


def test_fields_that_are_not_read_are_zero():
    batch = conditions(source(), 0).at(np.arange(5), read=("label",))
    assert not batch["image"].any()
    assert batch["label"].any()
    pictures = Source({"image": np.zeros((3, 2, 2, 1), np.uint8)})
    assert blank(pictures, 4)["image"].dtype == np.float32
    assert blank(pictures, 4)["image"].shape == (4, 2, 2, 1)
