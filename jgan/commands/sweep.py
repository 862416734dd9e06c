"""Many settings and seeds of an experiment, trained many at once."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from jgan.commands.command import command
from jgan.commands.experiments import ExperimentLike, given_experiment
from jgan.commands.kept_members import Keep, kept_settings
from jgan.commands.kinds import Count, NotNegative, PartOf, SeedsOrCount, Several, Share
from jgan.commands.notebook import Table
from jgan.commands.paths import OF_A_RUN, Folder, check_folder
from jgan.commands.sweep_members import MemberMeasures, Pictures, scorer_of
from jgan.commands.sweep_settings import (
    BATCH_SIZE,
    Over,
    but_batch_size,
    refuse_varied,
    rungs_of,
    search_of,
    texts_of,
    with_batch_size,
    without_effect,
)
from jgan.data.identity import resolved
from jgan.display import say
from jgan.errors import UserError
from jgan.evaluation.metric_score import score_metric
from jgan.runs.identities import identities
from jgan.runs.run import GROWS, GROWS_WITH_RUNGS, settings_of
from jgan.runs.stop import stop_requests
from jgan.sweeps.axes import parse_axis
from jgan.sweeps.batch_training import Cadence
from jgan.sweeps.capacity import members_at_once, members_that_fit
from jgan.sweeps.legs import ended_settings
from jgan.sweeps.member_tables import summary
from jgan.sweeps.parts import Part, SweepDirectory
from jgan.sweeps.plans import plan
from jgan.sweeps.records import Record, better_of
from jgan.sweeps.same_training import refuse_without_effect
from jgan.sweeps.search import SearchFile, settings
from jgan.sweeps.sweep import all_finished, finished_records, members_of
from jgan.sweeps.sweep import sweep as train_members
from jgan.training.compiler import keep_freed_memory
from jgan.training.devices import one_device_a_core

CADENCE = Cadence()
MOST_MEMBERS = 100_000
"""Seeds of a setting, and settings drawn: more is a slip, and would fill the memory."""


class SweepResult(Table):
    """A row for each setting of a sweep, with the mean and the standard deviation of its seeds' measures.

    Args:
      path: the sweep directory.
      records: of the members in it that are finished, those of earlier calls included.
      finished: whether all members of this call are.
      protocol: of the score.
      waits: why not, if a signal did not stop them: what other parts have still to train; "" otherwise.
      at_rung: whether this part goes on once the other parts have come as far.
    """

    def __init__(
        self,
        path: Path,
        records: Sequence[Record],
        finished: bool,
        protocol: Mapping[str, Any],
        waits: str = "",
        at_rung: bool = False,
    ) -> None:
        super().__init__(summary(records) if finished else [])
        self.path, self.records = path, list(records)
        self.finished, self.waits, self.at_rung = finished, waits, at_rung
        self.distance, self.better = str(protocol["distance"]), better_of("score", protocol)

    @property
    def best_first(self) -> Table:
        """The rows by their score; those of settings that were halved last, the later rung first."""
        rows = self.sorted_by("score mean", descending=self.better == "higher")
        rung = lambda row: -row.get("halved at step", float("inf"))
        return Table(sorted(rows, key=rung))


@command
def sweep(
    experiment: ExperimentLike,
    /,
    *,
    over: Over,
    seeds: SeedsOrCount = 1,
    trials: Count | None = None,
    search: Literal["random", "sobol"] | None = None,
    search_seed: NotNegative | None = None,
    seed: NotNegative = 0,
    steps: Count | None = None,
    batch_size: Count | None = None,
    rungs: Sequence[Count] = (),
    rung_seeds: SeedsOrCount | None = None,
    share: Share | None = None,
    within: str | Sequence[str] | None = None,
    part: PartOf | None = None,
    at_once: Count | None = None,
    way: Literal["vmap", "map"] | None = None,
    metric: str | None = None,
    samples: Several = 2000,
    log_every: Count | None = None,
    save_every: Count | None = None,
    measure_times: Count = CADENCE.measure_times,
    keep: Literal["none", "final", "best"] = "none",
    out: Folder | None = None,
    quiet: bool = False,
    **arguments: Any,
) -> SweepResult:
    """Train many settings and seeds of an experiment at once, continuing what an earlier call left.

    A finished sweep can be extended by further settings and seeds: what its directory has is not trained again,
    and the tables are of all members in it.

    Args:
      experiment: Path or name of an experiment file, or a function that returns an `Experiment`.
      over: Settings that vary: lr=1e-4,1e-3 or lr=loguniform(1e-5,1e-2), uniform, integer, loginteger;
        batch_size is one of them. In Python also a dict, such as {"lr": [1e-4, 1e-3]}.
      seeds: Number of seeds of each setting, or A:B for those from A to below B.
      trials: Number of settings that are drawn; more begin with the same ones (default: the whole grid).
      search: How settings are drawn: random, or sobol, a sequence that fills the ranges evenly (default:
        random).
      search_seed: Seed of the settings that are drawn (default: the first seed).
      seed: First seed.
      steps: Number of updates of the rule (default: the experiment's own number).
      batch_size: Number of examples in a minibatch (default: the experiment's own number).
      rungs: Numbers of updates after which only the better settings continue (successive halving).
      rung_seeds: Number of the seeds that decide at rungs, or A:B for those from A to below B; other seeds are
        trained only for settings that reach the end, and can be reported (default: all seeds).
      share: Share of the settings that continue at each rung (default: 0.5).
      within: Names of settings whose values are not compared at rungs: for each, the same share continues.
      part: K/N: train the K-th of N parts of the members, while other processes train the others in the same
        directory.
      at_once: Number of members in one program (default: what fits into the memory).
      way: Train the members of a program at once (vmap) or in turn (map; default: in turn on a CPU).
      metric: Metric of jgan evaluate that is the score, as METRIC or METRIC:NUMBER, such as kid or prdc:recall
        (default: the Fréchet distance for pictures, the sliced Wasserstein distance for points).
      samples: Number of samples that a score is computed from.
      log_every: Number of steps between two rows of metrics (default: 100).
      save_every: Number of steps between two checkpoints (default: 1000).
      measure_times: Number of evenly spaced points at which members are scored, and those of the first seed
        are drawn.
      keep: Keep the state of every member, the final one or the one with the best measured score, as a run
        directory below the sweep's, so that jgan evaluate can measure it again.
      out: Sweep directory (default: runs/NAME-sweep).
      quiet: Print only warnings and results, without progress.
      **arguments: Arguments of the experiment function that do not vary, its flags on the command line.

    Returns:
      A row for each setting; no rows if a signal stopped the sweep, which the same call continues, or other
      parts are not finished.

    Raises:
      UserError: If a setting is not possible or changes nothing, or the directory holds another sweep.
    """
    keep_freed_memory()
    one_device_a_core()
    given = given_experiment(experiment)
    texts = texts_of(over)
    build = with_batch_size(given.build)
    axes = [parse_axis(text, build) for text in texts]
    numbers = _seeds(seeds, seed)
    for name, number in (("--seeds", len(numbers)), ("--trials", trials or 0)):
        if number > MOST_MEMBERS:
            raise UserError(f"{name} is {number}, but must be at most {MOST_MEMBERS}.")
    kind = search_of(search, search_seed, seed, trials)
    folder = Path("runs") / f"{given.name}-sweep" if out is None else Path(out)
    folder = check_folder(folder, OF_A_RUN)
    search_file = SearchFile(folder, texts, kind)
    chosen = settings(axes, trials, kind, search_file.read())
    whole = given.arguments(arguments)
    varied = {axis.name for axis in axes}
    if BATCH_SIZE in varied and batch_size is not None:
        refuse_varied({BATCH_SIZE})
    resize = lambda experiment: experiment.resized(steps, batch_size)
    first = resize(build(**{**whole, **chosen[0]}))
    refuse_varied(varied & arguments.keys())
    fixed = {name: value for name, value in whole.items() if name not in varied}
    sizes = first.sizes()
    if BATCH_SIZE in varied:
        one = but_batch_size(chosen[0])
        sizes[BATCH_SIZE] = resize(given.build(**{**whole, **one})).sizes()[BATCH_SIZE]
    experiment_settings = settings_of(
        given.origin,
        resolved(fixed, first.loaded),
        seed=seed,
        data=identities(first),
        **sizes,
    )
    by_metric = None if metric is None else score_metric(metric, first.source, samples)
    score = scorer_of(first, samples, by_metric).protocol
    higher = better_of("score", score) == "higher"
    halving = rungs_of(rungs, rung_seeds, share, within, first.steps, varied, higher)
    deciding = _seeds(rung_seeds, seed) if rung_seeds is not None else numbers
    if not set(deciding) <= set(numbers):
        raise UserError(
            f"--rung-seeds has {deciding[0]} to {deciding[-1]}, but must be of the seeds {numbers[0]} to "
            f"{numbers[-1]}."
        )
    own_part = Part(*(part or ()))
    own: dict[str, Any] = {
        "over": texts,
        "trials": trials,
        "search": kind.kind,
        "search_seed": kind.seed,
        "seeds": [numbers[0], numbers[-1] + 1],
        "steps": first.steps,
        "measure_times": measure_times,
        **({} if metric is None else {"metric": metric}),
        "samples": samples,
        "score": score,
        "keep": keep,
    }
    if rungs:
        own |= {"rungs": halving.steps, "share": halving.share, "within": halving.within}
        own["rung_seeds"] = [deciding[0], deciding[-1] + 1]
    with SweepDirectory(folder, own_part) as run, stop_requests() as stop:
        finished = finished_records(folder, repair=True)
        known = {json.dumps(record.setting, sort_keys=True) for record in finished.values()}
        if any(json.dumps(setting, sort_keys=True) not in known for setting in chosen):
            refuse_without_effect(lambda **own: resize(build(**own)), whole, axes, chosen)
        with run.beginning() as joins:
            fitting = -(-len(chosen) * len(numbers) // own_part.total)
            fitting = min(members_that_fit(first), fitting)
            fit = at_once or members_at_once(folder) or fitting
            run.write_settings(
                {"sweep": json.loads(json.dumps({**own, "at_once": fit})), **experiment_settings},
                given.origin,
                grows=GROWS_WITH_RUNGS if rungs else GROWS,
                joins=joins,
            )
            if trials is not None:
                search_file.write(chosen)
        batches = plan(whole, axes, chosen, deciding, lambda own: fit)
        rest = [number for number in numbers if number not in deciding]
        later = plan(whole, axes, chosen, rest, lambda own: fit)
        members = members_of(batches), members_of(later)
        count = len(members[0]) + len(members[1])
        there = sum(member.key in finished for own in members for member in own)
        say(
            f"{given.summary}\n{first.source.describe()}\n{len(chosen)} settings x {len(numbers)} seeds, "
            f"{len(batches) + len(later)} programs of at most {fit} members"
            + (f", part {own_part} of them" if part else "")
            + f"\nsweep directory: {folder}"
        )
        free: dict[str, Any] = {"log_every": log_every, "save_every": save_every, "way": way}
        free["keep"] = None if keep == "none" else keep
        idle = [name for name, value in free.items() if value is not None]
        whole_sweep = all_finished(finished, *members, ended_settings(folder, halving))
        if there and idle:
            say(without_effect(sorted(idle), there, there if whole_sweep else count))
        train_members(
            build,
            batches,
            run,
            MemberMeasures(samples, by_metric),
            resize=resize,
            way=way,
            log_every=log_every or CADENCE.log_every,
            save_every=save_every or CADENCE.save_every,
            measure_times=measure_times,
            rungs=halving,
            later=later,
            part=own_part,
            observe=Pictures(folder, seed),
            keep=Keep(folder, keep, kept_settings(experiment_settings), given.origin, higher),
            stop=stop.requested,
        )
        finished = finished_records(folder)
        ended = ended_settings(folder, halving)
        done = all_finished(finished, *members, ended)
        every = sorted(finished.values(), key=lambda own: own.member.order)
        waits = ""
        if not done and not stop.requested():
            where = "has come to a rung" if ended is None else "is finished"
            waits = f"part {own_part} {where}; {len(every)} members of the sweep are finished"
    return SweepResult(folder, every, done, score, waits, ended is None)


def _seeds(given: Any, first: int) -> range:
    """A number of seeds from the first on, or a range as it is."""
    return range(first, first + given) if isinstance(given, int) else given
