"""What was trained in a run directory: its experiment, and the states that it kept.

Nothing here writes: another process may be training in the directory, and it may be read-only.
"""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import jax

from jgan.data.conditions import blank
from jgan.data.identity import compare
from jgan.data.registry import remembered
from jgan.data.stand_in import DataNeeded, stand_ins
from jgan.errors import UserError
from jgan.rules import TrainState
from jgan.runs.checkpoint import Gone, SavedCheckpoints
from jgan.runs.identities import identities
from jgan.runs.other_versions import naming_version, other_version
from jgan.runs.run import read_settings
from jgan.training.experiment import Experiment, load_experiment
from jgan.training.loop import first_state
from jgan.training.stages import Stage, following_state
from jgan.training.user_code import as_user_error

ATTEMPTS = 100


class Data(NamedTuple):
    """Where a run's data come from when it is looked at.

    Attributes:
      name: in place of the experiment's argument ``data``, for data that lie elsewhere now; None for that.
      accept: whether other data than the run was trained on are taken.
      stand_in: whether the data are not read at all, and sources with their shapes, classes and label shares
        stand in for them (`jgan.data.stand_in`).
    """

    name: str | None = None
    accept: bool = False
    stand_in: bool = False


class Saved(NamedTuple):
    """A checkpoint of a run with what it is looked at with.

    Attributes:
      experiment: up to the stage of the checkpoint, its networks as they were then.
      settings: of the run, with the arguments that the experiment was built with.
      step: of the checkpoint.
      state: its content, on the first device.
    """

    experiment: Experiment
    settings: dict[str, Any]
    step: int
    state: TrainState


DATA = Data()


def whole_experiment_of_run(run: Path, data: Data = DATA) -> tuple[Experiment, dict[str, Any]]:
    """The experiment that a run directory was made with, all its stages, and its settings.

    Raises:
      UserError: if it is not a run directory, its data cannot be read, or they are not those that it was
        trained on.
    """
    settings = read_settings(run)
    kept = run / "experiment.py"
    if settings.get("experiment_sha256", "") is None:
        raise UserError(
            f"{str(run)!r} was trained on an experiment that was made in Python, of which no file is kept; "
            f"load it in Python by jgan.load({str(run)!r}, experiment=...)."
        )
    if not kept.is_file():
        raise UserError(f"{str(run)!r} is not a run directory: it has no experiment.py.")
    if data.name is not None:
        if "data" not in settings["arguments"]:
            raise UserError(
                f"--data is {data.name!r}, but the experiment of {str(run)!r} has no argument 'data'."
            )
        settings = {**settings, "arguments": {**settings["arguments"], "data": data.name}}
    # JSON has no tuples, experiments no lists.
    arguments = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in settings["arguments"].items()
    }
    by = other_version(settings)
    with naming_version(by):
        file = load_experiment(kept)
    known = stand_ins(settings.get("data", [])) if data.stand_in else {}
    try:
        with naming_version(by), remembered(dict(known)):
            experiment = file.build(**arguments)
    except UserError as error:
        if known:
            raise DataNeeded(
                f"the experiment of {str(run)!r} cannot be built without its data."
            ) from error
        if isinstance(error.__cause__, FileNotFoundError) and "data" in arguments:
            message = str(error).rstrip(".")
            raise UserError(
                f"{message}; if the data lie elsewhere now, give their place by --data."
            ) from error
        raise
    experiment = experiment.resized(settings["steps"], settings["batch_size"])
    # A run that was made before its settings told of the data cannot be compared.
    if "data" in settings and not (data.accept or known):
        compare(f"run {str(run)!r}", settings["data"], identities(experiment))
    return experiment, settings


def experiment_of_run(
    run: Path, step: int | None = None, data: Data = DATA
) -> tuple[Experiment, dict[str, Any]]:
    """The experiment of a run up to the stage of one of its checkpoints, and the run's settings.

    Its ``game``, ``rule`` and ``source`` are those that the checkpoint is looked at with.

    Args:
      run: the run directory.
      step: of the checkpoint; None for the newest, and for the whole experiment where there is none.
      data: where its data come from.

    Raises:
      UserError: as from `whole_experiment_of_run`.
    """
    experiment, settings = whole_experiment_of_run(run, data)
    if step is None:
        steps = checkpoint_steps(run)
        step = steps[-1] if steps else experiment.steps
    return at_checkpoint(experiment, step), settings


def at_checkpoint(experiment: Experiment, step: int) -> Experiment:
    """The experiment up to the stage of a checkpoint, its networks as they were then."""
    found = experiment.until(step)
    # Some networks fade in during a stage.
    since = step - found.start(found.number(step))
    return replace(found, game=found.game.at(since))


def load_run(
    run: Path,
    step: int | None = None,
    data: Data = DATA,
    check: Callable[[Experiment], None] = lambda experiment: None,
) -> Saved:
    """A checkpoint of a run and its experiment.

    Where the newest is asked for and the run's training deletes it before it is read, the one that is then the
    newest is taken.

    Args:
      run: the run directory.
      step: of the checkpoint; None for the newest.
      data: where the run's data come from.
      check: called before anything is loaded, to refuse an experiment.

    Raises:
      UserError: if it is not a run directory, there is no such checkpoint, or it is deleted while it is read;
        or for the data, as from `whole_experiment_of_run`.
    """
    return load_checkpoint(*whole_experiment_of_run(run, data), run, step, check)


def load_checkpoint(
    whole: Experiment,
    settings: dict[str, Any],
    run: Path,
    step: int | None = None,
    check: Callable[[Experiment], None] = lambda experiment: None,
) -> Saved:
    """A checkpoint of a run whose experiment and settings are known, as `load_run` returns it.

    Raises:
      UserError: if there is no such checkpoint, or it is deleted while it is read.
    """

    def load() -> Saved:
        which = newest_step(run) if step is None else step
        experiment = at_checkpoint(whole, which)
        check(experiment)
        with naming_version(other_version(settings)):
            return Saved(experiment, settings, which, load_state(experiment, run, which))

    return retried(load) if step is None else load()


def retried[T](look: Callable[[], T]) -> T:
    """What ``look`` finds in a run's newest checkpoint, asked again while that is deleted under its hands."""
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(Gone):
            return look()
    return look()


def without_data[T](look: Callable[[Data], T], data: Data = DATA) -> T:
    """What ``look`` finds in a run with stand-ins for its data, or with the data where it needs their values.

    Args:
      look: asked for a run by the `Data` that it is given, once or twice.
      data: as given by the user; data that are named are read.
    """
    if data.name is None:
        with contextlib.suppress(DataNeeded):
            return look(data._replace(stand_in=True))
    return look(data)


def checkpoint_steps(run: Path) -> list[int]:
    """The steps of a run's checkpoints, oldest first."""
    return SavedCheckpoints(run / "checkpoints").steps()


def newest_step(run: Path) -> int:
    """The step of a run's newest checkpoint.

    Raises:
      UserError: if there is none.
    """
    steps = checkpoint_steps(run)
    if not steps:
        raise UserError(f"{str(run)!r} holds no checkpoint; train the run first.")
    return steps[-1]


def load_state(experiment: Experiment, run: Path, step: int | None = None) -> TrainState:
    """The state of a run's checkpoint, on the first device.

    Args:
      experiment: by `experiment_of_run` for the same step.
      run: the run directory.
      step: of the checkpoint; None for the newest.

    Raises:
      UserError: if there is no such checkpoint.
    """
    newest_step(run)
    return SavedCheckpoints(run / "checkpoints").load(shape_of_state(experiment), step)


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
    return blank(stage.source, min(stage.batch_size, stage.source.size))
