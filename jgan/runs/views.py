"""Pictures of a game's views during training, always from the same latents."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.data import Source
from jgan.data.conditions import conditions
from jgan.files import make_folder, write_atomically
from jgan.game import Variables
from jgan.rules import TrainState
from jgan.runs.images import encode_png, picture
from jgan.runs.logs import Log
from jgan.runs.run import RunDirectory
from jgan.scene import Step
from jgan.training.devices import on_host
from jgan.training.experiment import Experiment, Trained
from jgan.training.stages import Stage

PICTURED = 64
POINTS = 2048
SEED = 0
"""Of the examples that views are made for, and of their latents."""
View = Callable[[TrainState], Any]
"""What a view shows of the averaged variables of a state."""


def viewers(stage: Experiment | Stage) -> dict[str, View]:
    """For each view of a game, what it shows of a state: an array or a tree of them."""
    batch = _shown(stage.source)

    def viewer(name: str) -> View:
        @jax.jit
        def view(variables: Variables, step: Step) -> Any:
            return stage.game.at(step.stage).views[name](variables, batch, jax.random.key(SEED))

        return lambda state: jax.tree.map(
            np.asarray, view(on_host(state.averaged_variables()), on_host(state.clock))
        )

    return {name: viewer(name) for name in stage.game.views}


def view_pictures(trained: Trained, views: Mapping[str, View]) -> dict[str, np.ndarray]:
    """Pictures of the views of the averaged variables, ``(H, W, C)`` uint8; ``views`` by `viewers`."""
    reference = reference_of(trained.experiment)
    return pictures_of({name: view(trained.state) for name, view in views.items()}, reference)


def reference_of(stage: Experiment | Stage) -> Any:
    """The examples behind scatter plots of samples: an array, or a dict of them by field."""
    return jax.tree.map(np.asarray, stage.source.example_of(_shown(stage.source)))


def _shown(source: Source) -> dict[str, Any]:
    """The examples that views are made for: every class by its share, whatever the order of the data."""
    count = POINTS if source.points else PICTURED
    return conditions(source, SEED).at(np.arange(count))


def pictures_of(views: Mapping[str, Any], reference: Any) -> dict[str, np.ndarray]:
    """What can be drawn of views' results: images, and points where the data are points.

    Of several fields each is drawn under its name, such as ``samples-layer_0``; tokens, masks and
    what else has no picture are left out.

    >>> made = {"samples": {"photo": np.zeros((4, 8, 8, 3)), "tokens": np.zeros((4, 5), np.int32)}}
    >>> {name: pixels.shape for name, pixels in pictures_of(made, None).items()}
    {'samples-photo': (17, 17, 3)}
    """
    found: dict[str, np.ndarray] = {}
    for name, view in views.items():
        if isinstance(view, Mapping):
            fields = reference if isinstance(reference, Mapping) else {}
            for field, part in view.items():
                found |= pictures_of({f"{name}-{field}": part}, fields.get(field))
        elif jnp.issubdtype(view.dtype, jnp.floating) and (
            view.ndim in (4, 5) or (view.ndim == 2 and np.ndim(reference) == 2)
        ):
            found[name] = picture(view, reference)
    return found


def write_pictures(
    run: RunDirectory, views: Mapping[str, Any], reference: Any, step: int, log: Log
) -> None:
    """The pictures of views, under their step's name and as the newest, and in the logs."""
    for name, pixels in pictures_of(views, reference).items():
        content = encode_png(pixels)
        write_atomically(make_folder(run.samples) / f"{name}-{step:06d}.png", content)
        write_atomically(run.path / f"{name}.png", content)
        log.picture(name, step, pixels)
