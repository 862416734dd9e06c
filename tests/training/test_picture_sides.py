"""Sides that networks which double their maps can make."""

import numpy as np
import pytest

from jgan.data import Source
from jgan.errors import UserError
from jgan.training.picture_sides import check_sides, near_sides


def test_near_sides_are_reached_by_doubling():
    for side in (5, 41, 129, 1000):
        for near in near_sides(side):
            while near > 7:
                assert near % 2 == 0
                near //= 2
            assert near >= 4
    assert near_sides(224) == [224]


def test_sides_that_are_not_are_refused():
    source = lambda *sides: Source({"image": np.zeros((2, *sides, 3), np.uint8)}, "mine")
    for sides in ((8, 8), (96, 96), (64, 48)):
        check_sides(source(*sides))
    for sides, message in (
        ((30, 30), "have 30x30 pixels, but sides must be .* power of two, such as 28 or 32; end"),
        ((30, 64), "have 30x64 pixels, but sides must be .* power of two; end"),
    ):
        with pytest.raises(
            UserError, match=f"^data is 'mine', whose pictures {message} .* side\\.$"
        ):
            check_sides(source(*sides))
