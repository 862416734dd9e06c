import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

from jgan.data import gather, load
from jgan.metrics.frechet import Moments, frechet_distance, moments
from jgan.metrics.random_features import random_feature_distance, random_features


def gaussian(covariance: object, mean: object = None) -> Moments:
    matrix = jnp.asarray(covariance, float)
    return Moments(jnp.zeros(len(matrix)) if mean is None else jnp.asarray(mean, float), matrix)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (gaussian(np.eye(4)), gaussian(4 * np.eye(4), [1, 2, 0, 0]), 9.0),
        (gaussian(np.diag([1, 4, 9])), gaussian(np.diag([4, 9, 16])), 3.0),
        (gaussian([[2, 1], [1, 2]]), gaussian(np.diag([3, 1])), 8 - 2 * 14**0.5),
        (gaussian(np.diag([1, 0])), gaussian(np.diag([0, 1])), 2.0),
    ],
)
def test_closed_forms(first: Moments, second: Moments, expected: float) -> None:
    assert float(frechet_distance(first, second)) == pytest.approx(expected, abs=2e-5)
    assert float(frechet_distance(second, first)) == pytest.approx(expected, abs=2e-5)


def test_scipy_s_matrix_root_agrees() -> None:
    rng = np.random.default_rng(0)
    roots = rng.normal(size=(2, 6, 6))
    covariances = roots @ roots.transpose(0, 2, 1)
    means = rng.normal(size=(2, 6))
    trace = np.trace(covariances[0] + covariances[1])
    trace -= 2 * np.trace(scipy.linalg.sqrtm(covariances[0] @ covariances[1])).real
    expected = np.sum((means[0] - means[1]) ** 2) + trace
    with jax.enable_x64(True):
        pair = [
            Moments(jnp.asarray(m), jnp.asarray(c)) for m, c in zip(means, covariances, strict=True)
        ]
        assert float(frechet_distance(*pair)) == pytest.approx(expected, rel=1e-9)


def test_moments_are_numpy_s() -> None:
    features = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    found = moments(jnp.asarray(features))
    np.testing.assert_allclose(found.mean, features.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.covariance, np.cov(features.T), atol=1e-5)


def test_random_features_tell_good_images_from_bad_ones() -> None:
    """Between two halves of the data it is small; it grows with noise and with missing classes."""
    source = load("fashion", size=2000)
    images = gather({"image": jnp.asarray(source.arrays["image"])}, jnp.arange(2000))["image"]
    first, second = images[:1000], images[1000:]
    floor = float(random_feature_distance(first, second))
    noise = jax.random.normal(jax.random.key(0), first.shape)
    noisy = [
        float(random_feature_distance(jnp.clip(first + level * noise, -1, 1), second))
        for level in (0.2, 0.5, 1.0)
    ]
    one_class = images[source.arrays["label"] == 0]
    assert floor < noisy[0] < noisy[1] < noisy[2]
    assert float(random_feature_distance(one_class, second)) > 20 * floor
    assert float(random_feature_distance(first, first)) == pytest.approx(0, abs=1e-2)


def test_random_features_have_a_fixed_length_and_seed() -> None:
    images = jax.random.normal(jax.random.key(0), (3, 28, 20, 3))
    features = random_features(3)(images)
    assert features.shape == (3, 192)
    np.testing.assert_array_equal(features, random_features(3)(images))
    assert not np.array_equal(features, random_features(3, seed=1)(images))
