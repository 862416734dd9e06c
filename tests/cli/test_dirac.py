"""``jgan dirac``: numbers, verdicts, figure and refusals."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgan.cli.main import main
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Aux, Game
from jgan.losses import non_saturating
from jgan.numerics.dirac import LOSSES, REGULARISERS, SLOPES
from jgan.numerics.dirac_study import Case, observed_rate, study
from jgan.numerics.named_rules import Setting
from jgan.numerics.orbit import limit_cycle
from jgan.numerics.stability import radius_map
from jgan.numerics.toy_games import as_variables, dirac, dirac_batch
from jgan.numerics.verdict import Verdict, judge
from jgan.rules import Rule, simultaneous


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["dirac", *words])
    return code, *capsys.readouterr()


def numbers(capsys: pytest.CaptureFixture[str], *words: str) -> dict:
    code, out, _ = run(capsys, *words, "--json")
    assert code == 0
    return json.loads(out)


def test_json_has_the_numbers_of_theory(capsys: pytest.CaptureFixture[str]) -> None:
    found = numbers(
        capsys, "--loss", "minimax", "--penalty", "r1", "--gamma", "0.3", "--step", "0.2"
    )
    assert sorted(found["field_eigenvalues"]) == [
        [pytest.approx(-0.15), pytest.approx(-0.47697, abs=1e-5)],
        [pytest.approx(-0.15), pytest.approx(0.47697, abs=1e-5)],
    ]
    assert found["spectral_radius"] == pytest.approx(np.sqrt(1 - 0.06 + 0.01), abs=1e-12)
    assert found["observed_rate"] == pytest.approx(found["spectral_radius"], abs=1e-3)
    assert found["verdict"] == "converges"
    for name in ("field", "operator"):
        ours = np.sort_complex([complex(*z) for z in found[f"{name}_eigenvalues"]])
        theory = np.sort_complex([complex(*z) for z in found[f"{name}_eigenvalues_closed_form"]])
        np.testing.assert_allclose(ours, theory, atol=1e-9)


def test_table_and_figure(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "new" / "figure.png"
    code, text, _ = run(capsys, "--penalty", "r1", "--rule", "alternating", "--out", str(out))
    assert code == 0
    assert "-0.15000 ± 0.47697i  -0.15000 ± 0.47697i" in text
    assert "verdict: converges" in text
    assert out.read_bytes().startswith(b"\x89PNG")


def test_figure_where_nothing_can_be_linearised(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "figure.png"
    found = ("--penalty", "wgan-gp", "--loss", "wasserstein", "--steps", "50", "--out", str(out))
    code, text, _ = run(capsys, *found)
    assert code == 0
    assert "there is nothing to linearise" in text
    assert "verdict: limit-cycle" in text
    assert out.exists()


@pytest.mark.parametrize(("words", "message"), [
    (("--loss", "wgan"), "loss is 'wgan', but must be one of minimax"),
    (("--penalty", "r3"), "penalty is 'r3', but must be one of none"),
    (("--rule", "sgd"), "rule is 'sgd', but must be one of simultaneous"),
    (("--gamma", "0.5"), "--gamma is 0.5, but without --penalty nothing has a strength."),
    (("--gamma", "1e6", "--penalty", "r1"), "--gamma is 1e+06, but must be a number below 1e+06."),
    (("--gamma", "nan", "--penalty", "r1"), "--gamma is nan, but must be a number below 1e+06."),
    (("--start", "1e200", "1e200"), "--start is 1e+200 1e+200, but must be two numbers between -1e+06"),
    (("--gamma", "-1", "--penalty", "r1"), "--gamma is -1, but must be at least 0."),
    (("--gamma", "0", "--penalty", "clip"), "--gamma is 0, but must be positive."),
    (("--step", "0"), "--step is 0, but must be a positive number."),
    (("--momentum", "1"), "--momentum is 1, but must lie between -1 and 1."),
    (("--rule", "competitive", "--momentum", "0.5"), "rule 'competitive' has no momentum"),
    (("--discriminator-steps", "3"), "discriminator_steps is 3, but only the rule 'alternating'"),
    (("--start", "0", "0"), "--start is (0.0, 0.0), but must be a point other than 0 0."),
])  # fmt: skip
def test_refusals_are_one_sentence(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    code, _, error = run(capsys, *words)
    assert code == 2
    assert message in error
    assert error.count("\n") == 1


def expected(loss: str, penalty: str, rule: str) -> str:
    """The verdict by theory, at the default strengths, h = 0.2 from (1, 1)."""
    attracted = loss in (
        "non-saturating",
        "least-squares",
        "hinge",
    )  # by terms beyond the linear ones
    curved = SLOPES[loss][1] != 0
    if penalty in ("wgan-gp", "one-centred"):
        if loss == "non-saturating":  # comes to rest at θ = -1.4
            return "other-point"
        return "diverges" if (loss, rule) == ("least-squares", "symplectic") else "limit-cycle"
    if penalty == "consensus" and loss == "least-squares":
        # Quartic terms at (1, 1) are too steep for two evaluations a step.
        return "diverges" if rule in ("extragradient", "optimistic", "symplectic") else "converges"
    if penalty in ("r1", "r2", "r1+r2", "consensus") or (penalty == "instance-noise" and curved):
        return "converges"
    if rule == "simultaneous":
        return "limit-cycle" if attracted or penalty == "clip" else "diverges"
    if rule == "alternating":
        # The hinge attracts only beyond |D| = 1, which noise reaches from everywhere.
        hinge = loss == "hinge" and penalty == "instance-noise"
        if loss == "minimax" and penalty == "none":  # terms of high order drive it outwards
            return "slow-growth"
        return "sublinear" if (attracted and loss != "hinge") or hinge else "neutral"
    return "converges"


# The whole table of 5 x 9 x 6 is `benchmarks/numerics.py --verdicts`; here are its corners.
CORNERS = [
    *((loss, "none", rule) for loss in LOSSES for rule in ("simultaneous", "alternating")),
    *((loss, "clip", "simultaneous") for loss in ("minimax", "non-saturating", "wasserstein")),
    *((loss, "instance-noise", "alternating") for loss in ("minimax", "wasserstein", "hinge")),
    *(("wasserstein", penalty, "simultaneous") for penalty in REGULARISERS),
    *(("least-squares", "consensus", rule) for rule in ("alternating", "extragradient")),
    *(("minimax", "none", rule) for rule in ("extragradient", "optimistic", "runge-kutta-4")),
    ("non-saturating", "wgan-gp", "optimistic"),
    ("least-squares", "one-centred", "symplectic"),
]


WORDS = {
    "converges": ("minimax", "instance-noise", "alternating"),
    "diverges": ("wasserstein", "none", "simultaneous"),
    "limit-cycle": ("non-saturating", "clip", "simultaneous"),
    "sublinear": ("least-squares", "none", "alternating"),
    "neutral": ("wasserstein", "none", "alternating"),
    "slow-growth": ("minimax", "none", "alternating"),
    "other-point": ("non-saturating", "wgan-gp", "optimistic"),
}
"""A corner for each verdict, which every run tries; the others are left to the full product."""


@pytest.mark.parametrize(
    ("loss", "penalty", "rule"),
    [
        pytest.param(*corner, marks=[] if corner in WORDS.values() else [pytest.mark.full])
        for corner in sorted(set(CORNERS))
    ],
)
def test_verdicts(loss: str, penalty: str, rule: str) -> None:
    with jax.enable_x64(True):
        case = Case(loss, penalty, rule=rule, setting=Setting(0.2))
        word = study(case, steps=20, long=1 << 16).verdict.word
    assert word == expected(loss, penalty, rule)


def test_every_verdict_has_its_corner() -> None:
    assert set(WORDS.values()) <= set(CORNERS)
    assert all(expected(*corner) == word for word, corner in WORDS.items())


def test_observed_rate_of_known_paths() -> None:
    steps = np.arange(101.0)
    assert observed_rate(0.9 ** steps[:, None]) == pytest.approx(0.9, abs=1e-12)
    assert observed_rate(np.where(steps[:, None] < 90, 1.0, np.inf)) is None
    assert observed_rate(np.zeros((5, 2))) is None


@pytest.mark.full
def test_larger_steps_and_momentum_change_the_verdict() -> None:
    with jax.enable_x64(True):
        for rule, gamma, bound in (("simultaneous", 0.3, 1.2), ("alternating", 3.0, 0.64911)):
            for share, word in ((0.97, True), (1.03, False)):
                case = Case("minimax", "r1", gamma, rule, Setting(share * bound), (0.01, 0.01))
                found = study(case, steps=20, long=1 << 15)
                assert (found.verdict.word == "converges") == word
        damped = Case("wasserstein", rule="alternating", setting=Setting(0.2, -0.5))
        assert study(damped, steps=20, long=1 << 15).verdict.word == "converges"
        pushed = Case("wasserstein", rule="alternating", setting=Setting(0.2, 0.5))
        assert study(pushed, steps=20, long=1 << 15).verdict.word == "diverges"


def test_the_factor_of_lookahead_is_that_of_one_update(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--loss", "minimax", "--rule", "lookahead-minimax", "--steps", "20")
    found = numbers(capsys, *words)
    # c = h f'(0) = 0.1, five updates together: |½ + ½ (1 + ic)⁵| (Chavdarova et al. 2021).
    five = abs(0.5 + 0.5 * (1 + 0.1j) ** 5)
    assert five == pytest.approx(0.98133, abs=5e-6)
    assert found["updates_of_operator"] == 5
    assert found["spectral_radius"] == pytest.approx(five**0.2, abs=1e-9)
    assert max(abs(complex(*z)) for z in found["operator_eigenvalues"]) == pytest.approx(five)
    here = radius_map(
        jnp.array([0.2]), jnp.array([0.0]), rule=words[3], loss="minimax", penalty="none"
    )
    assert float(here[0, 0]) == pytest.approx(five**0.2, abs=1e-6)


def test_points_cycles_and_slow_growth_are_told_with_their_numbers() -> None:
    def judged(*words: object, **more: object) -> Verdict:
        with jax.enable_x64(True):
            case = Case(*words, setting=Setting(0.2), **more)  # type: ignore[arg-type]
            return study(case, steps=20, long=1 << 15).verdict

    point = judged("non-saturating", "wgan-gp")
    assert point.word == "other-point"
    np.testing.assert_allclose(point.centre, (0.0, -1.4), atol=1e-6)  # ψ, θ = -γ/f'(0)
    assert point.radius < 1e-6
    cycle = judged("non-saturating")
    assert cycle.word == "limit-cycle"
    assert cycle.radius == pytest.approx(np.sqrt(0.4), rel=5e-3)
    np.testing.assert_allclose(cycle.centre, (0.0, 0.0), atol=5e-3)
    growing = judged("minimax", rule="alternating")
    assert growing.word == "slow-growth"
    assert growing.growth > 1.01
    assert "times that of half as many updates" in growing.details(str)


def test_a_cycle_about_another_point_is_a_cycle() -> None:
    def losses(v, batch, key, step, held=None):
        x, y = v[GENERATOR]["params"] - 3.0, v[DISCRIMINATOR]["params"]
        # Turns about (3, 0), attracted to the circle of radius 1.
        pull = 0.25 * (x**2 + y**2) ** 2 - 0.5 * (x**2 + y**2)
        return {GENERATOR: (x * y + pull, Aux()), DISCRIMINATOR: (-x * y + pull, Aux())}

    def moving(scale: float) -> Rule:
        start = as_variables(3.5 * scale, 0.1 * scale)
        return simultaneous(
            Game(lambda key, batch: start, losses), dict.fromkeys(PLAYERS, optax.sgd(0.05))
        )

    with jax.enable_x64(True):
        start_at = lambda scale: moving(scale).init(jax.random.key(0), {})
        found = judge(moving(1.0), {}, start_at, None, steps=1 << 13)
        cycle = limit_cycle(moving(1.0), start_at(1.0), {}, settle=2000, measure=2000)
    assert found.word == "limit-cycle"
    np.testing.assert_allclose(found.centre, (0.0, 3.0), atol=0.02)
    assert found.radius == pytest.approx(1.0, abs=0.05)
    np.testing.assert_allclose(cycle.centre, (0.0, 3.0), atol=0.02)
    assert cycle.smallest == pytest.approx(1.0, abs=0.05)
    assert cycle.largest == pytest.approx(1.0, abs=0.05)


def test_players_at_rest_have_a_cycle_of_radius_zero() -> None:
    # Data at c: the equilibrium is θ = c, ψ = 0, and the unregularised game converges to it.
    with jax.enable_x64(True):
        rule = simultaneous(
            dirac(non_saturating(), (1.0, 1.0)), dict.fromkeys(PLAYERS, optax.sgd(0.2))
        )
        batch = dirac_batch(0.419)
        state = rule.init(jax.random.key(0), batch)
        cycle = limit_cycle(rule, state, batch, settle=20_000, measure=1000)
    np.testing.assert_allclose(cycle.centre, (0.0, 0.419), atol=1e-6)
    assert float(cycle.radius) < 1e-6
    assert float(cycle.largest) < 1e-6
