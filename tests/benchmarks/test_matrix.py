"""How `make matrix` goes through the pairs, with programs that stand for the real ones, and its kept result."""

import json
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import matrix  # noqa: E402


@pytest.fixture
def programs(monkeypatch):
    """All programs that are run; those that hold the word in `failing` end with another code than 0."""
    ran, failing = [], []

    def run(words, folder, place):
        ran.append(words)
        return "it said why" if failing and failing[0] in words else None

    monkeypatch.setattr(matrix, "run", run)
    monkeypatch.setattr(matrix, "find_python", lambda version, uv: f"/python{version}")
    monkeypatch.setattr(matrix, "versions", lambda python: {"jax": "1.0"})
    return ran, failing


def test_every_pair_is_installed_and_tested(programs, tmp_path, capsys):
    ran, _ = programs
    assert matrix.main(["--out", str(tmp_path / "kept.json")]) == 0
    kept = json.loads((tmp_path / "kept.json").read_text())
    assert [(pair["python"], pair["packages"]) for pair in kept["pairs"]] == [
        (python, packages) for python in matrix.PYTHONS for packages in ("oldest", "newest")
    ]
    assert len(ran) == 4 * (3 + len(matrix.COMMANDS))
    assert ran[1][ran[1].index("--resolution") + 1] == "lowest-direct"
    assert "Python 3.12, oldest packages: passed (jax 1.0, 0 s)" in capsys.readouterr().out


def test_what_fails_is_kept_and_what_is_missing_is_no_failure(
    programs, tmp_path, monkeypatch, capsys
):
    ran, failing = programs
    monkeypatch.setattr(matrix, "find_python", lambda version, uv: None)
    assert matrix.main(["--out", str(tmp_path / "kept.json"), "--python", "3.12"]) == 0
    kept = json.loads((tmp_path / "kept.json").read_text())
    assert {pair["result"] for pair in kept["pairs"]} == {"not run: no such Python"}
    assert ran == []
    monkeypatch.setattr(matrix, "find_python", lambda version, uv: "/python")
    failing.append("pytest")
    words = ["--out", str(tmp_path / "kept.json"), "--python", "3.12", "--packages", "newest"]
    assert matrix.main(words) == 1
    (pair,) = json.loads((tmp_path / "kept.json").read_text())["pairs"]
    assert (pair["result"], pair["error"]) == ("failed", "it said why")
    assert "it said why" in capsys.readouterr().out


def test_nothing_of_this_python_shows_through(tmp_path):
    env = matrix.environment({"PYTHONPATH": "/a", "XLA_FLAGS": "b", "HOME": "/home"}, tmp_path)
    assert env == {"HOME": "/home", "JGAN_CACHE": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}


def test_pairs_are_those_of_the_project_and_tests_are_there():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [one.rpartition(":: ")[2] for one in project["classifiers"] if "Python ::" in one]
    assert tuple(named) == matrix.PYTHONS
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for test in matrix.TESTS:
        assert (ROOT / test).is_file()
        assert f"`{test}`" in text


def test_the_kept_result_has_no_failure():
    kept = json.loads(matrix.RESULT.read_text())
    assert {"commit", "date", "machine"} <= set(kept)
    pairs = {(pair["python"], pair["packages"]): pair["result"] for pair in kept["pairs"]}
    assert set(pairs) == {
        (python, kind) for python in matrix.PYTHONS for kind in matrix.RESOLUTIONS
    }
    assert set(pairs.values()) <= {"passed", "not run: no such Python"}
