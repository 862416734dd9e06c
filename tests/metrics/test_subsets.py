"""Subsets do not depend on the order of the rows."""

import numpy as np
import pytest

from jgan.metrics.subsets import draw_rows, halves, stream

ORDERS = {
    "sorted": np.repeat(np.arange(4), [50, 100, 150, 300]),
    "alternating": np.tile(np.arange(4), 150),
    "shuffled": np.random.default_rng(0).integers(0, 4, 600),
}


@pytest.mark.parametrize("labels", ORDERS.values(), ids=ORDERS)
def test_every_class_by_its_share_rounded(labels):
    for seed in range(20):
        rows = draw_rows(len(labels), 101, stream(seed, "test"), labels)
        assert len(np.unique(rows)) == 101
        assert (np.diff(rows) > 0).all()
        share = np.bincount(labels, minlength=4) * 101 / len(labels)
        assert (np.abs(np.bincount(labels[rows], minlength=4) - share) < 1).all()


@pytest.mark.parametrize("labels", [None, ORDERS["sorted"]], ids=["unknown", "known"])
def test_every_row_has_the_same_chance(labels):
    found = np.zeros(600)
    for seed in range(1500):
        found[draw_rows(600, 150, stream(seed, "test"), labels)] += 1
    # Binomial with mean 375 and deviation 16.8.
    assert np.abs(found - 375).max() < 5 * 16.8
    assert np.std(found) == pytest.approx(16.8, rel=0.2)


def test_all_rows_and_bad_arguments():
    np.testing.assert_array_equal(draw_rows(5, 9, stream(0, "test")), np.arange(5))
    assert len(draw_rows(5, 0, stream(0, "test"))) == 0
    with pytest.raises(ValueError, match="size is -1"):
        draw_rows(5, -1, stream(0, "test"))
    with pytest.raises(ValueError, match=r"labels have shape \(4,\), but must be 5 classes"):
        draw_rows(5, 2, stream(0, "test"), np.zeros(4, int))
    with pytest.raises(ValueError, match="size is 3, but of 5 rows"):
        halves(5, 3, stream(0, "test"))


def test_halves_are_disjoint_and_alike():
    labels = ORDERS["alternating"]
    one, other = halves(600, 200, stream(0, "test"), labels)
    assert len(one) == len(other) == 200
    assert not set(one) & set(other)
    np.testing.assert_array_equal(np.bincount(labels[one]), np.bincount(labels[other]))
