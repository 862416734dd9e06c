import numpy as np
import pytest

from jgan.metrics.kid import draw_subsets, kernel_distance, polynomial_mmd2
from jgan.metrics.mmd import gaussian_mmd2


def naive_mmd2(x, y, kernel):
    n, m = len(x), len(y)
    within_x = sum(kernel(x[i], x[j]) for i in range(n) for j in range(n) if i != j)
    within_y = sum(kernel(y[i], y[j]) for i in range(m) for j in range(m) if i != j)
    between = sum(kernel(a, b) for a in x for b in y)
    return within_x / (n * (n - 1)) + within_y / (m * (m - 1)) - 2 * between / (n * m)


def population(d, shift=0.0, variance=1.0):
    """MMD² of N(m, s²I) and N(0, I) with |m| = shift in the cubic kernel, from moments of t = xᵀy."""

    def mean_kernel(first, second):
        (m, s2), (n, r2) = first, second
        mu, mm, nn = m * n, m * m, n * n
        square = mu**2 + s2 * nn + r2 * mm + d * s2 * r2
        cube = mu**3 + 3 * mu * r2 * mm + 3 * s2 * mu * (nn + (d + 2) * r2)
        return cube / d**3 + 3 * square / d**2 + 3 * mu / d + 1

    p, q = (shift, variance), (0.0, 1.0)
    return mean_kernel(p, p) + mean_kernel(q, q) - 2 * mean_kernel(p, q)


def test_exact_value():
    assert polynomial_mmd2([[1, 0], [0, 1]], [[1, 1], [-1, 0]]) == -2.8125


def test_the_unbiased_estimate_by_loops():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(7, 20)), rng.normal(size=(5, 20)) + 0.5
    cubic = lambda a, b: (a @ b / 20 + 1) ** 3
    assert polynomial_mmd2(x, y) == pytest.approx(naive_mmd2(x, y, cubic), rel=1e-12)
    gauss = lambda a, b: np.exp(-np.sum((a - b) ** 2) / (2 * 3.0**2))
    found = gaussian_mmd2(x, y, bandwidths=[3.0])
    assert found == pytest.approx(naive_mmd2(x, y, gauss), rel=1e-10)


def test_blocks_do_not_change_it(monkeypatch):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 30)), rng.normal(size=(41, 30))
    whole = polynomial_mmd2(x, y), gaussian_mmd2(x, y)
    monkeypatch.setattr("jgan.metrics.mmd.ROWS_AT_ONCE", 7)
    assert (polynomial_mmd2(x, y), gaussian_mmd2(x, y)) == pytest.approx(whole, rel=1e-12)


@pytest.mark.parametrize(
    ("d", "shift", "variance", "printed"),
    [(8, 1.0, 1.0, 0.494140625), (16, 0.5, 1.0, 0.050998687744), (16, 0.0, 2.0, 0.1875)],
)
def test_population_values_of_gaussians(d, shift, variance, printed):
    exact = population(d, shift, variance)
    assert exact == pytest.approx(printed, abs=1e-12)
    rng = np.random.default_rng(0)
    mean = np.zeros(d)
    mean[0] = shift
    x = rng.normal(size=(6000, d)) * np.sqrt(variance) + mean
    found = kernel_distance(x, rng.normal(size=(6000, d)), subsets=20, size=1000)
    # Subsets of 1000 from 6000 overlap, so that their mean varies like that of six.
    assert found.mean == pytest.approx(exact, abs=4 * found.std / np.sqrt(6))
    assert found[2:] == (20, 1000)


def test_kid_is_the_mean_over_subsets():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 4)), rng.normal(size=(50, 4))
    found = kernel_distance(x, y, subsets=5, size=20, seed=3)
    draws = np.random.default_rng(3)
    first, second = draw_subsets(60, 5, 20, draws), draw_subsets(50, 5, 20, draws)
    assert all(len(set(row)) == 20 for row in (*first, *second))
    values = [polynomial_mmd2(x[i], y[j]) for i, j in zip(first, second, strict=True)]
    assert found.mean == pytest.approx(np.mean(values), rel=1e-12)
    assert found.std == pytest.approx(np.std(values), rel=1e-12)
    assert found == kernel_distance(x, y, subsets=5, size=20, seed=3)


def test_sets_used_whole_are_one_subset():
    x = np.random.default_rng(0).normal(size=(30, 4))
    assert kernel_distance(x, x + 1) == (polynomial_mmd2(x, x + 1), 0.0, 1, 30)


def test_gaussian_kernel_of_gaussians():
    """E exp(-‖x-y‖²/(2σ²)) = (σ²/(σ²+v))^{d/2} exp(-‖Δ‖²/(2(σ²+v))) with v the sum of the variances."""
    d, shift, width, count = 4, 1.0, 2.0, 3000
    mean = lambda gap: (
        (width**2 / (width**2 + 2)) ** (d / 2) * np.exp(-(gap**2) / (2 * (width**2 + 2)))
    )
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, count, d))
    y[:, 0] += shift
    exact = 2 * mean(0) - 2 * mean(shift)
    assert gaussian_mmd2(x, y, bandwidths=[width]) == pytest.approx(exact, rel=0.1)
    assert abs(gaussian_mmd2(x[: count // 2], x[count // 2 :], bandwidths=[width])) < 0.02 * exact


def test_the_median_makes_it_scale_free():
    x, y = np.random.default_rng(0).normal(size=(2, 100, 3))
    assert gaussian_mmd2(1000 * x, 1000 * y) == pytest.approx(gaussian_mmd2(x, y), rel=1e-9)


def test_mistakes():
    x = np.ones((5, 2))
    with pytest.raises(ValueError, match="2 and 3 features an example"):
        polynomial_mmd2(x, np.ones((5, 3)))
    with pytest.raises(ValueError, match="an unbiased estimate needs 2 of each"):
        polynomial_mmd2(x, x[:1])
    with pytest.raises(ValueError, match="first holds NaN or infinity"):
        kernel_distance(np.full((5, 2), np.inf), x)
    with pytest.raises(ValueError, match="subsets is 0"):
        kernel_distance(x, x, subsets=0)
    with pytest.raises(ValueError, match="every one must be positive"):
        gaussian_mmd2(x, x, bandwidths=[0.0])
