"""What was trained in a run directory: its experiment, and the states that it kept."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import jax

from jgan.errors import UserError
from jgan.rules import TrainState
from jgan.training.checkpoint import Checkpoints
from jgan.training.experiment import Experiment, load_experiment
from jgan.training.loop import first_state
from jgan.training.mistakes import as_user_error
from jgan.training.run import read_settings
from jgan.training.stages import Stage, following_state


def whole_experiment_of_run(run: Path) -> tuple[Experiment, dict[str, Any]]:
    """The experiment that a run directory was made with, all its stages, and its settings.

    Raises:
      UserError: if it is not a run directory.
    """
    settings = read_settings(run)
    kept = run / "experiment.py"
    if not kept.is_file():
        raise UserError(f"{str(run)!r} is not a run directory: it has no experiment.py.")
    # JSON has no tuples, experiments no lists.
    arguments = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in settings["arguments"].items()
    }
    experiment = load_experiment(kept).build(**arguments)
    return experiment.resized(settings["steps"], settings["batch_size"]), settings


def experiment_of_run(run: Path, step: int | None = None) -> tuple[Experiment, dict[str, Any]]:
    """The experiment of a run up to the stage of one of its checkpoints, and the run's settings.

    Its ``game``, ``rule`` and ``source`` are those that the checkpoint is looked at with.

    Args:
      run: the run directory.
      step: of the checkpoint; None for the newest, and for the whole experiment where there is none.

    Raises:
      UserError: if it is not a run directory.
    """
    experiment, settings = whole_experiment_of_run(run)
    if step is None:
        steps = checkpoint_steps(run)
        step = steps[-1] if steps else experiment.steps
    found = experiment.until(step)
    # As the networks were then: some fade in during a stage.
    since = step - found.start(found.number(step))
    return replace(found, game=found.game.at(since)), settings


def checkpoint_steps(run: Path) -> list[int]:
    """The steps of a run's checkpoints, oldest first."""
    if not (run / "checkpoints").is_dir():
        return []
    with Checkpoints(run / "checkpoints") as checkpoints:
        return checkpoints.steps()


def load_state(experiment: Experiment, run: Path, step: int | None = None) -> TrainState:
    """The state of a run's checkpoint, on the first device.

    Args:
      experiment: by `experiment_of_run` for the same step.
      run: the run directory.
      step: of the checkpoint; None for the newest.

    Raises:
      UserError: if there is no such checkpoint.
    """
    if not (run / "checkpoints").is_dir():
        raise UserError(f"{str(run)!r} holds no checkpoint; train the run first.")
    with Checkpoints(run / "checkpoints") as checkpoints:
        return checkpoints.load(shape_of_state(experiment), step)


def shape_of_state(experiment: Experiment) -> TrainState:
    """Shapes and types of a state of the experiment's last stage; nothing is computed."""
    first, *later = experiment.stages
    with as_user_error("the first state of the experiment"):
        batch = _batch(first)
        shape = jax.eval_shape(lambda: first_state(first.rule, batch, 0))
        for stage in later:
            shape = shape_after(stage, shape)
    return shape


def shape_after(stage: Stage, past: TrainState) -> TrainState:
    """Shapes and types of a stage's first state, from those of the state before it."""
    batch = _batch(stage)
    return jax.eval_shape(lambda past: following_state(stage, past, batch), past)


def _batch(stage: Stage) -> dict[str, Any]:
    return stage.source.first(min(stage.batch_size, stage.source.size))
