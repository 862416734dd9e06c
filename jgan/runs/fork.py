"""States of other runs: a run may fork from one, or take from one what its earlier stages train."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax.numpy as jnp

from jgan.errors import UserError
from jgan.rules import TrainState
from jgan.runs.checkpoint import SavedCheckpoints
from jgan.runs.run import read_settings
from jgan.runs.saved import (
    Data,
    experiment_of_run,
    newest_step,
    retried,
    shape_of_state,
    without_data,
)
from jgan.training.carries import describe_inheritance, inherit, new_variables
from jgan.training.experiment import Experiment
from jgan.training.fit import begin, follow, layout_of, placed
from jgan.training.stages import strong

ANY = Data(accept=True)


def forked(
    experiment: Experiment, run: Path, seed: int, parallel: str = "jit"
) -> tuple[TrainState, str]:
    """The first state of an experiment that goes on from another run's newest checkpoint.

    What fits is taken over, as by `jgan.training.carries.inherit`; so are the run's key and its step, which
    says which stage of the experiment the state belongs to.

    Args:
      experiment: what is to be trained.
      run: the other run's directory.
      seed: of what is not taken over.
      parallel: as in `jgan.training.fit.layout_of`.

    Returns:
      The state, and in a sentence what was taken over.

    Raises:
      UserError: if ``run`` is not a run directory or has no checkpoint.
    """

    def take() -> tuple[TrainState, str]:
        past, step = _newest(run)
        until = experiment.until(step)
        began = until.start(len(until.earlier))

        def place(fresh: TrainState, past: TrainState) -> dict[str, Any]:
            return {"step": past.step, "key": past.key, "began": jnp.int32(began)}

        return _inherited(until, run, past, step, seed, parallel, place)

    return retried(take)


def of_other_run(
    experiment: Experiment, run: Path, seed: int, parallel: str = "jit"
) -> tuple[TrainState, str]:
    """The state with which the stages before the last end, from another run's newest checkpoint.

    It is what the experiment itself would have there: its step is the one with which the last stage begins,
    its key is that of ``seed``, and where the other run's rule was another one, what fits is taken over, as
    by `jgan.training.carries.inherit`. So it is saved and gone on from as any state at a boundary, and from
    a run of the same stages and the same seed it is bitwise that of the training in one piece.

    Args:
      experiment: what is to be trained.
      run: the other run's directory.
      seed: of the experiment's run.
      parallel: as in `jgan.training.fit.layout_of`.

    Returns:
      The state, and in a sentence what was taken over.

    Raises:
      UserError: as from `check_other_run`.
    """
    check_other_run(experiment, run)
    last = len(experiment.earlier)
    end, began = experiment.start(last), experiment.start(last - 1)

    def place(fresh: TrainState, past: TrainState) -> dict[str, Any]:
        return {"step": jnp.int32(end), "key": fresh.key, "began": jnp.int32(began)}

    until = experiment.until(end)
    return retried(lambda: _inherited(until, run, *_newest(run), seed, parallel, place))


def check_other_run(experiment: Experiment, run: Path) -> int:
    """The step of the newest checkpoint of a run from which an experiment's earlier stages can be taken.

    Raises:
      UserError: if the experiment has no earlier stages, ``run`` is not a run directory or has no checkpoint,
        or it has not all arrays of the variables that the earlier stages train.
    """
    if not experiment.earlier:
        raise UserError(
            f"--from is {str(run)!r}, but the experiment has one stage only, so none can be taken from a run."
        )
    shape, step = _newest(run)
    earlier = shape_of_state(experiment.until(experiment.start(len(experiment.earlier))))
    lacking = new_variables(earlier, shape)
    if lacking:
        more = f" and {len(lacking) - 1} more" if len(lacking) > 1 else ""
        name = f" ({experiment.needs})" if experiment.needs else ""
        raise UserError(
            f"--from is {str(run)!r}, but what it trained does not fit the earlier stages{name}: it has no "
            f"{lacking[0]}{more} of their shapes."
        )
    return step


def _newest(run: Path) -> tuple[TrainState, int]:
    """The shapes of a run's newest state, and its step."""
    read_settings(run)  # says what is wrong with a folder that is no run
    step = newest_step(run)
    # Whatever became of the data that it was trained on: this run has its own.
    return without_data(
        lambda data: shape_of_state(experiment_of_run(run, step, data)[0]), ANY
    ), step


def _inherited(
    experiment: Experiment,
    run: Path,
    shape: TrainState,
    step: int,
    seed: int,
    parallel: str,
    place: Callable[[TrainState, TrainState], dict[str, Any]],
) -> tuple[TrainState, str]:
    """A state of the experiment's last stage that takes over what fits of a run's newest one.

    ``shape`` is that of the other state; ``place(fresh, past)`` is the step and the key of the new one, and the
    step at which its stage began.
    """
    stages = experiment.stages
    layout = layout_of(stages[-1], parallel)
    past = SavedCheckpoints(run / "checkpoints").load(shape, step, layout.of_state(shape))
    fresh = begin(experiment, seed, layout)
    for stage in stages[1:]:
        fresh = follow(stage, fresh, layout)

    def make(fresh: TrainState, past: TrainState) -> TrainState:
        state = inherit()(fresh, past, stages[-1].source)
        return strong(state.replace(**place(fresh, past)))

    what = "what is taken from another run"
    return placed(make, what, layout, fresh, past), describe_inheritance(fresh, past)
