"""Train an experiment, its controls and its rivals over seeds, and measure its claims."""

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Annotated, Any

from jgan.claims.comparisons import drawer
from jgan.claims.evidence import merge_evidence, row_of
from jgan.claims.results import Result
from jgan.claims.trainings import Training
from jgan.claims.verdicts import ClaimVerdict
from jgan.claims.verify import MARK, Keep
from jgan.claims.verify import verify as verify_claims
from jgan.commands.command import as_flag, command
from jgan.commands.experiments import ExperimentLike, given_experiment
from jgan.commands.kinds import MOST, Count
from jgan.commands.notebook import Table
from jgan.commands.paths import Folder, Place, check_folder, output
from jgan.commands.verdict_rows import measured
from jgan.display import say
from jgan.errors import UserError
from jgan.training.compiler import keep_freed_memory
from jgan.training.experiment import Claim, ExperimentFile

CsvFile = Annotated[str | Path, output(".csv")]


class Verdicts(list[ClaimVerdict]):
    """A verdict for each claim, which prints as a table.

    Attributes:
      proven: whether all claims hold and all their controls fail.
    """

    @property
    def proven(self) -> bool:
        """Whether every claim holds in every seed, and every control fails without having diverged."""
        return all(verdict.proven for verdict in self)

    @property
    def table(self) -> Table:
        """A row for each claim."""
        return Table(
            {
                "claim": one.claim.name,
                "bound": one.claim.bound(),
                "value": measured(one.claim, one.system),
                "control": measured(one.claim, one.control, control=True),
                "verdict": one.word,
            }
            for one in self
        )

    def __str__(self) -> str:
        return str(self.table)

    def _repr_html_(self) -> str:
        return self.table.as_html()


@command
def verify(
    experiment: ExperimentLike,
    /,
    *,
    seeds: int | Sequence[int] = 1,
    control_seeds: Count | None = None,
    steps: Count | None = None,
    out: Folder | None = None,
    record: CsvFile | None = None,
    from_run: Place | None = None,
    pictures: Folder | None = None,
    each: Callable[[ClaimVerdict], None] = lambda verdict: None,
    quiet: bool = False,
    **arguments: Any,
) -> Verdicts:
    """Train an experiment, its controls and its rivals over seeds, and measure its claims.

    A claim holds if every seed meets its bound and its control misses it in every seed. Each training is a
    run in a folder of ``out``: a training that an earlier call finished there is not repeated, and an
    unfinished one is continued.

    Args:
      experiment: Path or name of an experiment file, or the function ``experiment`` of a module.
      seeds: Number of seeds from 0, or the seeds.
      control_seeds: Number of these seeds that controls are trained with (default: 2, or 1 of 1).
      steps: Number of updates of the rule (default: each claim's own number).
      out: Folder of the trainings (default: runs/verify/NAME).
      record: FILE.csv, a table of evidence that the results are added to, as benchmarks/results/catalogue.csv
        is one.
      from_run: Run directory from which the stages before the last are taken, which train what the experiment
        needs.
      pictures: Folder for samples of each training, with those of its control on the right.
      each: Called with each verdict as soon as it is known.
      quiet: Print only warnings and results, without progress.
      **arguments: Arguments of the experiment function, its flags on the command line. A claim's own setting
        overrides them; one that every claim overrides is refused.

    Returns:
      A verdict for each claim.

    Raises:
      UserError: If the experiment makes no claims, or an argument changes nothing.
      KeyboardInterrupt: If a signal stopped a training; the same call continues it.
    """
    keep_freed_memory()
    given = given_experiment(experiment)
    if not isinstance(given.origin, Path):
        raise UserError(
            "verify needs an experiment file, of which each of its runs keeps a copy; write the experiment "
            "into one."
        )
    file = ExperimentFile(given.origin, given.build, given.summary)
    numbers = _numbers(seeds)
    if control_seeds is not None and control_seeds > len(numbers):
        raise UserError(
            f"--control-seeds is {control_seeds}, but there are only {len(numbers)} --seeds."
        )
    folder = Path("runs") / "verify" / given.name if out is None else Path(out)
    folder = check_folder(folder, [MARK])
    whole = given.arguments(arguments)
    show = None
    if pictures is not None or arguments:
        claims = given.build(**whole).claims
        for note in overridden(arguments.keys(), claims):
            say(note)
        if pictures is not None:
            show = drawer(pictures, given.name, whole, claims)
    keep = _recorder(None if record is None else Path(record), given.name, arguments.keys(), steps)
    verdicts = Verdicts()
    for verdict in verify_claims(
        file,
        whole,
        out=folder,
        seeds=numbers,
        control_seeds=control_seeds,
        steps=steps,
        from_run=None if from_run is None else Path(from_run),
        show=show,
        keep=keep,
    ):
        verdicts.append(verdict)
        each(verdict)
    return verdicts


def _numbers(given: int | Sequence[int]) -> Sequence[int]:
    """The seeds, at least one.

    >>> _numbers(3), _numbers([5])
    (range(0, 3), [5])
    """
    numbers = range(given) if isinstance(given, int) else given
    ends = [*numbers[:1], *numbers[-1:]] if isinstance(numbers, range) else list(numbers)
    if not ends or not all(isinstance(one, int) and 0 <= one <= MOST for one in ends):
        raise UserError(
            f"--seeds is {given!r}, but must give at least 1 seed, none of them below 0 or above {MOST}."
        )
    return numbers


def _recorder(
    path: Path | None, experiment: str, given: Collection[str], steps: int | None
) -> Keep | None:
    """What keeps results in a table of evidence, which is of experiments as their files have them."""
    if path is None:
        return None
    changed = [*map(as_flag, sorted(given)), *(["--steps"] if steps is not None else [])]
    if changed:
        raise UserError(
            f"--record keeps what an experiment gives as its file has it, so {' and '.join(changed)} cannot be "
            "given with it."
        )

    def record(claim: Claim, variant: str, seed: int, training: Training, result: Result) -> None:
        steps = training.experiment.steps
        merge_evidence(path, [row_of(experiment, claim, variant, seed, steps, result)])

    return record


def overridden(given: Collection[str], claims: Sequence[Claim]) -> list[str]:
    """A sentence for each flag that some claims override by their own setting.

    Args:
      given: the names of the experiment's settings that the command line gives.
      claims: of the experiment.

    Raises:
      UserError: naming the flags that every claim overrides.
    """
    setting = {
        name: [claim.name for claim in claims if name in claim.setting] for name in sorted(given)
    }
    idle = [name for name, names in setting.items() if claims and len(names) == len(claims)]
    if idle:
        values = ", ".join(f"{name} = {dict(claims[0].setting)[name]!r}" for name in idle)
        raise UserError(
            f"{' and '.join(map(as_flag, idle))} would change nothing, because every claim sets its own value "
            f"(the first has {values}); leave it out."
        )
    return [
        f"{as_flag(name)} changes nothing for {', '.join(map(repr, names))}, whose own setting overrides it."
        for name, names in setting.items()
        if names
    ]
