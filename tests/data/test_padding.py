"""Many sizes become few shapes: never too small, never too many, the best of all partitions of few sizes."""

import itertools
import random

import numpy as np
import pytest

from jgan.data.padding import FINEST, MOST_SHAPES, pad, padded_shapes

RNG = random.Random(3)


def area(shape):
    return shape[0] * shape[1]


def added(sizes, shapes):
    return sum(area(shapes[size]) - area(size) for size in sizes)


def partitions(entries, parts):
    """Every way to put entries into so many groups, some perhaps empty."""
    for groups in itertools.product(range(parts), repeat=len(entries)):
        yield [[e for e, g in zip(entries, groups, strict=True) if g == n] for n in range(parts)]


def test_few_sizes_stay():
    sizes = [(n, 2 * n) for n in range(3, 3 + MOST_SHAPES)] * 4
    assert padded_shapes(sizes) == {size: size for size in sizes}


@pytest.mark.parametrize("count", [7, 60, 2000])
def test_every_size_fits_into_one_of_few_shapes(count):
    sizes = [(RNG.randint(5, 300), RNG.randint(5, 300)) for _ in range(count)]
    shapes = padded_shapes(sizes)
    assert set(shapes) == set(sizes)
    assert len(set(shapes.values())) <= MOST_SHAPES
    assert all(s[0] <= shapes[s][0] and s[1] <= shapes[s][1] for s in sizes)
    RNG.shuffle(sizes)
    assert padded_shapes(sizes) == shapes
    assert count < FINEST or len(set(sizes)) > FINEST


def test_two_shapes_of_a_few_sizes_add_as_little_as_any():
    sizes = [(9, 9)] * 6 + [(10, 9), (9, 11), (40, 30), (38, 31)]
    best = min(
        sum(
            sum(max(s[0] for s in own) * max(s[1] for s in own) - area(size) for size in own)
            for own in groups
            if own
        )
        for groups in partitions(sizes, 2)
    )
    assert added(sizes, padded_shapes(sizes, 2)) == best


def test_reflection_continues_below_and_to_the_right():
    picture = np.arange(2 * 3 * 2).reshape(2, 3, 2)
    padded = pad(picture, (7, 5))
    np.testing.assert_array_equal(padded[:2, :3], picture)
    np.testing.assert_array_equal(padded[:, 3], padded[:, 1])
    np.testing.assert_array_equal(padded[2], padded[0])
    np.testing.assert_array_equal(padded[6], padded[0])
    assert pad(np.zeros((1, 1), np.int32), (4, 6)).shape == (4, 6)
