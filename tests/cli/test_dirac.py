"""``jgan dirac``: numbers, verdicts, figure and refusals."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest

from jgan.cli.main import main
from jgan.numerics.dirac import LOSSES, REGULARISERS, SLOPES
from jgan.numerics.dirac_rules import Setting
from jgan.numerics.dirac_study import Case, observed_rate, study


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


@pytest.mark.parametrize(("loss", "penalty", "rule"), sorted(set(CORNERS)))
def test_verdicts(loss: str, penalty: str, rule: str) -> None:
    with jax.enable_x64(True):
        case = Case(loss, penalty, rule=rule, setting=Setting(0.2))
        word = study(case, steps=20, long=1 << 16).verdict.word
    assert word == expected(loss, penalty, rule)


def test_observed_rate_of_known_paths() -> None:
    steps = np.arange(101.0)
    assert observed_rate(0.9 ** steps[:, None]) == pytest.approx(0.9, abs=1e-12)
    assert observed_rate(np.where(steps[:, None] < 90, 1.0, np.inf)) is None
    assert observed_rate(np.zeros((5, 2))) is None


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
