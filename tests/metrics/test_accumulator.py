import itertools

import numpy as np
import pytest

from jgan.metrics.accumulator import accumulate, accumulate_all, merge, moments_of


def far_features(count=500, dimension=6):
    """A mean 3000 times the deviation, where sums of squares in float32 would keep nothing."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(count, dimension)) @ rng.normal(size=(dimension, dimension)) + 3000.0


@pytest.mark.parametrize("sizes", [[500], [1, 499], [100] * 5, [1] * 500, [7, 200, 293]])
def test_any_batches_give_numpy_s_covariance(sizes):
    features = far_features()
    edges = np.cumsum([0, *sizes])
    found = accumulate_all(features[a:b] for a, b in itertools.pairwise(edges))
    assert found.count == 500
    moments = moments_of(found)
    np.testing.assert_allclose(moments.mean, features.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(moments.covariance, np.cov(features.T), rtol=1e-9, atol=1e-9)
    assert moments.covariance.dtype == np.float64


def test_merging_is_symmetric_and_associative():
    parts = [accumulate(part) for part in np.array_split(far_features(90), 3)]
    orders = [
        merge(merge(parts[0], parts[1]), parts[2]),
        merge(parts[0], merge(parts[1], parts[2])),
        merge(parts[2], merge(parts[1], parts[0])),
    ]
    for other in orders[1:]:
        np.testing.assert_allclose(other.mean, orders[0].mean, rtol=1e-14)
        np.testing.assert_allclose(other.comoment, orders[0].comoment, rtol=1e-9)


def test_single_precision_features_are_summed_in_double():
    features = far_features().astype(np.float32)
    exact = np.cov(features.astype(np.float64).T)
    np.testing.assert_allclose(moments_of(accumulate(features)).covariance, exact, rtol=1e-9)


def test_mistakes():
    with pytest.raises(ValueError, match="there are no features"):
        accumulate_all([])
    with pytest.raises(ValueError, match="needs at least 2 examples, but there are 1"):
        moments_of(accumulate(np.ones((1, 3))))
    bad = np.ones((4, 2))
    bad[2, 1] = np.nan
    with pytest.raises(ValueError, match=r"first in example 2 of 4"):
        accumulate(bad)
