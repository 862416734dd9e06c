"""Measure an experiment's claims over seeds, and show that each fails for its control."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from jgan.claims.results import Result
from jgan.claims.training_runs import TrainingRuns
from jgan.claims.trainings import CONTROL, SYSTEM, Training, plan, variants
from jgan.claims.verdicts import ClaimVerdict
from jgan.display import task
from jgan.errors import UserError
from jgan.files import parse_json, write_atomically
from jgan.runs.run import RunDirectory
from jgan.training.experiment import Claim, ExperimentFile, Trained

Show = Callable[[Claim, Trained | None, Trained | None], None]
"""``(claim, training, control)``: shows both trainings of a claim; None is one that diverged."""
Keep = Callable[[Claim, str, int, Training, Result], None]
"""``(claim, variant, seed, training, result)``: keeps a measurement elsewhere too."""
MARK = "verified.json"
"""The file that marks a folder of this kind and names its experiment."""


def verify(
    file: ExperimentFile,
    arguments: Mapping[str, Any],
    *,
    out: Path,
    seeds: Sequence[int] = (0,),
    control_seeds: int | None = None,
    steps: int | None = None,
    from_run: Path | None = None,
    show: Show | None = None,
    keep: Keep | None = None,
) -> Iterator[ClaimVerdict]:
    """Train the experiment, its controls and its rivals, yielding a verdict for each claim.

    Every training is a run in a folder of ``out`` (`jgan.claims.training_runs`): what an earlier call has
    finished is not trained again, and what it left is gone on with, to bitwise the same values.

    Args:
      file: the experiment's.
      arguments: given on the command line; a claim's setting, control and rivals override them.
      out: the folder, held as long as it is verified.
      seeds: of every training.
      control_seeds: how many of these controls are trained with; None for two, or one if there is only one.
      steps: of every training; None for each claim's own.
      from_run: as in `jgan.claims.trainings.plan`.
      show: called for each claim with its training and its control's under the first seed.
      keep: called for each measured variant and seed.

    Trainings are shared as `jgan.claims.trainings.plan` says. One that diverges measures as NaN, which meets
    no bound.

    Raises:
      UserError: from `plan`, if there is no seed, or ``out`` belongs to another experiment or is in use.
      KeyboardInterrupt: if a signal stopped a training; the next call goes on with it.
    """
    if not seeds:
        raise UserError("seeds has 0 seeds, but must have at least 1.")
    fewer = list(seeds)[: min(2, len(seeds)) if control_seeds is None else control_seeds]
    if not fewer:
        raise UserError("control_seeds is 0, but must be at least 1.")
    made = plan(file, arguments, steps, from_run)
    with ExitStack() as stack:
        stack.enter_context(RunDirectory(out))
        mark(out, file)
        runs = TrainingRuns(file, out)
        seeds_of = lambda variant: fewer if variant == CONTROL else seeds
        done: set[tuple[str, int]] = set()
        total = {
            (made.trainings[claim.name, variant].name, seed)
            for claim in made.claims
            for variant in variants(claim)
            for seed in seeds_of(variant)
        }
        shown = stack.enter_context(task("", len(total), "trainings"))
        for claim in made.claims:
            values: dict[str, dict[int, float]] = {}
            beside: dict[str, dict[int, str]] = {}
            for variant in variants(claim):
                training = made.trainings[claim.name, variant]
                for seed in seeds_of(variant):
                    result = runs.result(training, seed, made.measured_on(training))
                    done.add((training.name, seed))
                    shown.update(len(done), [f"{claim.name}, {variant}, seed {seed}"])
                    values.setdefault(variant, {})[seed] = result.values[claim.name]
                    if claim.name in result.beside:
                        beside.setdefault(variant, {})[seed] = result.beside[claim.name]
                    if keep:
                        keep(claim, variant, seed, training, result)
            if show:
                both = (made.trainings[claim.name, variant] for variant in (SYSTEM, CONTROL))
                show(claim, *(runs.trained(training, seeds[0]) for training in both))
            yield ClaimVerdict(claim, values.pop(SYSTEM), values.pop(CONTROL), values, beside)


def mark(out: Path, file: ExperimentFile) -> None:
    """Make a folder that of an experiment's trainings, or see that it is.

    Raises:
      UserError: if it is that of another experiment.
    """
    place = out / MARK
    try:
        experiment = parse_json(place.read_text())["experiment"]
    except FileNotFoundError:
        write_atomically(place, f'{{"experiment": "{file.path.name}"}}\n')
        return
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise UserError(
            f"{str(place)!r} is damaged; remove it, or choose another --out."
        ) from error
    if experiment != file.path.name:
        raise UserError(
            f"folder {str(out)!r} holds the trainings of {experiment!r}, not of {file.path.name!r}; choose "
            "another --out."
        )
