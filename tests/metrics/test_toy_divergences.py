import jax
import numpy as np
import pytest

from jgan.data import load
from jgan.metrics.toy_divergences import toy_divergences


def gaussian_kl(m, s2, n, r2):
    """KL(N(m, s² I₂) ‖ N(n, r² I₂))."""
    return np.log(r2 / s2) + (s2 + np.sum((m - n) ** 2) / 2) / r2 - 1


def log_normal(x):
    return -0.5 * np.sum(np.asarray(x) ** 2, axis=1) - np.log(2 * np.pi)


def test_closed_forms_of_blurred_gaussians():
    rng = np.random.default_rng(0)
    width, shift, std = 0.5, np.array([0.8, -0.4]), 0.7
    samples = rng.normal(size=(20_000, 2)) * std + shift
    found = toy_divergences(samples, log_normal, (-8.0, 8.0), width, cells=128)
    p, q = (np.zeros(2), 1 + width**2), (shift, std**2 + width**2)
    assert found.kl == pytest.approx(gaussian_kl(*p, *q), rel=0.1)
    assert found.reverse_kl == pytest.approx(gaussian_kl(*q, *p), rel=0.03)
    assert found.outside == 0
    axis = np.linspace(-8, 8, 401)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    density = lambda m, v: np.exp(-np.sum((grid - m) ** 2, axis=-1) / (2 * v)) / (2 * np.pi * v)
    a, b = density(*p), density(*q)
    terms = 0.5 * a * np.log(2 * a / (a + b)) + 0.5 * b * np.log(2 * b / (a + b))
    assert found.js == pytest.approx(terms.sum() * (axis[1] - axis[0]) ** 2, rel=0.03)


@pytest.mark.parametrize(
    ("name", "box", "cells"), [("ring", (-1.6, 1.6), 320), ("grid", (-6.0, 6.0), 240)]
)
def test_draws_from_the_density_reach_the_floor(name, box, cells):
    source = load(name, size=6000, seed=3)
    density, std = source.density, float(source.density.stds[0])
    points = source.arrays["image"]
    found = toy_divergences(points, density.log_density, box, std, cells)
    assert 0 <= max(found[:3]) < 0.03
    modes = np.asarray(density.modes)
    kept = points[np.linalg.norm(points - modes[0], axis=1) > 10 * std]
    lost = toy_divergences(kept, density.log_density, box, std, cells)
    count = len(modes)
    # One mode of K is missing: KL(q ‖ p) = log(K/(K-1)), and the sides share (K-1)/K of p.
    assert lost.reverse_kl == pytest.approx(np.log(count / (count - 1)), abs=0.01)
    assert lost.kl > 10 * found.kl
    assert lost.js > 2 * found.js


def test_disjoint_and_outside_samples():
    far = np.random.default_rng(0).normal(size=(500, 2)) * 0.1 + 5
    inside = toy_divergences(far, log_normal, (-8.0, 8.0), 0.2, cells=128)
    assert inside.js == pytest.approx(np.log(2), abs=0.01)
    outside = toy_divergences(far + 100, log_normal, (-8.0, 8.0), 0.2, cells=128)
    assert outside.outside == 1
    assert outside.js == pytest.approx(np.log(2), abs=1e-6)
    assert outside.reverse_kl == np.inf


@pytest.mark.full
def test_spirals_have_densities_too():
    density = load("spiral", size=10).density
    points = density.sample(jax.random.key(1), 5000)
    options = {"box": (-3.5, 3.5), "width": density.std, "cells": 128}
    found = toy_divergences(points, density.log_density, **options)
    worse = toy_divergences(0.8 * np.asarray(points), density.log_density, **options)
    assert found.js < 0.05 < 0.3 < worse.js


def test_mistakes():
    x = np.zeros((4, 2))
    with pytest.raises(ValueError, match="integrates to"):
        toy_divergences(x, log_normal, (-1.0, 1.0), 0.5, cells=64)
    with pytest.raises(ValueError, match="samples have 3 coordinates"):
        toy_divergences(np.zeros((4, 3)), log_normal, (-8.0, 8.0), 0.5)
    with pytest.raises(ValueError, match="width is 0"):
        toy_divergences(x, log_normal, (-8.0, 8.0), 0.0)
