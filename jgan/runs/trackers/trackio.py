"""Trackio: a database in the user's cache, or in TRACKIO_DIR, that ``trackio show`` serves on this machine."""

import contextlib
import io
from typing import Any

import numpy as np

from jgan.runs.logs import Log, Row
from jgan.runs.trackers.tracked import PROJECT, TrackedRun


def open_log(run: TrackedRun) -> Log:
    """The log of a run in the project ``jgan``; a run that goes on is found by its name."""
    return Trackio(run)


class Trackio:
    """Scalars and pictures for Trackio."""

    def __init__(self, run: TrackedRun) -> None:
        import trackio  # the user installs it

        self._trackio: Any = trackio
        identifier = run.identifier("trackio") or run.keep_identifier("trackio")
        with contextlib.redirect_stdout(io.StringIO()):  # it tells of itself in many lines
            self._run: Any = trackio.init(
                project=PROJECT,
                name=f"{run.name}-{identifier}",
                config=run.config,
                resume="allow",
                embed=False,
                auto_log_gpu=False,
                auto_log_cpu=False,
            )

    def row(self, row: Row) -> None:
        """Add the metrics of a step."""
        metrics = {name: value for name, value in row.items() if name != "step"}
        self._run.log(metrics, step=int(row["step"]))

    def picture(self, name: str, step: int, pixels: np.ndarray) -> None:
        """Add the picture under its name."""
        colour = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
        self._run.log({name: self._trackio.Image(colour)}, step=step)

    def close(self) -> None:
        """Write what is pending."""
        with contextlib.redirect_stdout(io.StringIO()):
            self._trackio.finish()
