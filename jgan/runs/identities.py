"""The data of an experiment, as its runs keep them in their settings."""

from typing import Any

from jgan.data.identity import identity
from jgan.training.experiment import Experiment


def identities(experiment: Experiment) -> Any:
    """The description of an experiment's data by `jgan.data.identity.identity`; a list for several stages."""
    found = [identity(stage.source, experiment.loaded) for stage in experiment.stages]
    return found if experiment.earlier else found[0]
