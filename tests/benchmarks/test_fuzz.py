"""Odd data, runs and flags, drawn at random; ``python -m benchmarks.fuzz`` draws many more of the same."""

import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import fuzz  # noqa: E402
from benchmarks._fuzz import outcome  # noqa: E402
from benchmarks._fuzz.case import HERE, WORLD, Case, File  # noqa: E402
from benchmarks._fuzz.world import World, make  # noqa: E402


@pytest.fixture
def world(tmp_path: Path) -> World:
    """One with a run that no command of these tests reads."""
    (tmp_path / "world" / "run").mkdir(parents=True)
    (tmp_path / "world" / "run" / "settings.json").write_text("{}")
    return World(tmp_path / "world", {})


@pytest.mark.full
@pytest.mark.parametrize("count", [30, 100])
def test_all_cases_keep_the_rule(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JGAN_CACHE", str(tmp_path / "cache"))
    (tmp_path / "trained").mkdir()
    world = make(tmp_path / "trained")
    found = fuzz.fuzz(world, count, 0, print)
    assert found["outside the rule"] == []
    assert found["cases"] == count
    assert found["outcomes"]["refused"] < 0.9 * count  # or little is tried


def ends(monkeypatch: pytest.MonkeyPatch, world: World, command: object) -> str:
    """The kind of outcome of a case whose command is this function."""
    monkeypatch.setattr(outcome, "main", command)
    return outcome.run(Case((("x",),)), world).kind


def say(text: str, code: int = 2) -> object:
    return lambda words: print(text, end="", file=sys.stderr) or code


@pytest.mark.parametrize(
    ("text", "code", "kind"),
    [
        ("", 0, "success"),
        ("jgan: lr is -1, but must be positive.\n", 2, "refused"),
        ("jgan: the probe has read ring.\n", 2, "data were read"),
        ("jgan: lr is -1.\njgan: steps is 0.\n", 2, "no sentence"),
        ("jgan: lr is -1", 2, "no sentence"),
        ("lr is -1.\n", 2, "no sentence"),
        ("", 2, "no sentence"),
        (
            "jgan: the game fails with KeyError: 'x'; JGAN_TRACEBACK=1 shows where.\n",
            2,
            "hidden trace",
        ),
        ("jgan: interrupted.\n", 130, "another code"),
        ("Traceback (most recent call last):\n", 0, "trace"),
    ],
)
def test_what_keeps_the_rule(
    text: str, code: int, kind: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ends(monkeypatch, world, say(text, code)) == kind


def test_traces_and_hangs_are_outside_the_rule(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(words: list[str]) -> int:
        raise KeyError("image")

    assert ends(monkeypatch, world, fail) == "trace"
    monkeypatch.setattr(outcome, "MINUTE", 0.05)
    assert ends(monkeypatch, world, lambda words: time.sleep(5)) == "hang"


def test_a_lost_checkpoint_is_outside_the_rule(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = World(tmp_path, {"run/checkpoints/2/x": ""})
    assert ends(monkeypatch, other, lambda words: 0) == "lost checkpoint"

    def delete(words: list[str]) -> int:
        Path(words[0]).rmdir()
        return 0

    monkeypatch.setattr(outcome, "main", delete)
    case = Case(((f"{HERE}/run/checkpoints/3",),), (File("run/checkpoints/3"),))
    kept = outcome.run(case, world, tmp_path / "kept")
    assert kept.kind == "lost checkpoint"
    assert [path.name for path in (tmp_path / "kept").glob("*/run")] == ["run"]


def test_links_and_names_that_the_system_refuses(world: World, tmp_path: Path) -> None:
    files = (File("a/b", b"1"), File("link", link=f"{WORLD}/run"), File("n" * 300, b"2"), File("c"))
    here = tmp_path / "here"
    here.mkdir()
    outcome.write(Case((), files), here, world.path)
    assert sorted(path.name for path in here.iterdir()) == ["a", "c", "link"]
    assert (here / "link" / "settings.json").is_file()
