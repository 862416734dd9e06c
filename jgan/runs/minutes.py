"""``--minutes N``: how many steps an experiment can be trained in that time, its schedules included."""

import math
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from jgan.data.registry import remembered
from jgan.display import duration, say, seconds_shown, speed
from jgan.errors import UserError
from jgan.runs.run import has_begun, read_settings
from jgan.runs.saved import newest_step
from jgan.runs.train import Options
from jgan.training.devices import of_leader
from jgan.training.experiment import Experiment
from jgan.training.rate import steps_per_second

SHARE, LONGEST = 0.03, 10.0
"""The share of the time that the measurement may take, and its seconds at most."""
HORIZON = "horizon"
"""The argument of an experiment that is the length of its schedules, in steps; 0 for none."""
AT_END = 3.0
"""Seconds for what is compiled and written besides: the first state, pictures, the last checkpoint."""


def timed(
    experiment: Experiment,
    build: Callable[..., Experiment],
    arguments: dict[str, Any],
    given: Collection[str],
    minutes: float,
    *,
    seed: int,
    out: Path,
    options: Options,
    batch_size: int | None = None,
) -> tuple[Experiment, dict[str, Any]]:
    """The experiment whose training ends about ``minutes`` after the command began, and its arguments.

    The steps are what the measured rate allows, rounded to rows of metrics. The experiment's argument
    ``horizon``, unless it is 0 or given, changes in proportion, so that schedules end with the training.
    A run that was begun so keeps its steps: they are read from its settings, and nothing is measured.

    Args:
      experiment: as built of the arguments, with its batch size.
      build: the experiment function.
      arguments: of the experiment.
      given: the names of those that the user has given.
      minutes: from the beginning of the command, compilation included, to its end.
      seed: of the run.
      out: the run directory.
      options: of the run.
      batch_size: in place of the experiment's own.

    Raises:
      UserError: if the experiment has several stages, or ``out`` holds a run that was begun otherwise.
    """
    if experiment.earlier:
        raise UserError(
            f"--minutes is {minutes:g}, but the experiment has {len(experiment.stages)} stages, each with a "
            "speed of its own; give --steps instead."
        )
    steps = _kept_steps(out, minutes)
    if steps is None:
        steps = _steps_in(experiment, minutes, seed, options)
    share = steps / experiment.steps
    if arguments.get(HORIZON) and HORIZON not in given:
        arguments = {**arguments, HORIZON: max(1, round(arguments[HORIZON] * share))}
        with remembered(dict(experiment.loaded)):
            experiment = build(**arguments).resized(None, batch_size)
    return experiment.resized(steps), arguments


def _kept_steps(out: Path, minutes: float) -> int | None:
    """The steps of the run in ``out`` if it has begun; None if there is none."""
    if not has_begun(out):
        return None
    settings = read_settings(out)
    before = settings.get("minutes")
    if before != minutes:
        how = "without --minutes" if before is None else f"with --minutes {before:g}"
        raise UserError(
            f"--minutes is {minutes:g}, but the run in {str(out)!r} was begun {how}; go on with it "
            f"{'by --steps' if before is None else f'by --minutes {before:g}'}, or choose another --out."
        )
    return int(settings["steps"])


def _steps_in(experiment: Experiment, minutes: float, seed: int, options: Options) -> int:
    """The steps that can be trained, from the rate of some that are thrown away."""
    before = 0 if options.fork is None else newest_step(options.fork)
    rate = steps_per_second(
        experiment,
        seed,
        parallel=options.parallel,
        loader=options.loader,
        reading=options.reading,
        seconds=min(SHARE * 60 * minutes, LONGEST),
    )
    left = 60 * minutes - seconds_shown() - AT_END
    steps = of_leader(affordable(rate, left, options.log_every))
    say(
        f"steps: {steps:,} in {minutes:g} min, because {speed(rate, 'steps')} were measured and "
        f"{duration(max(left, 0))} are left"
    )
    return before + steps


def affordable(rate: float, seconds: float, every: int) -> int:
    """The largest multiple of ``every`` that is trained in so many seconds, at least ``every`` itself.

    >>> affordable(12.5, 60.0, 50), affordable(12.5, -3.0, 50)
    (750, 50)
    """
    return every * max(1, math.floor(rate * seconds / every))
