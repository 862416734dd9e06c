"""A copy of an experiment to change."""

from pathlib import Path
from typing import Annotated

from jgan.commands.command import command
from jgan.commands.paths import output
from jgan.training.experiment_files import copy_experiment

PythonFile = Annotated[str | Path, output(".py")]


@command
def new(file: PythonFile, *, source: str | Path) -> Path:
    """Copy an experiment file, to change it.

    Args:
      file: Path of the new experiment file. A file that exists is not overwritten.
      source: Experiment that is copied: a name that `jgan list` shows, or the path of a file.

    Returns:
      The path of the new file.

    Raises:
      UserError: If ``file`` exists or cannot be written, or there is no such experiment.
    """
    copy_experiment(file, source)
    return Path(file)
