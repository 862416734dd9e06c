"""What claims about generators that can be moved and turned measure: do their pictures follow?"""

import jax

from jgan.errors import UserError
from jgan.evaluation.samples import transformed_by
from jgan.metrics.equivariance import Equivariance, equivariance
from jgan.training.devices import on_host
from jgan.training.experiment import Trained


def equivariance_of(trained: Trained, count: int = 256) -> Equivariance:
    """EQ-T and EQ-R of the averaged generator, on as many images.

    Raises:
      UserError: if the generator cannot be told to move and turn its images.
    """
    experiment = trained.experiment
    variables = on_host(trained.state.averaged_variables())
    generate = transformed_by(experiment.game, variables, experiment.source)
    if generate is None:
        raise UserError(
            "equivariance was asked for, but this game's generator cannot be moved and turned."
        )
    return equivariance(generate, jax.random.key(0), count=count)


def translation_equivariance(trained: Trained) -> float:
    """EQ-T in dB: of images whose waves are moved by whole pixels."""
    return equivariance_of(trained).eq_t


def rotation_equivariance(trained: Trained) -> float:
    """EQ-R in dB: of images whose waves are turned by any angle."""
    return equivariance_of(trained).eq_r
