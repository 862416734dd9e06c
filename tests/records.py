"""The kept result of a run of all tests, and the list by which an interrupted run goes on."""

import os
import platform
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest
from workers import write

ROOT = Path(__file__).parents[1]
PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "grain", "numpy", "pytest")


class Record:
    """The plugin behind ``--record FILE``.

    Every test that passed or was skipped is listed at once in the user's cache folder under the commit. A
    later run of the same commit leaves those out. A run that comes to its end writes the sums of all runs to
    FILE. Where files differ from the commit nothing is listed, since what passed then may fail now.
    """

    def __init__(self, config, folder):
        self._path = ROOT / config.getoption("record")
        self._worker = getattr(config, "workerinput", None)
        if self._worker:
            self._done = set(self._worker["done"])
            return
        commit, changed = commit_of(ROOT)
        self._commit = commit + ("-modified" if changed else "")
        self._listed = None if changed else folder / f"{commit}.txt"
        self._outcomes = read(self._listed)
        self._done = set(self._outcomes)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        node.workerinput["done"] = sorted(self._done)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items, config):
        left = [item for item in items if item.nodeid not in self._done]
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid in self._done])
        items[:] = left

    def pytest_runtest_logreport(self, report):
        if self._worker:
            return
        name = report.nodeid
        outcome, seconds = self._outcomes.get(name, ("passed", 0.0))
        if report.failed or (report.skipped and outcome == "passed"):
            outcome = report.outcome
        self._outcomes[name] = (outcome, seconds + report.duration)
        if report.when == "teardown" and outcome != "failed" and self._listed:
            self._listed.parent.mkdir(parents=True, exist_ok=True)
            with self._listed.open("a") as file:
                file.write(f"{outcome}\t{self._outcomes[name][1]:.3f}\t{name}\n")

    def pytest_sessionfinish(self, session, exitstatus):
        code = pytest.ExitCode
        if self._worker or exitstatus not in (code.OK, code.TESTS_FAILED, code.NO_TESTS_COLLECTED):
            return
        if self._done and exitstatus == code.NO_TESTS_COLLECTED:  # all passed before
            session.exitstatus = code.OK
        write(self._path, self._summary())

    def _summary(self):
        outcomes = [outcome for outcome, _ in self._outcomes.values()]
        return {
            "commit": self._commit,
            "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
            **{kind: outcomes.count(kind) for kind in ("passed", "failed", "skipped")},
            "seconds_in_tests": round(sum(seconds for _, seconds in self._outcomes.values())),
            "failures": sorted(
                n for n, (outcome, _) in self._outcomes.items() if outcome == "failed"
            ),
            "machine": {
                "processor": platform.processor() or platform.machine(),
                "cores": os.cpu_count(),
                "system": platform.platform(),
            },
            "versions": {"python": sys.version.split()[0]}
            | {package: metadata.version(package) for package in PACKAGES},
        }


def commit_of(folder):
    """The commit, and whether files differ from it, but for the kept results."""

    def git(*words):
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", ".", ":!benchmarks/results")
        return git("rev-parse", "HEAD"), bool(changed)
    except (OSError, subprocess.CalledProcessError):
        return "unknown", True


def read(path):
    """``{test: (outcome, seconds)}`` of a list; a last line that was cut off counts for nothing."""
    if path is None or not path.exists():
        return {}
    lines = (line.split("\t", 2) for line in path.read_text().split("\n")[:-1])
    return {name: (outcome, float(seconds)) for outcome, seconds, name in lines}
