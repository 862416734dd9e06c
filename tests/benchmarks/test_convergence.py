import json
import math
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import convergence  # noqa: E402
from benchmarks._coverage import games, tiny  # noqa: E402
from jgan.numerics.field import vector_field  # noqa: E402
from jgan.rules.joint_move import with_params  # noqa: E402

UPDATES = 4000


def found(name, rule, updates=UPDATES):
    with jax.enable_x64(True):
        family = name.split(",")[0].lower()
        toy = next(toy for toy in games.TOYS[family]() if toy.name == name)
        return convergence.outcome(toy, rule, updates=updates)


@pytest.mark.parametrize(
    ("name", "rule", "radius", "did"),
    [
        # |1 + h λ| with λ = ± i and h = 0.2
        ("quadratic, zero-sum", "simultaneous", math.hypot(1, 0.2), "diverged"),
        ("quadratic, zero-sum", "alternating", 1.0, "cycled"),
        # 1 - h q, q = 12: the fast player's own curvature
        ("quadratic, stiff", "simultaneous", None, "diverged"),
        # λ = -0.15 ± 0.47697i of the Dirac-GAN with R1 at γ = 0.3
        (
            "Dirac, non-saturating, r1",
            "simultaneous",
            math.hypot(0.97, 0.2 * 0.4769696),
            "converged",
        ),
        ("Dirac, non-saturating, none", "simultaneous", math.hypot(1, 0.1), "cycled"),
        ("Dirac, non-saturating, none", "alternating", 1.0, "approaches slowly"),
    ],
)
def test_corners_whose_end_is_known(name, rule, radius, did):
    own = found(name, rule)
    if radius is not None:
        assert math.isclose(own.radius, radius, abs_tol=1e-6)
    assert own.did == did
    assert own.agrees is (None if radius == 1.0 else True)


def test_without_a_derivative_nothing_is_predicted():
    own = found("Dirac, wasserstein, wgan-gp", "alternating")
    assert own.radius is None
    assert own.predicted == "no word"
    assert own.agrees is None
    assert own.did == "cycled"


@pytest.mark.parametrize("every", [("quadratic", 1), ("gaussian", 5)])
def test_the_field_vanishes_at_the_equilibrium(every):
    family, stride = every
    with jax.enable_x64(True):
        for toy in list(games.TOYS[family]())[::stride]:
            variables = toy.game.init(jax.random.key(0), toy.batch)
            there = with_params(variables, jax.tree.map(jax.numpy.asarray, toy.equilibrium))
            flow = vector_field(toy.game, there, toy.batch)
            assert max(float(abs(leaf).max()) for leaf in jax.tree.leaves(flow)) < 1e-12, toy.name


def test_too_few_updates_are_a_reason():
    own = found("quadratic, zero-sum, friction of D only", "simultaneous", updates=160)
    assert (own.predicted, own.agrees) == ("converges", False)
    assert own.reason.startswith("too few updates")


def test_a_start_on_the_way_into_a_saddle_is_a_reason():
    # [[-0.5, -1], [-1, -0.5]] has the eigenvalue 0.5, but (1, 1) is the vector of -1.5.
    own = found("quadratic, team", "simultaneous", updates=800)
    assert (own.predicted, own.did) == ("does not converge", "converged")
    assert own.reason == "the start lies on the way into a saddle: moved by 0.01, it diverged"


def test_a_far_start_is_a_reason(monkeypatch):
    with jax.enable_x64(True):
        toy = next(games.quadratics())
        trial = convergence.Trial(toy, "alternating", 0.2, 80)
        monkeypatch.setattr(
            trial, "run", lambda share=1.0, aside=0.0: 0.9 ** np.arange(801)[:, None]
        )
        reason = convergence.why(trial, "converges", "cycled", 0.9)
    assert reason == "the start is too far away: from 0.01 of it, it converged"


@pytest.mark.full
def test_the_command_writes_every_outcome(tmp_path, capsys):
    out = tmp_path / "found.json"
    words = ["--games", "quadratic", "--rules", "simultaneous", "--updates", "400"]
    convergence.main([*words, "--out", str(out)])
    facts = json.loads(out.read_text())
    assert len(facts["outcomes"]) == 6
    assert set(facts) >= {"machine", "versions", "commit", "seconds", "table"}
    judged = [own for own in facts["outcomes"] if own["agrees"] is not None]
    assert f"of {len(judged)} predictions" in capsys.readouterr().out


def test_too_few_updates_are_refused(capsys):
    with pytest.raises(SystemExit):
        convergence.main(["--updates", "100"])
    assert "--updates is 100, but must be at least 128." in capsys.readouterr().err


@pytest.mark.full
def test_networks_on_eight_points_reach_them_and_the_spectrum_is_near_one():
    with jax.enable_x64(True):
        own = tiny.ending("non-saturating, none", "alternating", 8000)
    assert (own.modes, own.did) == (8, "settles")
    assert own.distance < 0.1
    # It still creeps after so few updates, so the last digits decide on which side of 1 it lies.
    assert abs(own.radius - 1) < 1e-3
    assert own.agrees == (own.predicted == "converges")
    assert f"agreements: {int(own.agrees)} of 1 endings" in list(tiny.lines([own]))
