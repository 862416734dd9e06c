"""Pictures of a game's views during training, always from the same latents."""

from collections.abc import Callable, Mapping

import jax
import numpy as np

from jgan.game import Variables
from jgan.training.devices import on_host
from jgan.training.experiment import Experiment, Trained
from jgan.training.files import make_folder, write_atomically
from jgan.training.images import encode_png, picture
from jgan.training.logs import Log
from jgan.training.run import RunDirectory
from jgan.training.stages import Stage

PICTURED = 64
POINTS = 2048
View = Callable[[Variables], np.ndarray]


def viewers(stage: Experiment | Stage) -> dict[str, View]:
    """For each view of the game, ``variables -> array``: what it shows of variables on one device."""
    count = PICTURED if len(stage.source.shape) == 3 else POINTS
    batch = stage.source.first(count)

    def viewer(name: str) -> View:
        view = jax.jit(stage.game.views[name])
        return lambda variables: np.asarray(view(variables, batch, jax.random.key(0)))

    return {name: viewer(name) for name in stage.game.views}


def drawn(trained: Trained, views: Mapping[str, View]) -> dict[str, np.ndarray]:
    """A picture of each view of the averaged variables, ``(H, W, C)`` uint8; ``views`` by `viewers`."""
    variables = on_host(trained.state.averaged_variables())
    reference = trained.experiment.source.first(POINTS)["image"]
    return {name: picture(view(variables), reference) for name, view in views.items()}


def write_pictures(
    run: RunDirectory, views: dict[str, np.ndarray], reference: np.ndarray, step: int, log: Log
) -> None:
    """A picture of each view, under its step's name and as the newest, and in the logs."""
    for name, view in views.items():
        pixels = picture(view, reference)
        content = encode_png(pixels)
        write_atomically(make_folder(run.samples) / f"{name}-{step:06d}.png", content)
        write_atomically(run.path / f"{name}.png", content)
        log.picture(name, step, pixels)
