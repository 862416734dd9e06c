"""Inception score, class accuracy, diversity, modes of classes."""

import numpy as np
import pytest

from jgan.metrics.inception_score import inception_score
from jgan.metrics.modes import class_coverage, confident_share, kl_floor, stacked_predictions
from jgan.metrics.per_class import class_accuracy, intra_class_diversity


def test_uniform_one_hot_rows_score_their_number():
    rows = np.tile(np.eye(10), (50, 1))
    assert inception_score(rows, 1) == pytest.approx((10, 0))


def test_constant_rows_score_one():
    assert inception_score(np.full((100, 7), 1 / 7)) == pytest.approx((1, 0))


def test_a_classifier_that_is_right_nine_times_in_ten():
    """K exp(a ln a + (1-a) ln((1-a)/(K-1))) = 5.799546 for K = 10 and a = .9."""
    rows = np.full((10, 10), 0.1 / 9)
    np.fill_diagonal(rows, 0.9)
    assert inception_score(rows, 1).mean == pytest.approx(5.799546, abs=5e-7)


def test_splits_are_random_and_the_deviation_is_the_population_s():
    rows = np.random.default_rng(0).dirichlet(np.ones(5), 103)
    scores = []
    for part in np.array_split(np.random.default_rng(7).permutation(103), 3):
        marginal = rows[part].mean(axis=0)
        scores.append(np.exp(np.mean(np.sum(rows[part] * np.log(rows[part] / marginal), axis=1))))
    assert inception_score(rows, 3, seed=7) == pytest.approx((np.mean(scores), np.std(scores)))


def test_the_order_of_the_examples_does_not_decide_the_score():
    sorted_rows = np.repeat(np.eye(12), 25, 0) * 0.98 + 0.02 / 12
    shuffled = sorted_rows[np.random.default_rng(0).permutation(300)]
    found = [
        [inception_score(rows, seed=s).mean for s in range(5)] for rows in (sorted_rows, shuffled)
    ]
    assert abs(np.mean(found[0]) - np.mean(found[1])) < 3 * np.std(found)
    assert np.mean(found) > 7


def test_rows_must_be_probabilities():
    with pytest.raises(ValueError, match="rows that do not sum to 1"):
        inception_score(np.ones((20, 3)))
    with pytest.raises(
        ValueError, match="splits is 10, but must be 1 to half the number of examples, 9"
    ):
        inception_score(np.tile(np.eye(3), (6, 1)))


def test_class_accuracy():
    rows = np.eye(4)[[0, 0, 1, 2]] * 0.9 + 0.025
    found = class_accuracy(rows, np.array([0, 1, 1, 2]))
    assert found.accuracy == 0.75
    np.testing.assert_array_equal(found.by_class, [1, 0.5, 1, np.nan])
    with pytest.raises(ValueError, match="a label is 4, but the classifier has 4 classes"):
        class_accuracy(rows, np.array([0, 1, 1, 4]))
    with pytest.raises(ValueError, match=r"labels have shape \(3,\)"):
        class_accuracy(rows, np.array([0, 1, 1]))


def test_intra_class_diversity_is_the_mean_squared_distance():
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(30, 4)), np.arange(30) % 3
    means = []
    for label in range(3):
        own = features[labels == label]
        pairs = [(a, b) for a in range(10) for b in range(10) if a != b]
        means.append(np.mean([np.sum((own[a] - own[b]) ** 2) for a, b in pairs]))
    assert intra_class_diversity(features, labels) == pytest.approx(np.mean(means))
    assert intra_class_diversity(np.ones((6, 2)), np.arange(6) % 2) == 0
    with pytest.raises(ValueError, match="no class has two examples"):
        intra_class_diversity(features, np.arange(30))


def test_a_hundred_triples_are_a_hundred_modes():
    rng = np.random.default_rng(0)
    allowed = rng.permutation(1000)[:100]
    chosen = allowed[rng.integers(0, 100, 26_000)]
    digits = np.stack([chosen // 100, chosen // 10 % 10, chosen % 10], axis=1)
    found = class_coverage(stacked_predictions(digits), 1000)
    assert found.modes == found.solid == 100
    # At least log(1000/100), and above that only the sampling floor of 100 classes.
    assert found.kl == pytest.approx(np.log(10) + kl_floor(100, 26_000), abs=6e-4)


def test_a_classifier_s_errors_make_modes_but_no_solid_ones():
    """One digit in a hundred is misread: hundreds of wrong triples, each a few times."""
    rng = np.random.default_rng(0)
    allowed = rng.permutation(1000)[:100]
    chosen = allowed[rng.integers(0, 100, 26_000)]
    digits = np.stack([chosen // 100, chosen // 10 % 10, chosen % 10], axis=1)
    wrong = rng.random(digits.shape) < 0.01
    misread = np.where(wrong, rng.integers(0, 10, digits.shape), digits)
    found = class_coverage(stacked_predictions(misread), 1000)
    assert found.modes > 300
    assert found.solid == 100


def test_confidence_is_that_of_the_least_sure_digit():
    sure, unsure = np.eye(10)[3], np.full(10, 0.1)
    triples = np.stack([[sure, sure, sure], [sure, unsure, sure], [unsure, unsure, unsure]])
    assert confident_share(triples) == pytest.approx(1 / 3)
    assert confident_share(triples[:, 0]) == pytest.approx(2 / 3)


def test_the_floor_of_stacked_mnist():
    assert kl_floor(1000, 26_000) == pytest.approx(0.0192, abs=5e-5)
    rng = np.random.default_rng(0)
    found = [class_coverage(rng.integers(0, 1000, 26_000), 1000) for _ in range(20)]
    assert {each.modes for each in found} == {each.solid for each in found} == {1000}
    # 2 N KL is chi-squared with 999 degrees: deviation sqrt(2 * 999) / (2 N) = 8.6e-4.
    mean = np.mean([each.kl for each in found])
    assert mean == pytest.approx(kl_floor(1000, 26_000), abs=4 * 8.6e-4 / np.sqrt(20) + 4e-4)


def test_kl_from_other_shares():
    predictions = np.repeat([0, 1], [30, 70])
    found = class_coverage(predictions, 2, np.array([0.5, 0.5]))
    assert found.kl == pytest.approx(0.3 * np.log(0.6) + 0.7 * np.log(1.4))
    assert class_coverage(predictions, 2, np.array([0.3, 0.7])).kl == pytest.approx(0, abs=1e-12)
    assert class_coverage(predictions, 3, np.array([1.0, 0, 0])).kl == np.inf
    with pytest.raises(ValueError, match="classes is 2, but the largest prediction is 5"):
        class_coverage(np.array([5]), 2)
