"""Load a run from its directory."""

from pathlib import Path

from jgan.commands.command import command
from jgan.commands.kinds import NotNegative
from jgan.commands.paths import Place
from jgan.commands.run import Run
from jgan.commands.saved_run import BuildExperiment
from jgan.errors import UserError
from jgan.runs.run import best_of, read_settings
from jgan.runs.saved import Data, newest_step
from jgan.training.experiment import Experiment


@command
def load(
    run: Place,
    *,
    step: NotNegative | None = None,
    best: bool = False,
    average: bool | None = None,
    data: str | None = None,
    accept_data: bool = False,
    experiment: Experiment | BuildExperiment | None = None,
) -> Run:
    """Load a run from its directory, at one of its checkpoints.

    The checkpoint is read when it is first needed, and the run's data only by what needs their values.

    Args:
      run: Run directory.
      step: Step of the checkpoint that is used (default: the newest).
      best: Use the checkpoint with the best score, if the run was scored during its training.
      average: Use the exponential average of the generator, or the generator itself (default: the average, if
        the run keeps one).
      data: Where the run's data are now, as the experiment's setting data names them (default: where they were
        during the training).
      accept_data: Use the data although they differ from those that the run was trained on.
      experiment: What was trained, or the function that builds it, in place of the file in the directory; runs
        that were trained on an `Experiment` need it.

    Returns:
      The run.

    Raises:
      UserError: If it is not a run directory or has no checkpoint, or `best` is asked of a run without scores.
    """
    path = Path(run)
    read_settings(path)
    newest_step(path)
    if best:
        if step is not None:
            raise UserError(f"--best was given, and --step is {step}; give one of them.")
        found = best_of(path)
        if found is None:
            raise UserError(
                f"--best was given, but {str(path)!r} has no scores; train it with --evaluate-every."
            )
        step = int(found["step"])
    where = Data(data, accept_data)
    return Run(path, step=step, average=average, data=where, experiment=experiment)
