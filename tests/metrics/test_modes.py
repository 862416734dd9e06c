import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.data import load
from jgan.metrics.modes import mode_coverage, quality_radius


@pytest.mark.parametrize(("name", "count"), [("ring", 8), ("grid", 25)])
def test_a_perfect_sampler_reaches_the_ceiling(name: str, count: int) -> None:
    """FACTS: within 3 sigma 98.889 %, reverse KL near (K - 1)/(2N)."""
    source = load(name, size=20_000, seed=1)
    density = source.density
    coverage = mode_coverage(jnp.asarray(source.arrays["image"]), density.modes, density.stds)
    assert int(coverage.modes) == count
    share = 1 - math.exp(-4.5)
    sampling = math.sqrt(share * (1 - share) / 20_000)
    assert float(coverage.high_quality) == pytest.approx(share, abs=4 * sampling)
    floor = (count - 1) / 40_000
    assert 0.2 * floor < float(coverage.reverse_kl) < 3 * floor


@pytest.mark.parametrize("dimension", [1, 2, 7, 100, 1200])
def test_perfect_samples_are_as_good_in_every_dimension(dimension: int) -> None:
    """98.889 % by a chi-square quantile; 10 deviations are 100 % in fifty dimensions and 0 in 1200."""
    rng = np.random.default_rng(0)
    modes = 100 * rng.normal(size=(4, dimension))
    samples = modes[rng.integers(0, 4, 4000)] + 0.5 * rng.normal(size=(4000, dimension))
    exact = np.linalg.norm((samples[:, None] - modes).astype(np.float64), axis=-1).min(axis=1) / 0.5
    found = mode_coverage(jnp.asarray(samples, jnp.float32), jnp.asarray(modes), 0.5)
    share = 1 - math.exp(-4.5)
    assert float(found.high_quality) == pytest.approx(
        share, abs=4 * math.sqrt(share * 0.0111 / 4000)
    )
    assert float(found.high_quality) == pytest.approx(
        np.mean(exact <= quality_radius(dimension)), abs=1e-3
    )


def test_few_good_samples_make_modes_but_no_solid_ones() -> None:
    density = load("ring", size=10).density
    samples = np.full((10_000, 2), 50.0, np.float32)
    samples[:24] = np.tile(density.modes, (3, 1))
    found = mode_coverage(jnp.asarray(samples), density.modes, density.stds)
    assert (int(found.modes), int(found.solid)) == (8, 0)
    assert float(found.high_quality) == pytest.approx(0.0024)


def test_counts_by_hand() -> None:
    modes = jnp.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    samples = jnp.array([[0.0, 2.9], [0.0, -1.0], [10.0, 0.0], [0.0, 6.9], [5.0, 5.0]])
    coverage = mode_coverage(samples, modes, jnp.array([1.0, 2.0, 1.0]))
    assert int(coverage.modes) == 2
    assert float(coverage.high_quality) == pytest.approx(3 / 5)
    shares = np.array([2 / 3, 1 / 3])
    assert float(coverage.reverse_kl) == pytest.approx(float(np.sum(shares * np.log(3 * shares))))


def test_the_radius_is_the_nearest_mode_s() -> None:
    modes = jnp.array([[0.0], [10.0]])
    coverage = mode_coverage(jnp.array([[2.0], [12.0]]), modes, jnp.array([1.0, 0.1]))
    assert float(coverage.high_quality) == 0.5


def test_nothing_of_high_quality() -> None:
    coverage = mode_coverage(jnp.full((4, 2), 99.0), jnp.eye(2), 0.1)
    assert int(coverage.modes) == 0
    assert float(coverage.high_quality) == 0
    assert float(coverage.reverse_kl) == pytest.approx(math.log(2))


def test_runs_compiled() -> None:
    points = jax.random.normal(jax.random.key(0), (50, 2))
    compiled = jax.jit(mode_coverage)(points, jnp.eye(2), 0.5)
    for x, y in zip(compiled, mode_coverage(points, jnp.eye(2), 0.5), strict=True):
        assert float(x) == pytest.approx(float(y))
