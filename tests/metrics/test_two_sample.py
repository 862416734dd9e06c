import numpy as np
import pytest
from scipy.stats import norm

from jgan.metrics.classifier_two_sample import logistic_test, nearest_neighbour_test
from jgan.metrics.neighbours import mann_whitney_z, memorisation


def clouds(shift, count=4000, d=5, seed=0):
    rng = np.random.default_rng(seed)
    real, fake = rng.normal(size=(2, count, d))
    fake[:, 0] += shift
    return real, fake


@pytest.mark.parametrize(("shift", "printed"), [(0.5, 0.5987), (1, 0.6915), (2, 0.8413)])
def test_logistic_regression_reaches_bayes_accuracy(shift, printed):
    assert norm.cdf(shift / 2) == pytest.approx(printed, abs=5e-5)
    found = logistic_test(*clouds(shift))
    deviation = np.sqrt(printed * (1 - printed) / 4000)
    assert found.accuracy == pytest.approx(printed, abs=4 * deviation)
    assert found.accuracy == pytest.approx((found.real + found.fake) / 2)
    assert found.p_value < 1e-20


def test_equal_laws_give_one_half():
    """N(½, 1/(4n)) on n held-out examples: half of the p-values lie below ½."""
    found = [logistic_test(*clouds(0, count=400, seed=seed)) for seed in range(30)]
    accuracies = np.array([each.accuracy for each in found])
    assert np.mean(accuracies) == pytest.approx(0.5, abs=4 * np.sqrt(1 / (4 * 400 * 30)))
    assert np.std(accuracies) == pytest.approx(np.sqrt(1 / (4 * 400)), rel=0.5)
    assert 5 <= sum(each.p_value < 0.5 for each in found) <= 25
    near = nearest_neighbour_test(*clouds(0, count=1000))
    assert near.accuracy == pytest.approx(0.5, abs=0.05)


def test_nearest_neighbours_by_loops():
    real, fake = clouds(0.7, count=30, d=3)
    both = np.concatenate([real, fake])
    labels = np.repeat([0, 1], 30)
    distances = np.linalg.norm(both[:, None] - both[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    right = labels[distances.argmin(axis=1)] == labels
    found = nearest_neighbour_test(real, fake)
    assert found.accuracy == right.mean()
    assert (found.real, found.fake) == (right[:30].mean(), right[30:].mean())


def test_memorised_examples_fall_below_one_half():
    real, _ = clouds(0, count=100)
    assert nearest_neighbour_test(real, real + 1e-9).accuracy == 0
    assert nearest_neighbour_test(real, real + 100).accuracy == 1


def test_collapse_shows_in_the_fakes():
    """Fakes in one place find each other; real examples do not find them."""
    real, fake = clouds(0, count=300)
    found = nearest_neighbour_test(real, fake * 0.01 + real[0])
    assert found.fake > 0.95
    assert found.real > 0.8


def test_memorisation_statistics():
    rng = np.random.default_rng(0)
    training, held_out, samples = rng.normal(size=(3, 1000, 4))
    good = memorisation(samples, training, held_out)
    assert good.ratio == pytest.approx(1, abs=0.1)
    assert good.authenticity == pytest.approx(0.5, abs=0.08)
    assert abs(good.copying) < 3
    copies = memorisation(training[::2] + 1e-3, training, held_out)
    np.testing.assert_array_equal(copies.index, np.arange(0, 1000, 2))
    np.testing.assert_allclose(copies.distance, 2e-3)
    assert copies.ratio < 0.01
    assert copies.authenticity < 0.02
    assert copies.copying < -20
    far = memorisation(3 * samples, training, held_out)
    assert far.ratio > 2
    assert far.authenticity > 0.8
    assert far.copying > 20
    assert np.isnan(memorisation(samples, training).ratio)


def test_mann_whitney_z_is_scipy_s():
    from scipy.stats import mannwhitneyu

    x, y = np.random.default_rng(0).normal(size=(2, 200))
    x -= 0.2
    found = mann_whitney_z(x, y)
    p = mannwhitneyu(x, y, alternative="less", use_continuity=False, method="asymptotic").pvalue
    assert norm.cdf(found) == pytest.approx(p, rel=1e-6)


def test_mistakes():
    real = np.zeros((5, 2))
    with pytest.raises(ValueError, match="2 of each are needed"):
        nearest_neighbour_test(real, real[:1])
    with pytest.raises(ValueError, match="ridge is 0"):
        logistic_test(real, real, ridge=0)
    with pytest.raises(ValueError, match="samples holds NaN"):
        memorisation(np.full((1, 2), np.nan), real)
