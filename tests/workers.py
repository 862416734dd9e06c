"""How tests are spread over the workers of pytest-xdist: in groups, those that take longest first.

Tests of one file share fixtures and compiled programs, so a file is a group. In files that put many systems
to the same tests, the tests of one parameter are a group, such as all laws of one system; of a parameter with
slashes, what stands before the first of them.

The scheduler is our own: ``--dist loadgroup`` of pytest-xdist 3.8 groups nothing under pytest 9.2, which no
longer reads the name that it changes.
"""

import json
import os
from collections import defaultdict
from pathlib import Path

import pytest

BY_PARAMETER = (
    "tests/gans/test_catalogue.py",
    "tests/laws/test_derivatives.py",
    "tests/test_experiments.py",
)
LONG = {
    "tests/runs/test_interruptions.py": 90.0,
    "tests/training/test_devices.py": 90.0,
    "tests/rules/test_laws.py": 60.0,
    "tests/runs/test_from.py": 50.0,
    "tests/training/test_training.py": 40.0,
    "tests/sweeps/test_population.py": 40.0,
    "tests/training/test_stages.py": 40.0,
    "tests/cli/test_latent_commands.py": 40.0,
    "tests/cli/test_sweep.py": 30.0,
    "tests/cli/test_spectrum.py": 30.0,
}
"""Seconds of groups where no earlier run has measured them."""


def group_of(nodeid):
    """The group of a test.

    >>> group_of("tests/test_game.py::test_moves[a]"), group_of("jgan/threefry.py::jgan.threefry")
    ('tests/test_game.py', 'jgan/threefry.py')
    >>> group_of("tests/gans/test_catalogue.py::test_views_and_sampler[cgan]")
    'tests/gans/test_catalogue.py[cgan]'
    >>> group_of("tests/laws/test_derivatives.py::test_derivatives_are_finite_differences[r1/lola/plain]")
    'tests/laws/test_derivatives.py[r1]'
    """
    file, _, test = nodeid.partition("::")
    _, bracket, parameter = test.removesuffix("]").partition("[")
    if file not in BY_PARAMETER or not bracket:
        return file
    return f"{file}[{parameter.partition('/')[0]}]"


def longest_first(names, seconds):
    """The numbers of tests with those of one group together, by the group's time.

    Args:
      names: of tests.
      seconds: ``{group: seconds}`` of earlier runs; a test of an unknown group counts as half a second.
    """
    groups = defaultdict(list)
    for number, name in enumerate(names):
        groups[group_of(name)].append(number)
    known = LONG | seconds
    ordered = sorted(groups, key=lambda group: -known.get(group, 0.5 * len(groups[group])))
    return [number for group in ordered for number in groups[group]]


class Groups:
    """The plugin: orders the tests for workers, sends them out by group, keeps each group's time in a file."""

    def __init__(self, config, path):
        self._path = Path(path)
        self._worker = getattr(config, "workerinput", None)
        self._before = self._worker["seconds"] if self._worker else _read(self._path)
        self._spread = False
        self._now = defaultdict(float)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        """All workers must come to the same order, so they are told the times."""
        node.workerinput["seconds"] = self._before

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config, log):
        from xdist.scheduler import LoadScopeScheduling

        class Scheduling(LoadScopeScheduling):
            def _split_scope(self, nodeid):
                return group_of(nodeid)

        self._spread = True
        config.option.loadscopereorder = False  # the order is ours
        return Scheduling(config, log)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items):
        if self._worker:
            order = longest_first([item.nodeid for item in items], self._before)
            items[:] = [items[number] for number in order]

    def pytest_runtest_logreport(self, report):
        if self._spread:
            self._now[group_of(report.nodeid)] += report.duration

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
