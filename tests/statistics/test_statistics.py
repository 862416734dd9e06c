"""Statistics of comparisons against brute force, SciPy and published numbers."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from jgan.statistics.expected_best import expected_best, shares_of_best
from jgan.statistics.improvement import holm, improvement, paired_difference, share_of_wins
from jgan.statistics.profiles import performance_profile
from jgan.statistics.ranks import (
    cliques,
    critical_difference,
    friedman,
    mean_ranks,
    rank_intervals,
)
from jgan.statistics.summaries import (
    UNKNOWN,
    as_outcomes,
    bootstrap_interval,
    interquartile_mean,
    student_interval,
    trimmed_interval,
    wilson_interval,
)

RNG = np.random.default_rng(0)
INF = math.inf


@pytest.mark.parametrize("count", range(1, 8))
def test_the_expected_best_is_the_mean_over_all_subsets(count):
    values = RNG.normal(size=7)
    best = [min(subset) for subset in itertools.combinations(values, count)]
    assert expected_best(values, count) == pytest.approx(np.mean(best), rel=1e-12)


@pytest.mark.parametrize("count", [1, 3, 6])
def test_what_is_reported_of_the_best_may_be_another_number(count):
    choices, outcomes = [2.0, 1.0, 1.0, 4.0, 3.0, INF], [5.0, 1.0, 7.0, 2.0, INF, 9.0]
    found = []
    for subset in itertools.combinations(range(6), count):
        least = min(choices[one] for one in subset)
        found.append(np.mean([outcomes[one] for one in subset if choices[one] == least]))
    assert expected_best(choices, count, outcomes) == pytest.approx(np.mean(found))


def test_a_search_that_may_find_nothing_is_expected_to_find_nothing():
    assert expected_best([1.0, INF, INF], 2) == INF
    assert expected_best([1.0, 2.0, INF, INF], 3) == pytest.approx(1.25)


def test_shares_of_many_settings_add_up():
    shares = shares_of_best(RNG.normal(size=5000), 37)
    assert shares.sum() == pytest.approx(1)
    assert shares.max() == pytest.approx(37 / 5000)


def test_wilson_is_its_formula():
    for successes, count in ((0, 3), (8, 10), (10, 10), (17, 250)):
        share, z = successes / count, scipy.stats.norm.ppf(0.975)
        centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
        half = z / (1 + z**2 / count)
        half *= math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
        low, high = wilson_interval(successes, count)
        assert (low, high) == pytest.approx(
            (max(0, centre - half), min(1, centre + half)), abs=1e-12
        )


def test_holm_rejects_what_stepping_down_rejects():
    for _ in range(50):
        values = RNG.uniform(size=6) ** 3
        adjusted = holm(values)
        for level in (0.01, 0.05, 0.2, 0.5):
            rejected = set()
            for place, one in enumerate(np.argsort(values)):
                if values[one] > level / (6 - place):
                    break
                rejected.add(int(one))
            assert {i for i, value in enumerate(adjusted) if value <= level} == rejected


def test_the_probability_of_improvement_counts_all_pairs():
    first, second = RNG.integers(0, 5, 6).astype(float), RNG.integers(0, 5, 9).astype(float)
    first[0] = second[0] = second[1] = INF
    pairs = [(one < two) + 0.5 * (one == two) for one in first for two in second]
    found = improvement(first, second)
    assert found.probability == pytest.approx(np.mean(pairs))
    assert found.interval.low < found.probability < found.interval.high
    other = improvement(second, first)
    assert other.probability == pytest.approx(1 - found.probability)
    assert other.p_value == pytest.approx(found.p_value)


def test_its_p_value_is_that_of_all_orders():
    first, second = [1.0, 2.0, 4.0], [3.0, 5.0, 6.0, 7.0]
    both = [*first, *second]
    wins = float(share_of_wins(np.array(first), np.array(second)))
    shares = []
    for chosen in itertools.combinations(range(7), 3):
        rest = [both[i] for i in range(7) if i not in chosen]
        shares.append(float(share_of_wins(np.array([both[i] for i in chosen]), np.array(rest))))
    extreme = np.mean([abs(share - 0.5) >= abs(wins - 0.5) - 1e-12 for share in shares])
    assert improvement(first, second).p_value == pytest.approx(extreme)
    assert improvement([1.0, 1.0], [1.0, 1.0])[::2] == (0.5, 1.0)


def test_paired_differences_are_those_of_the_seeds_that_both_have():
    one = {0: 1.0, 1: 2.5, 2: INF, 3: INF, 9: 0.0}
    two = {0: 2.0, 1: 2.0, 2: 1.0, 3: INF, 4: 0.0}
    found = paired_difference(one, two)
    assert (found.mean, found.finite, found.pairs, found.wins) == (-0.25, 2, 4, 1.5)
    test = scipy.stats.ttest_rel([1.0, 2.5], [2.0, 2.0]).confidence_interval()
    assert found.interval == pytest.approx((test.low, test.high))
    assert math.isnan(paired_difference({0: 1.0}, {1: 1.0}).mean)


def test_intervals_of_means_are_those_of_scipy():
    values = RNG.normal(size=9)
    test = scipy.stats.ttest_1samp(values, 0).confidence_interval()
    assert student_interval(values) == pytest.approx((test.low, test.high))
    ends = scipy.stats.mstats.trimmed_mean_ci(values, (0.25, 0.25))
    assert trimmed_interval(values) == pytest.approx(tuple(ends))
    statistic = lambda sample, axis: np.median(sample, axis=axis)
    options = {"n_resamples": 999, "method": "percentile", "rng": np.random.default_rng(3)}
    whole = scipy.stats.bootstrap((values,), statistic, **options).confidence_interval
    found = bootstrap_interval([values], statistic, resamples=999, seed=3)
    assert found == pytest.approx((whole.low, whole.high), abs=0.02)


def test_a_diverged_training_is_the_worst_outcome_of_an_interquartile_mean():
    assert interquartile_mean([3.0, 1.0, 2.0, INF]) == 2.5
    assert interquartile_mean([1.0, 2.0, INF, INF]) == INF
    low, high = trimmed_interval([3.0, 1.0, 2.0, INF])
    assert low < 2.5 < high < INF
    assert trimmed_interval([1.0, 2.0, INF, INF]) == UNKNOWN
    low, high = bootstrap_interval([np.array([1.0, 2.0, 3.0, 4.0, INF])])
    assert low < 3
    assert high == INF
    assert bootstrap_interval([np.array([1.0])]) == UNKNOWN


def test_a_bootstrap_of_several_samples_is_stratified():
    samples = [np.zeros(5), np.ones(50)]
    gap = lambda first, second, axis: second.mean(axis=axis) - first.mean(axis=axis)
    assert bootstrap_interval(samples, gap, resamples=50) == (1.0, 1.0)


def test_ranks():
    blocks = np.array([[1.0, 2.0, 3.0], [3.0, 3.0, 1.0], [2.0, INF, INF], [1.0, 2.0, 3.0]])
    assert mean_ranks(blocks).tolist() == [1.375, 2.25, 2.375]
    expected = scipy.stats.friedmanchisquare(*scipy.stats.rankdata(blocks, axis=1).T).pvalue
    assert friedman(blocks) == pytest.approx(expected)
    assert friedman(np.ones((4, 3))) == 1.0


def test_ranks_that_are_clear_have_narrow_intervals():
    clear = [np.arange(8.0), np.arange(8.0) + 20]
    unclear = [np.arange(8.0), np.arange(8.0) + 0.1]
    ranks, intervals = rank_intervals([clear, unclear], resamples=200)
    assert ranks.tolist() == [1.0, 2.0]
    assert intervals[0] == (1.0, 1.5)
    ranks, intervals = rank_intervals([clear], resamples=200)
    assert intervals == [(1.0, 1.0), (2.0, 2.0)]
    assert rank_intervals([[np.ones(1), np.zeros(3)]])[1] == [UNKNOWN, UNKNOWN]


@pytest.mark.parametrize(
    ("ways", "quantile"), [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728), (10, 3.164)]
)
def test_critical_differences_are_those_of_demsars_table(ways, quantile):
    found = critical_difference(ways, 10)
    assert found == pytest.approx(quantile * math.sqrt(ways * (ways + 1) / 60), rel=5e-4)


def test_cliques_are_as_large_as_they_can_be():
    assert cliques([1.0, 1.2, 1.4, 3.0], 0.5) == [[0, 1, 2]]
    assert cliques([1.0, 2.0], 0.5) == []


def test_profiles_end_at_the_share_that_did_not_diverge():
    found = performance_profile([3.0, 1.0, INF, 2.0], [2.5, 0.5, 9.0])
    assert found.thresholds.tolist() == [0.5, 2.5, 9.0]
    assert found.shares.tolist() == [0.0, 0.5, 0.75]
    assert (found.low[2], found.high[2]) == pytest.approx(wilson_interval(3, 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: as_outcomes([]), r"^outcomes have shape \(0,\), but must be"),
        (lambda: as_outcomes([math.nan]), "^an outcome is NaN; that of a training that diverged"),
        (lambda: expected_best([1.0], 2), "^count is 2, but must be at least 1 and at most 1"),
        (lambda: expected_best([1.0], 1, [1.0, 2.0]), "^there are 2 outcomes, but 1 choices"),
        (lambda: wilson_interval(4, 3), "^successes is 4 of 3, but must be of 0 to 3"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(ValueError, match=message):
        call()
