import numpy as np
import pytest

from jgan.metrics.pairwise import nearest, neighbour_radii, squared_distances
from jgan.metrics.prdc import PRDC, empty_balls, expected_coverage, prdc, realism

REAL = np.array([[0.0], [1.0], [2.0], [3.0], [10.0]])
FAKE = np.array([[0.5], [2.5], [9.0], [20.0]])


def naive(real, fake, k):
    """By loops over all pairs, distances from plain differences."""
    gap = lambda a, b: np.linalg.norm(a - b)
    radius = lambda points, i: sorted(gap(points[i], p) for j, p in enumerate(points) if j != i)[
        k - 1
    ]
    real_radii = [radius(real, i) for i in range(len(real))]
    fake_radii = [radius(fake, j) for j in range(len(fake))]
    d = np.array([[gap(r, f) for f in fake] for r in real])
    inside = d <= np.array(real_radii)[:, None]
    strictly = d < np.array(real_radii)[:, None]
    return PRDC(
        inside.any(axis=0).mean(),
        (d <= np.array(fake_radii)).any(axis=1).mean(),
        strictly.sum() / (k * len(fake)),
        strictly.any(axis=1).mean(),
    )


@pytest.mark.parametrize(("k", "expected"), [(1, (0.75, 1, 1.25, 1)), (2, (0.75, 1, 0.75, 1))])
def test_one_dimensional_toy(k, expected):
    assert prdc(REAL, FAKE, k) == pytest.approx(expected)
    assert naive(REAL, FAKE, k) == pytest.approx(expected)


@pytest.mark.parametrize("dimension", [3, 40])
def test_loops_agree(dimension, monkeypatch):
    rng = np.random.default_rng(dimension)
    real, fake = rng.normal(size=(60, dimension)), 0.8 * rng.normal(size=(45, dimension))
    for k in (1, 3, 5):
        assert prdc(real, fake, k) == pytest.approx(naive(real, fake, k), rel=1e-12)
    whole = prdc(real, fake)
    for function in ("distance_blocks", "neighbour_radii"):
        import jgan.metrics.prdc as module

        inner = getattr(module, function)
        monkeypatch.setattr(module, function, lambda *a, f=inner: f(*a, rows=7))
    assert prdc(real, fake) == whole


def test_the_border_counts_for_precision_and_recall_only():
    found = prdc([[0.0], [1.0]], [[2.0], [3.0]], k=1)
    assert found == PRDC(precision=0.5, recall=0.5, density=0.0, coverage=0.0)


def test_copies_of_one_example_have_no_density():
    found = prdc(np.zeros((8, 3)), np.zeros((9, 3)))
    assert (found.precision, found.recall) == (1, 1)
    assert np.isnan([found.density, found.coverage]).all()
    assert empty_balls(np.zeros((8, 3))) == 1


@pytest.mark.parametrize("dimension", [2, 40])
def test_nearest_by_a_tree_and_by_blocks(dimension):
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(50, dimension)), rng.normal(size=(3000, dimension))
    distances = np.sqrt(((first[:, None] - second) ** 2).sum(axis=-1))
    for k in (1, 3):
        indices, found = nearest(first, second, k)
        np.testing.assert_array_equal(indices, np.argsort(distances, axis=1)[:, :k])
        np.testing.assert_allclose(found, np.sort(distances, axis=1)[:, :k])


def test_equal_laws():
    """E[coverage] = 1 - Π (N-j)/(M+N-j) = .96898 for N = M = 1000 and k = 5, whatever the law."""
    assert expected_coverage(1000, 1000, 5) == pytest.approx(0.96898, abs=5e-6)
    assert expected_coverage(10**7, 10**7, 5) == pytest.approx(1 - 2**-5, abs=1e-5)
    found = np.mean(
        [prdc(*np.random.default_rng(seed).normal(size=(2, 1000, 8))) for seed in range(4)],
        axis=0,
    )
    assert found[3] == pytest.approx(0.969, abs=0.005)
    assert found[2] == pytest.approx(1, abs=0.05)
    assert found[0] == pytest.approx(found[1], abs=0.03)


def test_missing_and_spurious_modes():
    rng = np.random.default_rng(0)
    clouds = [rng.normal(size=(200, 2)) + 100 * i for i in range(4)]
    real, half = np.concatenate(clouds[:2]), clouds[0] + 0.01
    dropped = prdc(real, half)
    assert dropped.precision > 0.95
    assert dropped.recall < 0.55
    assert dropped.coverage < 0.55
    invented = prdc(real, np.concatenate([*clouds[:2], *clouds[2:]]) + 0.01)
    assert invented.precision < 0.55
    assert invented.recall > 0.95


def test_realism():
    assert realism(REAL, [[1.0], [2.5]], 1)[0] == np.inf
    found = realism(REAL, FAKE, 1)
    # The ball of 10 is larger than the median and left out: 9 is judged by the ball of 3.
    np.testing.assert_allclose(found, [2.0, 2.0, 1 / 6, 1 / 17])


def test_distances_and_neighbours():
    rng = np.random.default_rng(0)
    for dimension in (2, 30):
        x, y = rng.normal(size=(9, dimension)) + 50, rng.normal(size=(12, dimension)) + 50
        exact = np.sum((x[:, None] - y[None]) ** 2, axis=-1)
        np.testing.assert_allclose(squared_distances(x, y), exact, rtol=1e-9)
        indices, distances = nearest(x, y, 3, rows=4)
        np.testing.assert_array_equal(indices, np.argsort(exact, axis=1)[:, :3])
        np.testing.assert_allclose(distances, np.sqrt(np.sort(exact, axis=1)[:, :3]), rtol=1e-9)


def test_mistakes():
    with pytest.raises(ValueError, match="k is 5, but with 5 examples it must be 1 to 4"):
        prdc(REAL, FAKE, 5)
    with pytest.raises(ValueError, match="k is 0"):
        neighbour_radii(REAL, 0)
    with pytest.raises(ValueError, match="k is 6"):
        nearest(REAL, REAL, 6)
    with pytest.raises(ValueError, match="fake holds NaN"):
        prdc(REAL, np.full((9, 1), np.nan))
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        prdc(REAL, np.zeros(3))
