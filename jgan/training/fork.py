"""Forks: a run that starts from the state of another one, whose experiment may be a different one."""

from pathlib import Path

import jax.numpy as jnp

from jgan.errors import UserError
from jgan.rules import TrainState
from jgan.training.carries import describe_inheritance, inherit
from jgan.training.checkpoint import Checkpoints
from jgan.training.experiment import Experiment
from jgan.training.fit import begin, follow, layout_of, placed
from jgan.training.saved import checkpoint_steps, experiment_of_run, shape_of_state
from jgan.training.stages import strong


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
    other, _ = experiment_of_run(run)
    shape = shape_of_state(other)
    if not checkpoint_steps(run):
        raise UserError(f"{str(run)!r} holds no checkpoint; train the run first.")
    with Checkpoints(run / "checkpoints") as checkpoints:
        step = checkpoints.steps()[-1]
        number = experiment.number(step)
        layout = layout_of(experiment.stages[number], parallel)
        past = checkpoints.load(shape, step, layout.of_state(shape))
    fresh = begin(experiment, seed, layout)
    for stage in experiment.stages[1 : number + 1]:
        fresh = follow(stage, fresh, layout)

    def make(fresh: TrainState, past: TrainState) -> TrainState:
        state = inherit()(fresh, past, experiment.stages[number].source)
        return strong(
            state.replace(step=past.step, key=past.key, began=jnp.int32(experiment.start(number)))
        )

    return placed(make, "the fork", layout, fresh, past), describe_inheritance(fresh, past)
