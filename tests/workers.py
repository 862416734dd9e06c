"""How tests are spread over the workers of pytest-xdist: in groups, those that take longest first.

Tests of one file share fixtures and compiled programs, so a file is a group. Where a file puts many systems to
the same tests, the system is the group: its parameter carries ``pytest.mark.xdist_group(system)``.
"""

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest


def group_of(item):
    """The name of an item's group: its mark's, or its file's."""
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0] if mark else item.nodeid.split("::")[0])


def split(nodeid):
    """A test's name and its group, which pytest-xdist writes behind an ``@``.

    >>> split("tests/test_game.py::test_moves[a@b]@cgan")
    ('tests/test_game.py::test_moves[a@b]', 'cgan')
    >>> split("tests/test_game.py::test_moves[a@b]")
    ('tests/test_game.py::test_moves[a@b]', 'tests/test_game.py')
    """
    name, at, group = nodeid.rpartition("@")
    if at and "]" not in group:
        return name, group
    return nodeid, nodeid.split("::")[0]


def longest_first(items, seconds):
    """Items with those of one group together, by the group's time; a test never timed counts as one second.

    Args:
      items: of pytest.
      seconds: ``{group: seconds}`` of earlier runs.
    """
    groups = defaultdict(list)
    for item in items:
        groups[group_of(item)].append(item)
    ordered = sorted(groups, key=lambda group: -seconds.get(group, len(groups[group])))
    return [item for group in ordered for item in groups[group]]


class Groups:
    """The plugin: marks and orders the items of a run over workers, and keeps each group's time in a file."""

    def __init__(self, config, path):
        self._path = Path(path)
        self._worker = getattr(config, "workerinput", None)
        self._spread = self._worker is not None
        self._before = self._worker["seconds"] if self._spread else _read(self._path)
        self._now = defaultdict(float)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        """All workers must come to the same order, so they are told the times."""
        node.workerinput["seconds"] = self._before

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items):
        if self._spread:
            items[:] = longest_first(items, self._before)
            for item in items:
                item.add_marker(pytest.mark.xdist_group(group_of(item)))

    def pytest_runtest_logreport(self, report):
        if not self._spread:
            _, group = split(report.nodeid)
            self._now[group] += report.duration

    def pytest_sessionfinish(self):
        if self._now:
            write(self._path, self._before | {group: round(s, 2) for group, s in self._now.items()})


def _read(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def write(path, content):
    """Replace a JSON file at once, so that no reader sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(json.dumps(content, indent=2) + "\n")
    part.replace(path)
