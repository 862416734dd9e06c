"""TensorBoard, written by tensorboardX; TensorFlow is not needed."""

from pathlib import Path
from typing import Any

import numpy as np

from jgan.files import make_folder
from jgan.runs.logs import Log, Row
from jgan.runs.trackers.tracked import TrackedRun


def open_log(run: TrackedRun) -> Log:
    """The log of a run in RUN/tensorboard."""
    return TensorBoard(run.path / "tensorboard", run.until)


class TensorBoard:
    """Scalars and pictures for TensorBoard.

    A background thread writes, every few seconds; a killed run may miss its last ones. A resumed run
    adds a file of its own, which tells TensorBoard to forget what the earlier ones hold after ``until``.
    """

    def __init__(self, folder: Path, until: int = 0, flush_seconds: int = 10) -> None:
        """Open ``folder``.

        Raises:
          UserError: if the folder cannot be created.
        """
        from tensorboardX import SummaryWriter  # an extra

        make_folder(folder)
        earlier = any(folder.glob("events.out.tfevents.*"))
        self._writer: Any = SummaryWriter(
            str(folder),
            purge_step=until + 1 if earlier else None,
            max_queue=1000,  # the training waits for the disk only if this many are pending
            flush_secs=flush_seconds,
            filename_suffix=f".{until:09d}",
        )

    def row(self, row: Row) -> None:
        """Add each metric as a scalar; ``generator/loss`` is ``loss`` in the group ``generator``."""
        for name, value in row.items():
            if name != "step":
                self._writer.add_scalar(name, value, int(row["step"]))

    def picture(self, name: str, step: int, pixels: np.ndarray) -> None:
        """Add the picture under its name."""
        self._writer.add_image(name, pixels, step, dataformats="HWC")

    def close(self) -> None:
        """Write what is pending and end the thread."""
        self._writer.close()
