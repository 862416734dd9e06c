import numpy as np
import pytest

from jgan.analysis.neighbours import nearest_in_stream


@pytest.mark.parametrize("sizes", [(50,), (7, 1, 30, 12), (1,) * 50])
@pytest.mark.parametrize("k", [1, 4])
def test_neighbours_are_those_of_all_distances_at_once(sizes, k):
    rng = np.random.default_rng(0)
    queries, data = rng.normal(size=(6, 4, 5)), rng.normal(size=(50, 4, 5))
    parts = np.split(data, np.cumsum(sizes)[:-1])
    found = nearest_in_stream(queries, parts, k)
    distances = np.sqrt(((queries[:, None] - data[None]) ** 2).sum(axis=(2, 3)))
    order = np.argsort(distances, axis=1)[:, :k]
    np.testing.assert_array_equal(found.index, order)
    np.testing.assert_allclose(found.distance, np.take_along_axis(distances, order, 1), rtol=1e-9)


def test_a_copy_is_its_own_neighbour():
    data = np.random.default_rng(0).normal(size=(20, 30))
    found = nearest_in_stream(data[[3, 11]], [data[:8], data[8:]], 2)
    np.testing.assert_array_equal(found.index[:, 0], [3, 11])
    np.testing.assert_allclose(found.distance[:, 0], 0, atol=1e-6)
    assert (found.distance[:, 1] > 1).all()


@pytest.mark.parametrize(
    ("k", "parts", "sentence"),
    [
        (0, [np.zeros((3, 2))], "k is 0, but must be at least 1"),
        (4, [np.zeros((3, 2))], "k is 4, but the stream has only 3 examples"),
        (1, [np.zeros((3, 5))], "2 and 5 features"),
        (1, [np.full((3, 2), np.nan)], "NaN"),
        (1, [], "only 0 examples"),
    ],
)
def test_mistakes(k, parts, sentence):
    with pytest.raises(ValueError, match=sentence):
        nearest_in_stream(np.zeros((2, 2)), parts, k)
