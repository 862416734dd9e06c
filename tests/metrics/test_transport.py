"""Sliced and exact Wasserstein distances, and patches."""

import itertools
import math

import numpy as np
import pytest
import scipy.ndimage
import scipy.stats

from jgan.metrics.sliced_wasserstein import (
    descriptors,
    patch_distances,
    patches,
    sliced_wasserstein,
)
from jgan.metrics.wasserstein import wasserstein


@pytest.mark.parametrize(("d", "printed"), [(2, 0.63662), (3, 0.5), (10, 0.25869), (147, 0.065920)])
def test_shifted_clouds(d, printed):
    """|m| Γ(d/2)/(√π Γ((d+1)/2)) and |m|/√d: projections of a shifted copy differ by the shift's own."""
    exact = math.exp(math.lgamma(d / 2) - math.lgamma((d + 1) / 2)) / math.sqrt(math.pi)
    assert exact == pytest.approx(printed, rel=1e-4)
    x = np.random.default_rng(0).normal(size=(20, d))
    shift = np.zeros(d)
    shift[0] = 3.0
    many = 20_000
    found = sliced_wasserstein(x, x + shift, directions=many)
    deviation = math.sqrt(1 / d - exact**2) / math.sqrt(many)
    assert found == pytest.approx(3 * exact, abs=3 * 4 * deviation)
    squared = sliced_wasserstein(x, x + shift, directions=many, order=2) ** 2
    assert squared == pytest.approx(9 / d, rel=0.05)


def test_independent_clouds():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 8000, 3))
    y[:, 1] += 2
    assert sliced_wasserstein(x, y, directions=1000) == pytest.approx(2 * 0.5, rel=0.05)
    assert sliced_wasserstein(x, y - [0, 2, 0]) < 0.03


def test_scipy_s_one_dimensional_distance_agrees():
    x, y = np.random.default_rng(0).normal(size=(2, 40, 1))
    assert sliced_wasserstein(x, y, directions=3) == pytest.approx(
        scipy.stats.wasserstein_distance(x[:, 0], y[:, 0])
    )
    assert wasserstein(x, y) == pytest.approx(scipy.stats.wasserstein_distance(x[:, 0], y[:, 0]))


def test_exact_distance_is_the_best_of_all_permutations():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 6, 3))
    for order in (1, 2):
        costs = np.linalg.norm(x[:, None] - y[None], axis=-1) ** order
        best = min(costs[np.arange(6), list(p)].mean() for p in itertools.permutations(range(6)))
        assert wasserstein(x, y, order=order) == pytest.approx(best ** (1 / order))
    shift = np.array([3.0, 4.0, 0.0])
    assert wasserstein(x, x[::-1] + shift, order=2) == pytest.approx(5)
    assert sliced_wasserstein(x, y) <= wasserstein(x, y)


def test_patches_are_cut_from_their_image():
    rng = np.random.default_rng(0)
    images = np.arange(2 * 9 * 10 * 3, dtype=np.float32).reshape(2, 9, 10, 3)
    cut = patches(images, 200, rng)
    assert cut.shape == (400, 7, 7, 3)
    for number, patch in enumerate(cut):
        image = images[number // 200]
        top, left = np.argwhere(image[:, :, 0] == patch[0, 0, 0])[0]
        np.testing.assert_array_equal(patch, image[top : top + 7, left : left + 7])
    corners = {float(patch[0, 0, 0]) for patch in cut[:200]}
    assert len(corners) == 3 * 4  # every place, the borders included


def test_descriptors_are_normalised_by_channel():
    cut = np.random.default_rng(0).normal(size=(500, 7, 7, 3)) * [1, 2, 3] + [5, 0, -5]
    rows = descriptors(cut.astype(np.float32)).reshape(-1, 3)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(rows.std(axis=0), 1, atol=1e-5)
    np.testing.assert_array_equal(descriptors(np.ones((3, 7, 7, 1), np.float32)), 0)


def test_patches_tell_scales_apart():
    """Noise changes the finest level most, and equal sets are near zero at all."""
    rng = np.random.default_rng(0)
    smooth = scipy.ndimage.gaussian_filter(rng.normal(size=(60, 64, 64, 1)), (0, 4, 4, 0))
    smooth = (smooth / smooth.std()).astype(np.float32)
    first, second = smooth[:30], smooth[30:]
    noisy = second + 0.1 * rng.normal(size=second.shape).astype(np.float32)
    options = {"patches_per_image": 32, "directions": 128}
    same = patch_distances(first, second, **options)
    other = patch_distances(first, noisy, **options)
    assert list(same) == ["64", "32", "16", "mean", "raw"]
    assert other["64"] > 3 * same["64"]
    assert other["64"] / same["64"] > 1.5 * other["16"] / same["16"]
    assert other["mean"] == pytest.approx(np.mean([other[k] for k in ("64", "32", "16")]))


def test_mistakes():
    x = np.zeros((4, 2))
    with pytest.raises(ValueError, match="4 and 3 examples; they must have as many"):
        sliced_wasserstein(x, x[:3])
    with pytest.raises(ValueError, match="order is 3"):
        sliced_wasserstein(x, x, order=3)
    with pytest.raises(ValueError, match="at most 5000"):
        wasserstein(np.zeros((5001, 1)), np.zeros((5001, 1)))
    with pytest.raises(ValueError, match="order is 0"):
        wasserstein(x, x, order=0)
    with pytest.raises(ValueError, match="but patches need 7 x 7 pixels"):
        patch_distances(np.zeros((2, 6, 9, 1)), np.zeros((2, 6, 9, 1)))
    with pytest.raises(ValueError, match="must be \\(N, H, W, C\\) and alike"):
        patch_distances(np.zeros((2, 9, 9, 1)), np.zeros((3, 9, 9, 1)))
