"""What commands take for an experiment: a file, a function, or an experiment that is made already."""

import inspect
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jgan.errors import UserError
from jgan.training.experiment import (
    Experiment,
    ExperimentFile,
    experiment_function,
    load_experiment,
)

ExperimentLike = str | Path | ExperimentFile | Experiment | Callable[..., Experiment]


class GivenExperiment(NamedTuple):
    """An experiment as it was given.

    Attributes:
      origin: its file, or its name where no file is kept of it.
      build: makes it from keyword arguments.
      summary: what it is, in a line.
    """

    origin: Path | str
    build: Callable[..., Experiment]
    summary: str

    @property
    def name(self) -> str:
        """What its runs are called by."""
        return self.origin.stem if isinstance(self.origin, Path) else self.origin

    def arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments for ``build``: those that are given, and the defaults of all others.

        Raises:
          UserError: if there is no such argument, one is missing, or one has a value that JSON cannot hold.
        """
        parameters = inspect.signature(self.build).parameters
        for name in given:
            if name not in parameters:
                allowed = ", ".join(parameters) or "none"
                raise UserError(
                    f"{name} was given, but the experiment {self.name!r} has the arguments {allowed}."
                )
        found = {name: given.get(name, one.default) for name, one in parameters.items()}
        for name, value in found.items():
            if value is inspect.Parameter.empty:
                raise UserError(f"the experiment {self.name!r} needs a value of {name}.")
            try:
                json.dumps(value)
            except TypeError as error:
                raise UserError(
                    f"{name} is a {type(value).__name__}, but must be a number, text, None or a tuple "
                    "of these, which the settings of a run keep."
                ) from error
        return found


def given_experiment(experiment: ExperimentLike) -> GivenExperiment:
    """An experiment from whatever stands for it.

    A function that is the ``experiment`` of an imported module is taken for that module's file, so that its
    runs can be looked at by every command. Of any other function, and of an `Experiment`, no file is kept.

    Args:
      experiment: a file's path or name, what was loaded of it, an experiment function, or an experiment.

    Raises:
      UserError: as from `jgan.training.experiment.load_experiment`, or if it is something else.
    """
    if isinstance(experiment, str | Path):
        experiment = load_experiment(experiment)
    elif callable(experiment) and (file := _file_of(experiment)) is not None:
        experiment = load_experiment(file)
    if isinstance(experiment, ExperimentFile):
        return GivenExperiment(experiment.path, experiment.build, experiment.summary)
    if isinstance(experiment, Experiment):
        made = experiment
        return GivenExperiment("experiment", lambda: made, "an experiment that was made in Python")
    if not callable(experiment):
        raise UserError(
            f"experiment is a {type(experiment).__name__}, but must be the path or the name of an "
            "experiment file, an Experiment, or a function that returns one."
        )
    name = getattr(experiment, "__name__", "experiment")
    summary = (inspect.getdoc(experiment) or name).split("\n")[0]
    return GivenExperiment(name, experiment_function(experiment), summary)


def _file_of(function: Callable[..., Any]) -> Path | None:
    """The file whose function ``experiment`` this is, if it can be imported a second time."""
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    if module is None or module.__name__ == "__main__":
        return None
    whole = getattr(module, "experiment", None) is function
    return Path(module.__file__) if whole and module.__file__ else None
