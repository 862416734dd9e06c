"""Many settings and seeds of an experiment, trained many at once."""

import functools
import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from jgan.commands.command import as_flag, command
from jgan.commands.experiments import ExperimentLike, given_experiment
from jgan.commands.kept_members import Keep, kept_settings
from jgan.commands.kinds import Count, NotNegative, SeedsOrCount, Several
from jgan.commands.notebook import Table
from jgan.commands.paths import OF_A_RUN, Folder, check_folder
from jgan.commands.sweep_members import MemberMeasures, Pictures
from jgan.data.identity import resolved
from jgan.display import say
from jgan.errors import UserError
from jgan.evaluation.score import scorer
from jgan.runs.identities import identities
from jgan.runs.run import RunDirectory, settings_of
from jgan.runs.stop import stop_requests
from jgan.sweeps.axes import parse_axis, settings
from jgan.sweeps.capacity import members_at_once, members_that_fit
from jgan.sweeps.member_tables import summary
from jgan.sweeps.plans import Member, plan
from jgan.sweeps.records import Record
from jgan.sweeps.same_training import refuse_without_effect
from jgan.sweeps.sweep import Cadence, finished_records
from jgan.sweeps.sweep import sweep as train_members
from jgan.training.compiler import keep_freed_memory
from jgan.training.devices import one_device_a_core
from jgan.training.experiment import Experiment

Over = str | Sequence[str] | Mapping[str, Any]
"""Settings that vary: ``"NAME=VALUES"``, several of them, or values by name."""
BATCH_SIZE = "batch_size"
CADENCE = Cadence()
MOST_MEMBERS = 100_000
"""Seeds of a setting, and settings drawn: more is a slip, and would fill the memory."""


class SweepResult(Table):
    """A row for each setting of a sweep, with the mean and the standard deviation of its seeds' measures.

    Args:
      path: the sweep directory.
      records: of the members in it that are finished, those of earlier calls included.
      finished: whether all members of this call are.
      distance: that the score is.
    """

    def __init__(
        self, path: Path, records: Sequence[Record], finished: bool, distance: str
    ) -> None:
        super().__init__(summary(records) if finished else [])
        self.path, self.records = path, list(records)
        self.finished, self.distance = finished, distance


@command
def sweep(
    experiment: ExperimentLike,
    /,
    *,
    over: Over,
    seeds: SeedsOrCount = 1,
    trials: Count | None = None,
    seed: NotNegative = 0,
    steps: Count | None = None,
    batch_size: Count | None = None,
    at_once: Count | None = None,
    way: Literal["vmap", "map"] | None = None,
    samples: Several = 2000,
    log_every: Count | None = None,
    save_every: Count | None = None,
    measure_times: Count = CADENCE.measure_times,
    keep: Literal["none", "final", "best"] = "none",
    out: Folder | None = None,
    quiet: bool = False,
    **arguments: Any,
) -> SweepResult:
    """Train many settings and seeds of an experiment, many at once, going on with what an earlier call left.

    A finished sweep grows by further settings and seeds: what its directory has is not trained again, and the
    tables are of all members in it.

    Args:
      experiment: Path or name of an experiment file, or a function that returns an `Experiment`.
      over: Settings that vary: lr=1e-4,1e-3 or lr=loguniform(1e-5,1e-2), uniform, integer; batch_size is one of
        them. In Python also a dict, such as {"lr": [1e-4, 1e-3]}.
      seeds: Number of seeds of each setting, or A:B for those from A to below B.
      trials: Number of settings that are drawn at random (default: the whole grid).
      seed: First seed, and that of the settings that are drawn.
      steps: Number of updates of the rule (default: the experiment's own number).
      batch_size: Number of examples in a minibatch (default: the experiment's own number).
      at_once: Number of members in one program (default: what fits into the memory).
      way: Train the members of a program at once (vmap) or in turn (map; default: in turn on a CPU).
      samples: Number of samples that a score is computed from.
      log_every: Number of steps between two rows of metrics (default: 100).
      save_every: Number of steps between two checkpoints (default: 1000).
      measure_times: Number of evenly spaced points at which members are scored, and those of the first seed
        are drawn.
      keep: Keep the state of every member, its final one or that with the best score of those measured, as a
        run directory below the sweep's, so that jgan evaluate measures it again.
      out: Sweep directory (default: runs/NAME-sweep).
      quiet: Print only warnings and results, and not how far the command is.
      **arguments: Arguments of the experiment function that do not vary, its flags on the command line.

    Returns:
      A row for each setting; no rows if a signal stopped the sweep, which the same call goes on with.

    Raises:
      UserError: If a setting is not possible or changes nothing, or the directory holds another sweep.
    """
    keep_freed_memory()
    one_device_a_core()
    given = given_experiment(experiment)
    texts = _texts(over)
    build = _with_batch_size(given.build)
    axes = [parse_axis(text, build) for text in texts]
    several: Any = seeds
    numbers: range = range(seed, seed + several) if isinstance(seeds, int) else several
    for name, number in (("--seeds", len(numbers)), ("--trials", trials or 0)):
        if number > MOST_MEMBERS:
            raise UserError(f"{name} is {number}, but must be at most {MOST_MEMBERS}.")
    chosen = settings(axes, trials, seed)
    whole = given.arguments(arguments)
    varied = {axis.name for axis in axes}
    if BATCH_SIZE in varied and batch_size is not None:
        _refuse_varied({BATCH_SIZE})
    resize = lambda experiment: experiment.resized(steps, batch_size)
    first = resize(build(**{**whole, **chosen[0]}))
    folder = Path("runs") / f"{given.name}-sweep" if out is None else Path(out)
    folder = check_folder(folder, OF_A_RUN)
    _refuse_varied(varied & arguments.keys())
    fixed = {name: value for name, value in whole.items() if name not in varied}
    sizes = first.sizes()
    if BATCH_SIZE in varied:
        sizes[BATCH_SIZE] = resize(given.build(**{**whole, **_but_batch_size(chosen[0])})).sizes()[
            BATCH_SIZE
        ]
    experiment_settings = settings_of(
        given.origin,
        resolved(fixed, first.loaded),
        seed=seed,
        data=identities(first),
        **sizes,
    )
    with RunDirectory(folder) as run, stop_requests() as stop:
        fit = at_once or members_at_once(folder) or members_that_fit(first)
        score = scorer(first, count=samples).protocol
        own = {
            "over": texts,
            "trials": trials,
            "seeds": [numbers[0], numbers[-1] + 1],
            "steps": first.steps,
            "at_once": fit,
            "measure_times": measure_times,
            "samples": samples,
            "score": score,
            "keep": keep,
        }
        finished = finished_records(folder, repair=True)
        known = {json.dumps(record.setting, sort_keys=True) for record in finished.values()}
        if any(json.dumps(setting, sort_keys=True) not in known for setting in chosen):
            refuse_without_effect(lambda **own: resize(build(**own)), whole, axes, chosen)
        run.write_settings({"sweep": own, **experiment_settings}, given.origin)
        batches = plan(whole, axes, chosen, numbers, lambda own: fit)
        count = len(chosen) * len(numbers)
        there = sum(Member(s, n).key in finished for s in chosen for n in numbers)
        say(
            f"{given.summary}\n{first.source.describe()}\n{len(chosen)} settings x {len(numbers)} seeds, "
            f"{len(batches)} programs of at most {fit} members\nsweep directory: {folder}"
        )
        free: dict[str, Any] = {"log_every": log_every, "save_every": save_every, "way": way}
        free["keep"] = None if keep == "none" else keep
        idle = [name for name, value in free.items() if value is not None]
        if there and idle:
            say(_without_effect(sorted(idle), there, count))
        records = train_members(
            build,
            batches,
            run,
            MemberMeasures(samples),
            resize=resize,
            way=way,
            log_every=log_every or CADENCE.log_every,
            save_every=save_every or CADENCE.save_every,
            measure_times=measure_times,
            observe=Pictures(folder, seed),
            keep=Keep(folder, keep, kept_settings(experiment_settings), given.origin),
            stop=stop.requested,
        )
        every = sorted(finished_records(folder).values(), key=lambda own: own.member.order)
    return SweepResult(folder, every, len(records) == count, score["distance"])


def _with_batch_size(build: Callable[..., Experiment]) -> Callable[..., Experiment]:
    """The experiment function with the batch size as one more argument, which settings may vary."""
    own = inspect.signature(build)
    if BATCH_SIZE in own.parameters:
        return build

    @functools.wraps(build)
    def sized(**arguments: Any) -> Experiment:
        return build(**_but_batch_size(arguments)).resized(None, arguments.get(BATCH_SIZE))

    size = inspect.Parameter(BATCH_SIZE, inspect.Parameter.KEYWORD_ONLY, default=1, annotation=int)
    sized.__signature__ = own.replace(parameters=[*own.parameters.values(), size])  # type: ignore[attr-defined]
    sized.__annotations__ = {**getattr(build, "__annotations__", {}), BATCH_SIZE: int}
    return sized


def _but_batch_size(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name != BATCH_SIZE}


def _texts(over: Over) -> list[str]:
    """Settings that vary as the command line has them.

    >>> _texts({"lr": [1e-4, 1e-3], "gamma": "uniform(0,1)"})
    ['lr=0.0001,0.001', 'gamma=uniform(0,1)']
    """
    if isinstance(over, str):
        return [over]
    if not isinstance(over, Mapping):
        return list(over)
    return [f"{name}={_words(values)}" for name, values in over.items()]


def _words(values: Any) -> str:
    many = isinstance(values, Iterable) and not isinstance(values, str)
    return ",".join(map(str, values)) if many else str(values)


def _refuse_varied(names: set[str]) -> None:
    """Refuse flags of settings that --over varies."""
    if names:
        flags = " and ".join(as_flag(name) for name in sorted(names))
        raise UserError(
            f"{flags} would change nothing, because --over gives the values of {', '.join(sorted(names))}; "
            "leave one of them out."
        )


def _without_effect(names: list[str], finished: int, count: int) -> str:
    """What is said of flags that do not touch what is finished."""
    flags = ", ".join(as_flag(name) for name in names)
    if finished == count:
        return f"all {count} members are finished, so nothing is trained: no effect of {flags}"
    return f"{finished} of {count} members are finished; {flags} for the others only"
