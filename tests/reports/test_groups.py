"""Groups of seeds, their mean and spread, and curves of few points."""

import numpy as np
import pytest
from reports.made import make_run, make_sweep, rows

from jgan.reports.curves import Curve, curve_of, decimate, metrics_of
from jgan.reports.figure import colour, dashes
from jgan.reports.groups import STYLES, grouped
from jgan.reports.runs import read


def test_runs_that_differ_only_in_the_seed_are_a_group(tmp_path):
    paths = [make_run(tmp_path / f"a{seed}", seed=seed) for seed in range(3)]
    paths += [make_run(tmp_path / "b", lr=0.1), make_run(tmp_path / "c", lr=0.1, seed=1)]
    paths += [make_run(tmp_path / "long", steps=200)]
    groups = grouped(read(paths)[0])
    assert [[run.name for run in group.runs] for group in groups] == [
        ["a0", "a1", "a2"],
        ["b", "c"],
        ["long"],
    ]
    assert [group.name for group in groups] == ["lr=0.001", "lr=0.1", "long"]
    assert [group.colour for group in groups] == [0, 1, 2]
    losses = [rows(seed)[-1]["generator/loss"] for seed in range(3)]
    expected = (np.mean(losses), np.std(losses, ddof=1))
    assert groups[0].final("generator/loss") == pytest.approx(expected)
    assert groups[0].best() == pytest.approx((0.6, 0.1))
    assert groups[2].final("score")[1] is None


def test_seeds_of_one_setting_are_named_by_their_experiment(tmp_path):
    paths = [make_run(tmp_path / f"a{seed}", seed=seed) for seed in range(2)]
    (group,) = grouped(read(paths)[0])
    assert group.name == "toy"


def test_experiments_stand_side_by_side_under_names_of_their_own(tmp_path):
    paths = [make_run(tmp_path / "x" / str(seed), seed=seed) for seed in range(2)]
    paths += [
        make_run(tmp_path / "y" / str(seed), seed=seed, experiment="r1.py") for seed in range(2)
    ]
    assert [group.name for group in grouped(read(paths)[0])] == ["toy", "r1"]


def test_diverged_members_are_in_no_mean(tmp_path):
    runs, _ = read([make_sweep(tmp_path / "s")])
    one, other = grouped(runs)
    assert (one.name, other.name) == ("lr=0.001", "lr=0.01")
    assert one.measure("score") == pytest.approx((1.1, 1.0))
    assert other.measure("score") == pytest.approx((2.0, np.sqrt(2)))
    losses = [rows(seed + 1)[-1]["generator/loss"] for seed in (0, 2)]
    assert other.final("generator/loss") == pytest.approx((np.mean(losses), np.std(losses, ddof=1)))


def test_of_many_settings_the_best_are_coloured(tmp_path):
    lrs = [0.99, *(0.01 * place for place in range(1, STYLES)), 0.98, 0.005]
    groups = grouped(read([make_sweep(tmp_path / "s", lrs=lrs, seeds=1)])[0])
    assert [group.name for group in groups if group.colour is None] == ["lr=0.99", "lr=0.98"]
    coloured = [group.colour for group in groups if group.colour is not None]
    assert sorted(coloured) == [*range(STYLES)]
    assert len({(colour(number), str(dashes(number))) for number in coloured}) == STYLES


def test_a_curve_is_mean_and_deviation_of_what_is_finite(tmp_path):
    runs, _ = read([make_sweep(tmp_path / "s")])
    curve = curve_of(runs[3:], "generator/loss")
    assert curve.steps.tolist() == list(range(10, 101, 10))
    members = np.array([[row["generator/loss"] for row in rows(seed + 1)] for seed in range(3)])
    np.testing.assert_allclose(curve.mean[:5], members.mean(axis=0)[:5])
    np.testing.assert_allclose(curve.deviation[:5], members.std(axis=0, ddof=1)[:5])
    np.testing.assert_allclose(curve.mean[5:], members[[0, 2]].mean(axis=0)[5:])
    assert curve.banded
    single = curve_of(runs[:1], "score")
    assert single.steps.tolist() == [20, 40, 60, 80, 100]
    assert not single.banded


def test_curves_of_few_points_keep_their_outline():
    rng = np.random.default_rng(1)
    steps = np.arange(50_000) * 10
    values = np.cumsum(rng.normal(size=steps.size))
    small = decimate(Curve(steps, values, np.abs(values)), buckets=100)
    assert len(small.steps) <= 202
    assert (small.steps[0], small.steps[-1]) == (0, steps[-1])
    assert (small.mean.min(), small.mean.max()) == (values.min(), values.max())
    np.testing.assert_array_equal(small.mean, values[small.steps // 10])
    np.testing.assert_array_equal(small.deviation, np.abs(small.mean))
    # Nowhere is the outline, drawn with straight lines, far from the curve.
    outline = np.interp(steps, small.steps, small.mean)
    assert np.abs(outline - values).max() < 0.25 * np.ptp(values)


def test_metrics_are_in_the_order_of_a_row_and_complete(tmp_path):
    runs, _ = read([make_run(tmp_path / "a")])
    names = metrics_of(runs)
    assert set(names) == set(rows(0)[1]) - {"step"}
    assert len(names) == len(set(names))
