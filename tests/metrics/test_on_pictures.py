"""Distances on Fashion-MNIST: near their floor between halves, far above it and monotone for damage."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage

from jgan.data import gather, load
from jgan.metrics.accumulator import accumulate, moments_of
from jgan.metrics.classifier_two_sample import logistic_test
from jgan.metrics.frechet import expected_bias, precise_frechet_distance
from jgan.metrics.kid import polynomial_mmd2
from jgan.metrics.mmd import gaussian_mmd2
from jgan.metrics.prdc import expected_coverage, prdc
from jgan.metrics.random_features import random_features
from jgan.metrics.sliced_wasserstein import sliced_wasserstein

HALF = 800


@pytest.fixture(scope="module")
def features():
    """Features of two halves of the data and of three damages of the second at rising strength."""
    source = load("fashion")
    images = gather(source.arrays, np.arange(2 * HALF))["image"]
    labels = source.arrays["label"]
    extract = jax.jit(random_features(1))
    compute = lambda pictures: np.concatenate(
        [
            np.asarray(extract(jnp.asarray(part)))
            for part in np.split(pictures, len(pictures) // 200)
        ]
    )
    first, second = images[:HALF], images[HALF:]  # each holds all classes alike
    noise = np.random.default_rng(0).normal(size=second.shape).astype(np.float32)
    few = gather(source.arrays, np.flatnonzero(labels[5000:] < 2)[:HALF] + 5000)["image"]
    sets = {
        "blurred": [scipy.ndimage.gaussian_filter(second, (0, s, s, 0)) for s in (0.7, 1.2, 2.5)],
        "noisy": [np.clip(second + s * noise, -1, 1) for s in (0.1, 0.3, 0.8)],
        "other classes": [
            np.concatenate([few[: int(s * HALF)], second[int(s * HALF) :]]) for s in (0.3, 0.6, 1.0)
        ],
    }
    damaged = {name: [compute(each) for each in strengths] for name, strengths in sets.items()}
    return compute(first), compute(second), damaged


def frechet(x, y):
    return precise_frechet_distance(moments_of(accumulate(x)), moments_of(accumulate(y)))


DISTANCES = {
    "frechet": frechet,
    "kid": polynomial_mmd2,
    "mmd": gaussian_mmd2,
    "sliced wasserstein": sliced_wasserstein,
    "lost coverage": lambda x, y: 1 - prdc(x, y).coverage,
    "two-sample accuracy": lambda x, y: logistic_test(x, y, rounds=8).accuracy - 0.5,
}
# How far the strongest damage must exceed the distance of two halves, whose unbiased ones lie around 0.
FAR = {
    "kid": 30,
    "mmd": 30,
    "frechet": 30,
    "sliced wasserstein": 5,
    "lost coverage": 4,
    "two-sample accuracy": 3,
}


@pytest.mark.parametrize("name", DISTANCES)
def test_damage_is_seen_and_grows(features, name):
    first, second, damaged = features
    floor = abs(DISTANCES[name](first, second))
    for strengths in damaged.values():
        found = [DISTANCES[name](first, each) for each in strengths]
        # The weakest may drown in the sampling noise of an unbiased estimate.
        assert found[0] < found[1] <= found[2]
        assert floor < found[1]
        assert found[2] > FAR[name] * floor


def test_halves_are_at_the_floor(features):
    first, second, _ = features
    bias = 2 * expected_bias(moments_of(accumulate(first)).covariance, HALF)
    assert 0.5 * bias < frechet(first, second) < 2 * bias
    assert prdc(first, second).coverage == pytest.approx(expected_coverage(HALF, HALF), abs=0.03)
    assert logistic_test(first, second).accuracy == pytest.approx(0.5, abs=0.06)
