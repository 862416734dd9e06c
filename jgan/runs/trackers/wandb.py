"""Weights & Biases: offline in RUN/wandb, from where ``wandb sync`` uploads it.

WANDB_MODE=online uploads at once.
"""

import os
from typing import Any

import numpy as np

from jgan.runs.logs import Log, Row
from jgan.runs.trackers.tracked import PROJECT, TrackedRun


def open_log(run: TrackedRun) -> Log:
    """The log of a run in the project ``jgan``, or WANDB_PROJECT; a run that goes on keeps its identifier."""
    return WeightsAndBiases(run)


class WeightsAndBiases:
    """Scalars and pictures for Weights & Biases."""

    def __init__(self, run: TrackedRun) -> None:
        import wandb  # the user installs it

        self._wandb: Any = wandb
        self._run: Any = wandb.init(
            project=os.environ.get("WANDB_PROJECT", PROJECT),
            name=run.name,
            id=run.identifier("wandb") or run.keep_identifier("wandb"),
            resume="allow",
            config=run.config,
            dir=str(run.path),
            mode=os.environ.get("WANDB_MODE", "offline"),
        )

    def row(self, row: Row) -> None:
        """Add the metrics of a step."""
        metrics = {name: value for name, value in row.items() if name != "step"}
        self._run.log(metrics, step=int(row["step"]))

    def picture(self, name: str, step: int, pixels: np.ndarray) -> None:
        """Add the picture under its name."""
        colour = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
        self._run.log({name: self._wandb.Image(colour)}, step=step)

    def close(self) -> None:
        """Write what is pending."""
        self._run.finish()
