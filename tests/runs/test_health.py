"""The recorded rows are of experiments/*.py and of the ring, with and without what keeps them well."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from jgan.runs.health import SPREAD, Doctor, spread

History = list[dict[str, float]]
RECORDED = json.loads((Path(__file__).parent / "recorded_rows.json").read_text())
WON = {
    "step": 0,
    "generator/loss": 9.0,
    "discriminator/loss": 0.01,
    "discriminator/real_logit": 6.0,
    "discriminator/fake_logit": -6.0,
}
WELL = {**WON, "discriminator/loss": 1.2}


def recorded(name: str, pictures_every: int = 10, until: int = 10_000) -> History:
    """The rows of a run, the spread of its samples in every tenth."""
    columns = RECORDED[name]
    rows = []
    for index in range(len(columns["step"])):
        row = {metric: values[index] for metric, values in columns.items()}
        if (index + 1) % pictures_every:
            row.pop(SPREAD)
        if row["step"] <= until:
            rows.append(row)
    return rows


def warnings_of(rows: History) -> list[str]:
    doctor = Doctor()
    return [text for row in rows for text in doctor.row(row)]


def at(rows: History, every: int = 50) -> History:
    return [{**row, "step": every * (index + 1)} for index, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("name", "until"),
    [
        ("non_saturating", 1200),
        ("least_squares", 2000),
        ("wgan_gp", 4000),
        ("relativistic_r1_r2", 4000),
        ("wgan_garments", 100),
        ("dcgan_garments", 300),
        ("wasserstein_unclipped", 2000),
    ],
)
@pytest.mark.parametrize("every", [1, 3])
def test_no_false_alarm(name: str, until: int, every: int) -> None:
    rows = recorded(name, until=until)[::every]
    assert len(rows) >= 3
    assert warnings_of(rows) == []


def test_a_discriminator_that_has_won() -> None:
    said = warnings_of(recorded("minimax_garments"))
    assert "the discriminator has won: its loss is 0.0007" in said[0]
    assert said[0].startswith("step 120: ")
    assert "gradient penalty" in said[0]
    assert "the generator's gradient has vanished: its norm is 0.003" in said[1]
    assert "non_saturating" in said[1]
    assert "samples have collapsed" in said[2]
    assert len(said) == 3


def test_a_generator_that_has_won() -> None:
    (said,) = warnings_of(recorded("slow_discriminator"))
    assert said.startswith("step 110: the generator has won: its loss is 6.58e-05")


def test_a_ring_that_collapses_to_one_mode() -> None:
    (said,) = warnings_of(recorded("non_saturating"))
    assert said.startswith(
        "step 2000: samples have collapsed: their distances from each other are 0.05"
    )


def test_a_resumed_run_warns_as_an_uninterrupted_one() -> None:
    rows = recorded("minimax_garments")
    doctor = Doctor()
    whole = [doctor.row(row) for row in rows]
    for cut in range(len(rows)):
        doctor = Doctor(rows[:cut])
        assert [doctor.row(row) for row in rows[cut:]] == whole[cut:]


def test_each_onset_is_told_once() -> None:
    rows = at([WELL] * 2 + [WON] * 20 + [WELL] * 5 + [WON] * 20)
    said = warnings_of(rows)
    assert [text.split(":")[0] for text in said] == ["step 250", "step 1500"]


def test_a_short_relapse_or_recovery_changes_nothing() -> None:
    assert warnings_of(at([WELL, WON, WON] * 5)) == []
    assert len(warnings_of(at([WON] * 5 + [WELL, WELL] + [WON] * 5))) == 1


def test_rows_of_few_steps_need_more_of_them() -> None:
    assert warnings_of(at([WON] * 100, every=1)) == []
    assert len(warnings_of(at([WON] * 101, every=1))) == 1
    assert warnings_of(at([WON] * 2, every=5000)) == []
    assert len(warnings_of(at([WON] * 3, every=5000))) == 1


def test_a_wasserstein_critic_may_be_anywhere() -> None:
    for offset in (-1e4, 0.0, 1e4):
        rows = [
            {
                "generator/loss": -offset,
                "generator/gradient_norm": 0.3,
                "discriminator/loss": -gap,
                "discriminator/accuracy": 1.0 if offset == 0 else 0.5,
                "discriminator/real_logit": offset + gap,
                "discriminator/fake_logit": offset,
            }
            for gap in np.geomspace(0.01, 1000, 40)
        ]
        assert warnings_of(at(rows)) == []


def test_a_critic_whose_gap_has_closed_has_not_won() -> None:
    closed = {
        "generator/loss": 0.7,
        "discriminator/loss": 0.01,
        "discriminator/real_logit": -0.7,
        "discriminator/fake_logit": -0.69,
    }
    assert warnings_of(at([closed] * 20)) == []


def test_a_small_gradient_at_an_equilibrium_is_well() -> None:
    norms = np.geomspace(1.0, 1e-4, 40)
    rows: History = [
        {"generator/gradient_norm": norm, "discriminator/accuracy": 0.5} for norm in norms
    ]
    assert warnings_of(at(rows)) == []
    discriminated: History = [{**row, "discriminator/accuracy": 0.95} for row in rows]
    (said,) = warnings_of(at(discriminated))
    assert "gradient has vanished" in said


def test_a_gradient_of_zero_from_the_start() -> None:
    (said,) = warnings_of(at([{"generator/gradient_norm": 0.0}] * 5))
    assert "its norm is 0" in said


def test_one_spike_of_the_gradient_is_no_measure() -> None:
    rows: History = [
        {"generator/gradient_norm": 1e6 if index == 7 else 1.0, "discriminator/accuracy": 1.0}
        for index in range(30)
    ]
    assert warnings_of(at(rows)) == []


def test_samples_that_begin_close_together_are_given_time() -> None:
    growing: History = [{SPREAD: value} for value in (0.01, 0.05, 0.12, 0.2, 0.35, 0.9)]
    assert warnings_of(at(growing)) == []
    stuck: History = [{SPREAD: value} for value in (0.01, 0.05, 0.05, 0.05)]
    assert [text.split(":")[0] for text in warnings_of(at(stuck))] == ["step 200"]


def test_a_collapse_ends_well_above_where_it_began() -> None:
    rows: History = [{SPREAD: value} for value in (0.9, 0.25, 0.25, *[0.35, 0.28] * 5)]
    assert len(warnings_of(at(rows))) == 1
    assert len(warnings_of(at([*rows, *[{SPREAD: 0.8}] * 2, *[{SPREAD: 0.1}] * 2]))) == 2


@pytest.mark.parametrize("metric", ["generator/loss", "discriminator/loss", "speed"])
def test_what_is_not_there_is_not_judged(metric: str) -> None:
    assert warnings_of(at([{metric: 0.0}] * 50)) == []


@pytest.mark.parametrize("shape", [(2,), (5, 4, 3)])
def test_spread_is_the_ratio_of_mean_distances(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    samples = rng.normal(3.0, 0.4, (40, *shape)).astype(np.float32)
    data = rng.normal(-1.0, 1.0, (70, *shape)).astype(np.float32)
    expected = pdist(samples.reshape(40, -1)).mean() / pdist(data.reshape(70, -1)).mean()
    assert spread(samples, data) == pytest.approx(expected, rel=1e-6)
    first = pdist(samples[:9].reshape(9, -1)).mean() / pdist(data[:9].reshape(9, -1)).mean()
    assert spread(samples, data, count=9) == pytest.approx(first, rel=1e-6)


def test_spread_of_ring_generators() -> None:
    rng = np.random.default_rng(0)
    angles = 2 * np.pi * np.arange(8) / 8
    modes = 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def sample(count: int) -> np.ndarray:
        return modes[rng.integers(count, size=256)] + 0.02 * rng.normal(size=(256, 2))

    data = sample(8)
    assert spread(sample(8), data) == pytest.approx(1.0, abs=0.05)
    assert spread(sample(1), data) < 0.03
    # Half of the modes missing is another failure than collapse.
    assert spread(sample(4), data) > 0.5


def test_far_from_zero_the_spread_keeps_its_digits() -> None:
    points = np.random.default_rng(0).normal(size=(50, 2))
    assert spread(points * 1e-3 + 1e4, points) == pytest.approx(1e-3, rel=1e-4)


def test_where_there_is_nothing_to_compare_nothing_is_warned_of() -> None:
    points = np.eye(3)
    for samples, data in ((points[:1], points), (points, points[:1]), (points, np.ones((4, 3)))):
        assert np.isnan(spread(samples, data))
    assert warnings_of(at([{SPREAD: 0.9}, *[{SPREAD: np.nan}] * 9])) == []
