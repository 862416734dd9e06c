"""What evidence is kept of: the experiments as they are, and some of them on handwritten digits besides."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jgan.claims.trainings import Plan, plan
from jgan.training.experiment import ExperimentFile, load_experiment

ON_DIGITS = ("bigan", "cogan", "infogan", "semi_supervised")
"""Experiments whose papers show digits."""
DIGITS = "-digits"


class Subject(NamedTuple):
    """An experiment with the data it is measured on.

    Attributes:
      name: in the table of evidence: that of the file without ``.py``, followed by `DIGITS` on digits.
      file: of the experiment.
      arguments: in which it differs from the experiment as it is.
    """

    name: str
    file: Path
    arguments: Mapping[str, Any] = {}

    def load(self) -> tuple[ExperimentFile, Plan]:
        """The experiment file, and its claims with their trainings."""
        file = load_experiment(self.file)
        return file, plan(file, self.arguments)


def subjects(experiments: Path, digits: str | None) -> dict[str, Subject]:
    """All subjects by name.

    Args:
      experiments: the folder of experiment files.
      digits: name or path of the digits, such as "mnist:FOLDER"; None where there are none, and then nothing
        of what is measured on them.
    """
    files = sorted(experiments.glob("*.py"))
    found = {file.stem: Subject(file.stem, file) for file in files}
    for file in files if digits is not None else ():
        if file.stem in ON_DIGITS:
            name = file.stem + DIGITS
            found[name] = Subject(name, file, {"data": digits})
    return found
