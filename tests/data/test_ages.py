"""Persons at four ages: hair changes with them, and nothing else does."""

import numpy as np
import pytest

from jgan.data import load
from jgan.data.ages import AGES, COUNTS, GREY, aged, at_age, identities_with_ages


@pytest.fixture(scope="module")
def who():
    return identities_with_ages("test")


def test_hair_becomes_grey_and_leaves_the_forehead(who):
    count = len(who.width)
    young, old = (aged(who, np.full(count, age)) for age in (0, 3))
    np.testing.assert_array_equal(young.hair, who.hair)
    np.testing.assert_allclose(old.hair, GREY)
    np.testing.assert_allclose(old.fringe, 0.9)
    np.testing.assert_array_equal(old.volume, 0)
    between = aged(who, np.full(count, 1))
    np.testing.assert_allclose(between.hair, (2 * who.hair + GREY) / 3)
    for name in ("skin", "iris", "shirt", "stripe", "width", "height", "length", "stripes"):
        np.testing.assert_array_equal(getattr(old, name), getattr(who, name))


def test_the_rest_of_a_picture_stays(who):
    pictures = np.stack([at_age(who, np.full(len(who.width), age)) for age in range(len(AGES))])
    face, shirt = pictures[:, :, 15:20, 13:19], pictures[:, :, 29:]
    np.testing.assert_array_equal(face, np.broadcast_to(face[:1], face.shape))
    np.testing.assert_array_equal(
        shirt[:, :, :, 9:23], np.broadcast_to(shirt[:1], shirt.shape)[..., 9:23, :]
    )
    assert all(
        (np.diff(pictures[:, one], axis=0) != 0).any(axis=(1, 2, 3)).all() for one in range(200)
    )


def test_the_source():
    source = load("persons:ages", split="test")
    assert source.describe() == (
        "persons:ages: 200 examples; image uint8 (32, 32, 3); label int32 (); 4 classes (20, 40, 60, 80)"
    )
    assert np.bincount(source.arrays["label"]).tolist() == [COUNTS["test"] // 4] * 4
    young = np.arange(0, 200, 4)
    expected = at_age(identities_with_ages("test"), np.zeros(200, int))[young]
    np.testing.assert_array_equal(source.arrays["image"][young], expected)
    with pytest.raises(
        ValueError, match=r"^there is no source 'persons:hats'; allowed are persons and"
    ):
        load("persons:hats")
