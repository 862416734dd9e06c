import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, special, stats

from jgan.data import grid, mixture, ring, spiral, swiss_roll
from jgan.data.densities import Mixture, Spiral

UNEVEN = Mixture(
    jnp.asarray([[0.0, 1.0], [2.0, -1.0], [-1.5, 0.5]]),
    jnp.asarray([0.3, 0.8, 0.1]),
    jnp.asarray([0.2, 0.5, 0.3]),
)
SPIRALS = {"spiral": spiral, "swiss_roll": swiss_roll}
MIXTURES = {
    "uneven": lambda: UNEVEN,
    "ring": lambda: ring(10, std=0.1).density,
    "grid": lambda: grid(10, std=0.2).density,
    "mixture": lambda: mixture(10, std=0.2).density,
}


def integral(density, extent, cells):
    """Midpoint rule on the square [-extent, extent]^2."""
    width = 2 * extent / cells
    axis = -extent + width * (np.arange(cells) + 0.5)
    points = np.stack(np.meshgrid(axis, axis), -1).astype(np.float32)
    log_density = jax.jit(density.log_density)
    return sum(np.exp(np.asarray(log_density(row), float)).sum() for row in points) * width**2


@pytest.mark.parametrize(
    ("name", "extent", "cells"),
    [("uneven", 8.0, 300), ("ring", 2.0, 150), ("grid", 5.5, 200), ("mixture", 6.0, 200)],
)
def test_mixtures_integrate_to_one(name, extent, cells):
    assert integral(MIXTURES[name](), extent, cells) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("name", "extent"), [("spiral", 3.4), ("swiss_roll", 2.2)])
def test_spirals_integrate_to_one(name, extent):
    assert integral(SPIRALS[name](10).density, extent, 150) == pytest.approx(1, abs=2e-4)


def test_mixture_density_agrees_with_scipy():
    x = np.asarray(UNEVEN.sample(jax.random.key(0), 50)) + 0.5
    parts = [
        stats.multivariate_normal(mode, std**2 * np.eye(2)).logpdf(x) + np.log(weight)
        for mode, std, weight in zip(
            *(np.asarray(part, np.float64) for part in UNEVEN), strict=True
        )
    ]
    expected = special.logsumexp(parts, axis=0)
    np.testing.assert_allclose(UNEVEN.log_density(x), expected, rtol=2e-5, atol=2e-5)


def test_density_in_1200_dimensions_agrees_with_scipy():
    density = mixture(10, dimension=1200).density
    x = np.asarray(density.sample(jax.random.key(1), 4))
    modes = np.asarray(density.modes, np.float64)
    parts = stats.norm(modes[:, None], 0.05).logpdf(x[None]).sum(-1) + np.log(0.1)
    np.testing.assert_allclose(density.log_density(x), special.logsumexp(parts, axis=0), rtol=1e-5)


@pytest.mark.parametrize("name", SPIRALS)
def test_spiral_density_agrees_with_adaptive_quadrature(name):
    density = SPIRALS[name](10).density
    points = np.asarray(density.sample(jax.random.key(2), 6), np.float64)
    points = np.concatenate([points, [[0.0, 0.0], [0.02, -0.01]], points[:2] + 3 * density.std])
    low, high = density.start**density.power, density.stop**density.power

    def integrand(angle, x, arm):
        turned = angle + 2 * np.pi * arm / density.arms
        curve = density.scale * angle * np.asarray([np.cos(turned), np.sin(turned)])
        own = density.power * angle ** (density.power - 1) / (high - low)
        noise = np.exp(-np.sum((x - curve) ** 2) / (2 * density.std**2))
        return own * noise / (2 * np.pi * density.std**2) / density.arms

    breaks = np.linspace(density.start, density.stop, 60)
    expected = [
        sum(
            integrate.quad(integrand, a, b, args=(x, arm), epsabs=1e-13, epsrel=1e-9)[0]
            for arm in range(density.arms)
            for a, b in itertools.pairwise(breaks)
        )
        for x in points
    ]
    found = np.asarray(density.log_density(jnp.asarray(points, jnp.float32)))
    visible = np.asarray(expected) > 1e-20
    assert visible.sum() >= 8
    np.testing.assert_allclose(found[visible], np.log(np.asarray(expected)[visible]), atol=2e-3)


def test_mixture_samples_have_the_exact_moments():
    x, label = UNEVEN.sample_with_label(jax.random.key(3), 200_000)
    modes, stds, weights = (np.asarray(part, np.float64) for part in UNEVEN)
    mean = weights @ modes
    second = np.einsum("k,ki,kj->ij", weights, modes, modes) + weights @ stds**2 * np.eye(2)
    covariance = second - np.outer(mean, mean)
    np.testing.assert_allclose(np.mean(x, 0), mean, atol=0.02)
    np.testing.assert_allclose(np.cov(np.asarray(x).T), covariance, atol=0.03)
    np.testing.assert_allclose(np.bincount(label) / 200_000, weights, atol=0.005)
    for mode in range(3):
        own = np.asarray(x)[np.asarray(label) == mode]
        np.testing.assert_allclose(own.mean(0), modes[mode], atol=6 * stds[mode] / 200)
        np.testing.assert_allclose(own.std(0), stds[mode], rtol=0.02)


@pytest.mark.parametrize("name", SPIRALS)
def test_spiral_samples_have_the_exact_moments(name):
    density = SPIRALS[name](10).density
    x = np.asarray(density.sample(jax.random.key(4), 200_000), np.float64)
    low, high = density.start**density.power, density.stop**density.power

    def expectation(function):
        own = lambda t: density.power * t ** (density.power - 1) / (high - low)
        return integrate.quad(lambda t: own(t) * function(t), density.start, density.stop)[0]

    radius_squared = density.scale**2 * expectation(lambda t: t**2) + 2 * density.std**2
    assert np.mean(np.sum(x**2, -1)) == pytest.approx(radius_squared, rel=0.01)
    one_arm = density.scale * expectation(lambda t: t * np.cos(t))
    mean = one_arm if density.arms == 1 else 0.0
    assert x[:, 0].mean() == pytest.approx(mean, abs=0.02)


@pytest.mark.parametrize("name", SPIRALS)
def test_spiral_samples_follow_the_density(name):
    # By Gibbs' inequality only the own density attains the entropy; a histogram measures it.
    density = SPIRALS[name](10).density
    x = np.asarray(density.sample(jax.random.key(5), 20_000))
    extent, cells = 3.5, 35
    width = 2 * extent / cells
    counts, *_ = np.histogram2d(*x.T, bins=cells, range=[[-extent, extent]] * 2)
    fine = -extent + width / 5 * (np.arange(5 * cells) + 0.5)
    points = np.stack(np.meshgrid(fine, fine, indexing="ij"), -1).reshape(-1, 2)
    heights = np.concatenate(
        [np.exp(density.log_density(part)) for part in np.split(points.astype(np.float32), 35)]
    )
    heights = heights.reshape(cells, 5, cells, 5).mean((1, 3)) * width**2 * len(x)
    full = heights > 10
    assert (
        stats.chisquare(
            np.append(counts[full], counts[~full].sum()),
            np.append(heights[full], len(x) - heights[full].sum()),
        ).pvalue
        > 1e-4
    )


def test_mixtures_pass_through_jit_and_vmap():
    x = jnp.ones((3, 2))
    eager = UNEVEN.log_density(x)
    np.testing.assert_allclose(jax.jit(Mixture.log_density)(UNEVEN, x), eager, rtol=1e-6)
    stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), UNEVEN)
    together = jax.vmap(Mixture.log_density, (0, None))(stacked, x)
    np.testing.assert_allclose(together[1], eager, rtol=1e-6)


def test_strict_promotion():
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        for density in (UNEVEN, Spiral(2, 0.0, 9.0, 0.3, 0.1, 2)):
            density.log_density(density.sample(jax.random.key(0), 5))
