"""Names say what things are, and a word has one meaning."""

import ast
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("jgan", "benchmarks", "experiments")
RIDDLES = {"course", "told", "seen", "drawn", "asked", "itself", "units", "alone", "coding"}
"""Words that say nothing of what they stand for, alone or as a part of a name."""
ONE_MEANING = {"measured", "rows", "scene", "score", "side_by_side", "spread"}
"""Words that once had several meanings: functions and classes of this name are of one room."""


class Given(NamedTuple):
    """A name where it is given: to a function or class, or to a variable, attribute or argument."""

    name: str
    line: int
    defined: bool


def given(text):
    """All names that the text of a module gives; those that it only uses are another's."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(Given(node.name, node.lineno, True))
        elif isinstance(node, ast.Name | ast.Attribute):
            if isinstance(node.ctx, ast.Store):
                name = node.id if isinstance(node, ast.Name) else node.attr
                found.append(Given(name, node.lineno, False))
        elif isinstance(node, ast.arg):
            found.append(Given(node.arg, node.lineno, False))
        elif isinstance(node, ast.alias):
            found.append(Given(node.asname or "", node.lineno, False))
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            found.append(Given(node.name or "", node.lineno, False))
    return found


def words(name):
    """The words of a name: ``_seen_by``, ``SeenBy`` and ``SEEN_BY`` have the same."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


@pytest.fixture(scope="module")
def names():
    """The names that each file gives."""
    return {
        path.relative_to(ROOT).as_posix(): given(path.read_text())
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
    }


def test_names_that_are_given_are_found():
    text = (
        "import y as alone\n"
        "class SeenBy:\n"
        "    told_by: int\n"
        "def f(asked): self._drawn = [1 for UNITS in unseen(x.told, course=itself)]\n"
    )
    found = [name for name in given(text) if words(name.name) & RIDDLES]
    assert sorted(found) == [
        ("SeenBy", 2, True),
        ("UNITS", 4, False),
        ("_drawn", 4, False),
        ("alone", 1, False),
        ("asked", 4, False),
        ("told_by", 3, False),
    ]


def test_names_are_no_riddles(names):
    assert [
        f"{place}:{one.line} {one.name}"
        for place, found in names.items()
        for one in [Given(Path(place).stem, 0, True), *found]
        if words(one.name) & RIDDLES
    ] == []


def test_a_word_has_one_meaning(names):
    rooms = defaultdict(set)
    for place, found in names.items():
        for one in found:
            if one.defined and one.name.strip("_").lower() in ONE_MEANING:
                rooms[one.name.strip("_").lower()].add(place.rpartition("/")[0])
    assert {word: found for word, found in rooms.items() if len(found) > 1} == {}
