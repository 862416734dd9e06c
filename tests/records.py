"""The kept result of all tests, group by group, by which an interrupted or a later run goes on."""

import json
import os
import platform
import subprocess
import sys
import time
from collections import defaultdict
from importlib import metadata
from pathlib import Path

import pytest
from sources import sources
from workers import group_of, write

ROOT = Path(__file__).parents[1]
PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "grain", "numpy", "pytest")
EVERY = "full or not full"


class Record:
    """The plugin behind ``--record FILE``.

    As soon as all tests of a group (see `workers.group_of`) have passed or were skipped, FILE says so, with the
    commit, the date and a hash of what they depend on (see `sources.sources`). A later run leaves out the
    groups whose hash is still the same, so a run that was interrupted goes on, also on another machine and
    after a commit that does not touch them.
    """

    def __init__(self, config):
        self._path = ROOT / config.getoption("record")
        self._worker = getattr(config, "workerinput", None)
        if self._worker:
            self._done = set(self._worker["done"])
            return
        partly = config.option.keyword or any("::" in word for word in config.args)
        if partly or config.option.markexpr != EVERY:
            raise pytest.UsageError(
                f"--record needs -m {EVERY!r} and no -k and no single test, for it keeps whole groups."
            )
        self._commit = commit_of(ROOT)
        self._sources = {}
        self._kept = {
            group: entry
            for group, entry in read(self._path).items()
            if (ROOT / file_of(group)).is_file()
        }
        self._done = {g for g, entry in self._kept.items() if entry["sources"] == self._hash(g)}
        self._left = defaultdict(set)
        self._failures = set()
        self._outcomes = defaultdict(dict)

    def _hash(self, group):
        file = file_of(group)
        if file not in self._sources:
            self._sources[file] = sources(ROOT, file)
        return self._sources[file]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        node.workerinput["done"] = sorted(self._done)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items, config):
        done = [item for item in items if group_of(item.nodeid) in self._done]
        config.hook.pytest_deselected(items=done)
        items[:] = [item for item in items if group_of(item.nodeid) not in self._done]
        self._expect(item.nodeid for item in items)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids):
        self._expect(ids)

    def _expect(self, names):
        if not self._worker:
            for name in names:
                self._left[group_of(name)].add(name)

    def pytest_runtest_logreport(self, report):
        if self._worker:
            return
        name, group = report.nodeid, group_of(report.nodeid)
        outcome, seconds = self._outcomes[group].get(name, ("passed", 0.0))
        if report.failed:
            self._failures.add(name)
        if report.failed or (report.skipped and outcome == "passed"):
            outcome = report.outcome
        self._outcomes[group][name] = (outcome, seconds + report.duration)
        if report.when == "teardown":
            self._left[group].discard(name)
            if not self._left[group] and not self._failures & set(self._outcomes[group]):
                self._keep(group)

    def _keep(self, group):
        outcomes = [outcome for outcome, _ in self._outcomes[group].values()]
        self._kept[group] = {
            "sources": self._hash(group),
            "commit": self._commit,
            "date": _now(),
            "passed": outcomes.count("passed"),
            "skipped": outcomes.count("skipped"),
            "seconds": round(sum(seconds for _, seconds in self._outcomes[group].values()), 1),
        }
        write(self._path, self._summary())

    def pytest_sessionfinish(self, session, exitstatus):
        code = pytest.ExitCode
        if self._worker or exitstatus not in (code.OK, code.TESTS_FAILED, code.NO_TESTS_COLLECTED):
            return
        if self._done and exitstatus == code.NO_TESTS_COLLECTED:  # all are kept
            session.exitstatus = code.OK
        write(self._path, self._summary())

    def _summary(self):
        """Sums first, then a line of each group."""
        total = lambda name: sum(entry[name] for entry in self._kept.values())
        current = {g for g, entry in self._kept.items() if entry["sources"] == self._hash(g)}
        return {
            "commit": self._commit,
            "date": _now(),
            "passed": total("passed"),
            "failed": len(self._failures),
            "skipped": total("skipped"),
            "seconds_in_tests": round(total("seconds")),
            "failures": sorted(self._failures),
            "groups_to_run": sorted(set(self._left) - current),
            "machine": {
                "processor": platform.processor() or platform.machine(),
                "cores": os.cpu_count(),
                "system": platform.platform(),
            },
            "versions": {"python": sys.version.split()[0]}
            | {package: metadata.version(package) for package in PACKAGES},
            "groups": dict(sorted(self._kept.items())),
        }


def file_of(group):
    """The file of a group.

    >>> file_of("tests/laws/test_derivatives.py[r1]"), file_of("README.md")
    ('tests/laws/test_derivatives.py', 'README.md')
    """
    return group.partition("[")[0]


def commit_of(folder):
    """The short commit, with ``+`` where files other than kept results differ from it."""

    def git(*words):
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", ".", ":!benchmarks/results")
        return git("rev-parse", "--short=7", "HEAD") + "+" * bool(changed)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def read(path):
    """``{group: entry}`` of a kept result, empty if there is none or it is of another form."""
    try:
        return json.loads(path.read_text())["groups"]
    except (OSError, ValueError, KeyError):
        return {}


def _now():
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
