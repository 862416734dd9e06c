"""The suite's own machinery: covering sets, groups for the workers, records that go on."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from covering import covering, parameters
from records import commit_of
from sources import imported, sources
from workers import BY_PARAMETER, longest_first

LAWS = [f"law {n}" for n in range(7)]
SYSTEMS = [f"system {n}" for n in range(23)]


@pytest.mark.parametrize("each", [1, 2, 3, 7, 9])
def test_every_law_and_every_system_is_covered(each):
    pairs = covering(LAWS, SYSTEMS, each, least=4)
    laws, systems = (Counter(names) for names in zip(*pairs, strict=True))
    assert set(laws) == set(LAWS)
    assert min(laws.values()) >= min(4, len(SYSTEMS))
    assert set(systems) == set(SYSTEMS)
    assert min(systems.values()) >= min(each, len(LAWS))
    assert len(pairs) <= max(each * len(SYSTEMS), 4 * len(LAWS)) + len(LAWS) * 4
    assert pairs == covering(LAWS, SYSTEMS, each, least=4)


def test_few_systems_are_put_to_every_law():
    assert len(covering(LAWS, SYSTEMS[:2], 1, least=4)) == 2 * len(LAWS)


def test_what_is_not_covered_is_left_to_the_full_product():
    pairs = {("law 0", "system 1")}
    marks = {p.values[0]: {m.name for m in p.marks} for p in parameters("law 0", SYSTEMS, pairs)}
    assert "full" not in marks["system 1"]
    assert all("full" in found for system, found in marks.items() if system != "system 1")


def test_groups_stay_together_and_the_longest_comes_first():
    file = BY_PARAMETER[0]
    names = ["a.py::one", f"{file}::one[x]", f"{file}::one[y]", "c.py::one[x]", f"{file}::two[x]"]
    ordered = longest_first(names, {"a.py": 0.1, f"{file}[y]": 7.0})
    assert [names[number] for number in ordered] == [
        f"{file}::one[y]",
        f"{file}::one[x]",
        f"{file}::two[x]",
        "c.py::one[x]",
        "a.py::one",
    ]


# A small suite in a folder of its own, under the same plugins.

CONFTEST = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
import records
from workers import Groups
records.ROOT = Path({root!r})

def pytest_addoption(parser):
    parser.addoption("--record")

def pytest_configure(config):
    config.addinivalue_line("markers", "full: slow")
    config.pluginmanager.register(Groups(config, Path({root!r}) / "cache" / "seconds.json"))
    config.pluginmanager.register(records.Record(config))
"""
TESTS = """
import os, pytest

@pytest.mark.parametrize("n", range(4))
def test_it(n):
    if n == 1: pytest.skip("no need")
    assert n != 2 or "MEND" in os.environ
"""


def git(folder, *words):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def suite(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    tests = str(Path(__file__).parent)
    (tmp_path / "conftest.py").write_text(CONFTEST.format(tests=tests, root=str(tmp_path)))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(TESTS)
    (tmp_path / ".gitignore").write_text("cache\n.pytest_cache\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    return tmp_path


def run(folder, *words):
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-m",
        "full or not full",
        "--record=benchmarks/results/all.json",
        *words,
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    path = folder / "benchmarks" / "results" / "all.json"
    return done, json.loads(path.read_text()) if path.exists() else None


@pytest.mark.parametrize("workers", [[], pytest.param(["-n", "2"], marks=pytest.mark.full)])
def test_a_run_that_failed_goes_on_with_what_failed(suite, workers, monkeypatch):
    (suite / "tests" / "test_b.py").write_text("def test_more(): pass\n")
    done, kept = run(suite, *workers)
    assert done.returncode == 1
    assert [kept[kind] for kind in ("passed", "failed", "skipped")] == [1, 1, 0]
    assert kept["failures"] == ["tests/test_a.py::test_it[2]"]
    assert kept["groups_to_run"] == ["tests/test_a.py"]
    monkeypatch.setenv("MEND", "1")
    done, kept = run(suite, *workers)
    assert done.returncode == 0
    assert "3 passed, 1 skipped" in done.stdout
    assert [kept[kind] for kind in ("passed", "failed", "skipped")] == [4, 0, 1]
    assert (kept["commit"], kept["groups_to_run"]) == (commit_of(suite), [])
    assert {"date", "machine", "versions", "seconds_in_tests"} <= set(kept)
    if not workers:
        assert run(suite)[0].returncode == 0


def test_a_file_stays_with_one_worker(suite):
    """Which a module's fixtures need, and an update of pytest or pytest-xdist may end."""
    program = (
        "import os, pathlib, pytest\n"
        "@pytest.mark.parametrize('n', range(6))\n"
        "def test_it(n):\n"
        "    with open(pathlib.Path(__file__).with_suffix('.txt'), 'a') as file:\n"
        "        file.write(os.environ['PYTEST_XDIST_WORKER'] + ' ')\n"
    )
    for name in ("test_b", "test_c"):
        (suite / f"{name}.py").write_text(program)
    run(suite, "-n", "2", "test_b.py", "test_c.py")
    workers = [set((suite / f"{name}.txt").read_text().split()) for name in ("test_b", "test_c")]
    assert sorted(map(sorted, workers)) == [["gw0"], ["gw1"]]


def test_an_interrupted_run_keeps_the_groups_that_passed(suite):
    (suite / "tests" / "test_b.py").write_text("def test_stop():\n    raise KeyboardInterrupt\n")
    (suite / "tests" / "test_a.py").write_text(TESTS.replace("n != 2", "True"))
    done, kept = run(suite)
    assert done.returncode == 2
    assert set(kept["groups"]) == {"tests/test_a.py"}


def test_what_changed_is_tested_again(suite, monkeypatch):
    monkeypatch.setenv("MEND", "1")
    run(suite)
    (suite / "tests" / "test_a.py").write_text(TESTS + "\n\n")
    done, kept = run(suite)
    assert "3 passed, 1 skipped" in done.stdout
    assert kept["commit"].endswith("+")
    (suite / "tests" / "test_a.py").unlink()
    assert run(suite)[1]["groups"] == {}


@pytest.mark.parametrize("words", [["-k", "it"], ["tests/test_a.py::test_it[0]"], ["-m", ""]])
def test_groups_are_kept_whole(suite, words):
    done, kept = run(suite, *words)
    assert (done.returncode, kept) == (4, None)
    assert "--record needs -m 'full or not full' and no -k" in done.stderr


def test_pure_tests_depend_on_what_they_import_and_others_on_everything(tmp_path):
    files = {
        "jgan/__init__.py": "",
        "jgan/rules/__init__.py": "",
        "jgan/rules/one.py": "import jax",
        "jgan/rules/other.py": "",
        "jgan/cli/main.py": "",
        "tests/laws/games.py": "from jgan.rules.one import rule",
        "tests/laws/test_pure.py": "from laws.games import game",
        "tests/test_commands.py": "from jgan.cli.main import main",
        "README.md": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    needed = imported(tmp_path, tmp_path / "tests/laws/test_pure.py")
    assert {path.relative_to(tmp_path).as_posix() for path in needed} == {
        "jgan/rules/__init__.py",
        "jgan/rules/one.py",
        "tests/laws/games.py",
        "tests/laws/test_pure.py",
    }
    for name in ("tests/test_commands.py", "README.md"):
        assert imported(tmp_path, tmp_path / name) is None
    assert sources(tmp_path, "tests/laws/test_pure.py") != sources(tmp_path, "README.md")
