import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

from jgan.data import gather, load
from jgan.metrics.frechet import (
    Moments,
    expected_bias,
    frechet_at_infinity,
    frechet_distance,
    moments,
    precise_frechet_distance,
    simulated_bias,
)
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
    assert precise_frechet_distance(first, second) == pytest.approx(expected, rel=1e-13)
    assert precise_frechet_distance(second, first) == pytest.approx(expected, rel=1e-13)


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
    assert precise_frechet_distance(*pair) == pytest.approx(expected, rel=1e-9)


def random_moments(rng, dimension, count):
    features = rng.normal(size=(count, dimension)) * np.exp(-np.arange(dimension) / 40)
    return Moments(features.mean(axis=0), np.cov(features.T))


def test_precise_distance_is_scipy_s_in_many_dimensions():
    rng = np.random.default_rng(3)
    first, second = (random_moments(rng, 128, 600) for _ in range(2))
    root = scipy.linalg.sqrtm(first.covariance @ second.covariance).real
    expected = np.sum((first.mean - second.mean) ** 2)
    expected += np.trace(first.covariance + second.covariance - 2 * root)
    assert precise_frechet_distance(first, second) == pytest.approx(expected, rel=1e-6)


def test_both_ways_of_the_precise_distance_agree(monkeypatch):
    rng = np.random.default_rng(5)
    pair = [random_moments(rng, 60, 300) for _ in range(2)]
    found = []
    for threshold in (0.0, 2.0):
        monkeypatch.setattr("jgan.metrics.frechet.WELL_CONDITIONED", threshold)
        found.append(precise_frechet_distance(*pair))
    assert found[0] == pytest.approx(found[1], rel=1e-11)


@pytest.mark.parametrize("count", [2, 10, 99])
def test_singular_covariances_keep_their_digits(count):
    """Of a set with itself the distance is 0, which a root of rounding errors would miss by 1e-7."""
    found = random_moments(np.random.default_rng(0), 200, count)
    assert abs(precise_frechet_distance(found, found)) < 1e-12 * np.trace(found.covariance)


def test_closed_form_of_two_by_two_matrices():
    """tr (AB)^1/2 = sqrt(tr AB + 2 sqrt(det A det B)) for any positive 2x2 matrices."""
    rng = np.random.default_rng(1)
    for _ in range(20):
        a, b = (root @ root.T for root in rng.normal(size=(2, 2, 2)))
        cross = np.sqrt(np.trace(a @ b) + 2 * np.sqrt(np.linalg.det(a) * np.linalg.det(b)))
        expected = np.trace(a) + np.trace(b) - 2 * cross
        pair = Moments(np.zeros(2), a), Moments(np.zeros(2), b)
        assert precise_frechet_distance(*pair) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_expected_bias_is_what_samples_show():
    """d/N + d(d+1)/(4N): .1104 and .2208 for d = 64 and N = 10,000."""
    assert expected_bias(np.eye(64), 10_000) == pytest.approx(0.1104, abs=5e-5)
    assert 2 * expected_bias(np.eye(64), 10_000) == pytest.approx(0.2208, abs=5e-5)
    rng = np.random.default_rng(0)
    root = np.diag(np.exp(-np.arange(16) / 5))
    exact = Moments(np.zeros(16), root**2)
    draws = [rng.normal(size=(1000, 16)) @ root for _ in range(30)]
    found = [precise_frechet_distance(exact, Moments(x.mean(axis=0), np.cov(x.T))) for x in draws]
    error = np.std(found) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(expected_bias(root**2, 1000), abs=4 * error)


def test_simulated_bias_holds_below_the_dimension_too():
    exact = Moments(np.ones(50), np.diag(np.linspace(1, 3, 50)))
    rng = np.random.default_rng(1)
    for count in (20, 500):
        x = 1 + rng.normal(size=(count, 50)) * np.sqrt(np.linspace(1, 3, 50))
        one = precise_frechet_distance(exact, Moments(x.mean(axis=0), np.cov(x.T)))
        assert simulated_bias(exact, count) == pytest.approx(one, rel=0.15)
    assert simulated_bias(exact, 500) == pytest.approx(
        expected_bias(exact.covariance, 500), rel=0.15
    )


def test_extrapolation_removes_the_bias():
    rng = np.random.default_rng(0)
    exact = Moments(np.zeros(16), np.eye(16))
    for shift in (0.0, 0.5):
        features = rng.normal(size=(4000, 16)) + shift
        found = frechet_at_infinity(features, exact)
        assert found.counts[0] == 400
        assert len(found.counts) == 15
        truth = 16 * shift**2
        # The biases at all sizes are on one line, whose slope is N times that of `expected_bias`.
        assert found.slope == pytest.approx(16 + 16 * 17 / 4, rel=0.5)
        assert abs(found.value - truth) < max(0.3 * expected_bias(np.eye(16), 4000), 0.03 * truth)
        assert found.std < 0.1


@pytest.mark.parametrize(("shift", "most"), [(0.0, 1.9), (0.3, 1.25)])
def test_the_extrapolation_s_error_is_that_of_independent_sets(shift, most):
    """Where the laws are equal the linear part vanishes and the error is too large, never too small."""
    rng, exact = np.random.default_rng(0), Moments(np.zeros(6), np.eye(6))
    found = [
        frechet_at_infinity(rng.normal(size=(300, 6)) + shift, exact, points=6, seed=draw)
        for draw in range(60)
    ]
    true = np.std([one.value for one in found], ddof=1)
    assert 0.8 * true < np.mean([one.std for one in found]) < most * true


def test_an_extrapolation_needs_three_sizes():
    features = np.random.default_rng(0).normal(size=(12, 2))
    exact = Moments(np.zeros(2), np.eye(2))
    with pytest.raises(ValueError, match="between 11 and 12 samples there are only 2 sizes"):
        frechet_at_infinity(features, exact, least=11)


def test_mistakes_of_the_precise_distance():
    good = Moments(np.zeros(2), np.eye(2))
    with pytest.raises(ValueError, match="2 and 3 features; they must agree"):
        precise_frechet_distance(good, Moments(np.zeros(3), np.eye(3)))
    with pytest.raises(ValueError, match="holds NaN or infinity"):
        precise_frechet_distance(good, Moments(np.array([0, np.nan]), np.eye(2)))
    with pytest.raises(ValueError, match="points is 2"):
        frechet_at_infinity(np.ones((9, 2)), good, points=2)
    with pytest.raises(ValueError, match="count is 1"):
        simulated_bias(good, 1)


def test_one_example_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="there are 1 examples, but a covariance needs at least 2"):
        moments(jnp.ones((1, 3)))


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (4, 4), (1, 9), (9, 1), (6, 5)])
def test_random_features_of_small_images_are_finite(shape) -> None:
    images = jax.random.normal(jax.random.key(0), (3, *shape, 3))
    features = random_features(3)(images)
    assert features.shape == (3, 192)
    assert bool(jnp.isfinite(features).all())


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
