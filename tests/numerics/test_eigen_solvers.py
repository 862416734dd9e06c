"""Krylov-Schur, ARPACK and LAPACK agree on games of networks, and Krylov-Schur needs no more products."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.eigen_solvers import PROBLEMS, compared  # noqa: E402

FEW = "R1, the discriminator's Hessian"
"""The one that `make test` tries."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == FEW else pytest.mark.full) for name in PROBLEMS]
)
def test_solvers_agree(name: str) -> None:
    found = compared(PROBLEMS[name], count=6, basis=24, tolerance=1e-8)
    for solver in ("krylov-schur", "arpack"):
        one = found[solver]
        assert one["missed"] == 0
        assert one["residual"] < 1e-8
        assert one["residual"] == pytest.approx(one["stated residual"], rel=1e-3, abs=1e-13)
        assert one["difference"] < 1e-7
    assert found["krylov-schur"]["products"] <= 1.2 * found["arpack"]["products"]
