"""Trackers: other packages that a training's metrics and pictures are also written to. One package a file.

Each file has a function ``open_log(run) -> Log`` that imports its package. By default nothing leaves the
machine; a package's own environment variables, such as WANDB_MODE, say otherwise.
"""

import argparse
import importlib.util
from collections.abc import Callable, Sequence
from typing import NamedTuple

from jgan.errors import UserError
from jgan.runs.logs import Log
from jgan.runs.trackers import mlflow, tensorboard, trackio, wandb
from jgan.runs.trackers.tracked import TrackedRun

__all__ = ["TRACKERS", "TrackedRun", "Tracker", "check_installed", "open_trackers", "tracker_names"]


class Tracker(NamedTuple):
    """An entry of the table.

    Attributes:
      module: that is imported.
      install: the command that installs it.
      open_log: opens the log of a run.
    """

    module: str
    install: str
    open_log: Callable[[TrackedRun], Log]

    @property
    def is_installed(self) -> bool:
        """Whether the package can be imported."""
        return importlib.util.find_spec(self.module) is not None


TRACKERS = {
    "tensorboard": Tracker("tensorboardX", "pip install 'jgan[tensorboard]'", tensorboard.open_log),
    "trackio": Tracker("trackio", "pip install trackio", trackio.open_log),
    "wandb": Tracker("wandb", "pip install wandb", wandb.open_log),
    "mlflow": Tracker("mlflow", "pip install mlflow", mlflow.open_log),
}
"""Every tracker by name."""


def tracker_names(text: str) -> tuple[str, ...]:
    """The rule of arguments that name trackers, separated by commas, each once.

    >>> tracker_names("tensorboard, tensorboard")
    ('tensorboard',)
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in TRACKERS:
            raise argparse.ArgumentTypeError(
                f"is {text!r}, but must be names of {', '.join(TRACKERS)}, separated by commas"
            )
    return names


def check_installed(names: Sequence[str]) -> None:
    """Refuse trackers whose packages are not there.

    Raises:
      UserError: naming the first of them and how it is installed.
    """
    for name in names:
        tracker = TRACKERS[name]
        if not tracker.is_installed:
            raise UserError(
                f"--track {name} needs the package {tracker.module}; install it with: {tracker.install}."
            )


def open_trackers(names: Sequence[str], run: TrackedRun) -> list[Log]:
    """The logs of trackers for a run.

    Raises:
      UserError: if a package is not installed.
    """
    check_installed(names)
    return [TRACKERS[name].open_log(run) for name in names]
