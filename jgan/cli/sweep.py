"""``jgan sweep FILE --over NAME=VALUES ...``: many settings and seeds, trained many at once."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jgan.claims.measures import coverage
from jgan.cli.common import at_least, flag, given_flags, parse_experiment
from jgan.cli.flags import Parser
from jgan.commands.paths import OF_A_RUN, check_folder, output
from jgan.data.densities import Mixture
from jgan.data.identity import resolved
from jgan.errors import UserError
from jgan.evaluation.score import Scorer, scorer
from jgan.files import make_folder, write_atomically
from jgan.runs.identities import identities
from jgan.runs.images import encode_png
from jgan.runs.run import RunDirectory, settings_of
from jgan.runs.stop import STOPPED, stop_requests
from jgan.runs.views import View, view_pictures, viewers
from jgan.sweeps.axes import parse_axis, settings
from jgan.sweeps.capacity import members_at_once, members_that_fit
from jgan.sweeps.population import WAYS
from jgan.sweeps.same_training import refuse_without_effect
from jgan.sweeps.sweep import (
    Member,
    finished_members,
    pictures_of,
    plan,
    summary,
    sweep,
)
from jgan.training.compiler import keep_freed_memory
from jgan.training.devices import one_device_a_core
from jgan.training.experiment import Experiment, Trained

FREE = frozenset({"log_every", "save_every", "way"})
"""Flags that may differ when a sweep is continued."""
STD = "std: standard deviation over seeds (divisor n - 1); diverged members count in no mean"
MOST_MEMBERS = 100_000
"""Seeds of a setting, and settings drawn: more is a slip, and would fill the memory."""


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    keep_freed_memory()
    one_device_a_core()
    parser = _parser()
    file, arguments, options = parse_experiment("sweep", parser, words)
    given = given_flags(parser, words)
    axes = [parse_axis(text, file.build) for text in options.over]
    for name, count in (("--seeds", options.seeds), ("--trials", options.trials or 0)):
        if count > MOST_MEMBERS:
            raise UserError(f"{name} is {count}, but must be at most {MOST_MEMBERS}.")
    chosen = settings(axes, options.trials, options.seed)
    seeds = list(range(options.seed, options.seed + options.seeds))
    first = file.build(**{**arguments, **chosen[0]}).resized(options.steps, options.batch_size)
    out = check_folder(options.out or Path("runs") / f"{file.path.stem}-sweep", OF_A_RUN)
    varied = {axis.name for axis in axes}
    _refuse_varied(varied & given)
    fixed = {name: value for name, value in arguments.items() if name not in varied}
    experiment_settings = settings_of(
        file.path,
        resolved(fixed, first.loaded),
        seed=options.seed,
        data=identities(first),
        **first.sizes(),
    )
    with RunDirectory(out) as run, stop_requests() as stop:
        fit = options.at_once or members_at_once(out) or members_that_fit(first)
        own = {
            "over": options.over,
            "trials": options.trials,
            "seeds": options.seeds,
            "steps": first.steps,
            "at_once": fit,
            "measure_times": options.measure_times,
            "samples": options.samples,
            "score": scorer(first, count=options.samples).protocol,
        }
        resize = lambda experiment: experiment.resized(options.steps, options.batch_size)
        if members_at_once(out) is None:
            build = lambda **own: resize(file.build(**own))
            refuse_without_effect(build, arguments, axes, chosen)
        run.write_settings({"sweep": own, **experiment_settings}, file.path)
        batches = plan(arguments, axes, chosen, seeds, lambda own: fit)
        print(
            f"{file.summary}\n{first.source.describe()}\n{len(chosen)} settings x {len(seeds)} seeds, "
            f"{len(batches)} programs of at most {fit} members\nsweep directory: {out}",
            flush=True,
        )
        finished, count = finished_members(out, batches), len(chosen) * len(seeds)
        if finished and given & FREE:
            print(_without_effect(sorted(given & FREE), finished, count), flush=True)
        records = sweep(
            file.build,
            batches,
            run,
            MemberMeasures(options.samples),
            resize=resize,
            way=options.way,
            log_every=options.log_every,
            save_every=options.save_every,
            measure_times=options.measure_times,
            observe=Pictures(out, options.seed),
            stop=stop.requested,
            say=lambda line: print(line, flush=True),
        )
    if len(records) < count:
        print("stopped; the same command goes on from here")
        return STOPPED
    print(table(summary(records)))
    distance = own["score"]["distance"]
    print(f"score: {distance}, lower is better; {STD}")
    print(f"wrote {out / 'summary.csv'} and {out / 'members.csv'}")
    return 0


def _refuse_varied(names: set[str]) -> None:
    """Refuse flags of settings that --over varies."""
    if names:
        flags = " and ".join(flag(name) for name in sorted(names))
        raise UserError(
            f"{flags} would change nothing, because --over gives the values of {', '.join(sorted(names))}; "
            "leave one of them out."
        )


def _without_effect(names: list[str], finished: int, count: int) -> str:
    """What is said of flags that do not touch what is finished."""
    flags = ", ".join(flag(name) for name in names)
    if finished == count:
        return f"all {count} members are finished, so nothing is trained: no effect of {flags}"
    return f"{finished} of {count} members are finished; {flags} for the others only"


def _parser() -> Parser:
    parser = Parser(prog="jgan sweep FILE", description=__doc__)
    add = parser.add_argument
    add(
        "--over",
        nargs="+",
        required=True,
        metavar="NAME=VALUES",
        help="settings that vary: lr=1e-4,1e-3 or lr=loguniform(1e-5,1e-2), uniform, integer",
    )
    add("--seeds", type=at_least(1), default=1, help="of each setting (default: 1)")
    add("--trials", type=at_least(1), help="settings drawn at random (default: the whole grid)")
    add("--seed", type=at_least(0), default=0, help="the first, and that of the draws (default: 0)")
    add("--steps", type=at_least(1), help="updates of the rule (default: the experiment's)")
    add("--batch-size", type=at_least(1), help="examples in a minibatch")
    add("--at-once", type=at_least(1), help="members in one program (default: what fits)")
    add("--way", choices=WAYS, help="members at once or in turn (default: in turn on a CPU)")
    add("--samples", type=at_least(2), default=2000, help="for each score (default: 2000)")
    add("--log-every", type=at_least(1), default=100, help="steps a row of metrics (default: 100)")
    add("--save-every", type=at_least(1), default=1000, help="steps between checkpoints")
    add(
        "--measure-times",
        type=at_least(1),
        default=1,
        help="evenly spaced points at which members are scored, and those of the first seed drawn",
    )
    add("--out", type=output(folder=True), help="sweep directory (default: runs/NAME-sweep)")
    return parser


class MemberMeasures:
    """Measures of a member: its score, and on mixtures the modes; programs are compiled once a game."""

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._experiment: Experiment | None = None
        self._score: Scorer | None = None

    def __call__(self, trained: Trained) -> Mapping[str, float]:
        """The measures of one member by name."""
        experiment = trained.experiment
        if self._score is None or experiment is not self._experiment:
            self._experiment = experiment
            self._score = scorer(experiment, count=self._samples)
        state = trained.state
        found = {"score": self._score.measure(state.averaged_variables(), state.clock.stage)}
        if isinstance(experiment.source.density, Mixture):
            covered = coverage(trained)
            found |= {name: float(value) for name, value in covered._asdict().items()}
        return found


class Pictures:
    """Draws the members of the first seed, each in a folder of its own; programs are compiled once a game."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._seed = folder, seed
        self._experiment: Experiment | None = None
        self._views: Mapping[str, View] = {}

    def __call__(self, member: Member, trained: Trained) -> None:
        """Draw this one, if it is to be drawn."""
        if member.seed != self._seed:
            return
        if trained.experiment is not self._experiment:
            self._experiment, self._views = trained.experiment, viewers(trained.experiment)
        folder = make_folder(pictures_of(self._folder, member.setting, member.seed))
        step = int(trained.state.step)
        for name, pixels in view_pictures(trained, self._views).items():
            write_atomically(folder / f"{name}-{step:06d}.png", encode_png(pixels))


def table(rows: list[dict[str, Any]], column: str = "score mean") -> str:
    """The summary as text, the best score first."""
    if not rows:
        raise UserError("a sweep has no members.")
    ordered = sorted(rows, key=lambda row: row.get(column, float("inf")))
    names = list({name: None for row in ordered for name in row})
    cells = [names, *([_cell(row.get(name)) for name in names] for row in ordered)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    lines = ["  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)) for line in cells]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
