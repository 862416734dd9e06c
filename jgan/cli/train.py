"""``jgan train FILE``: train an experiment in a run directory, or go on with it."""

import argparse
import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jgan.cli.common import at_least, parse_experiment
from jgan.cli.flags import Parser
from jgan.cli.paths import OF_A_RUN, check_folder, named_path, output
from jgan.data.identity import resolved
from jgan.data.loader import Reading
from jgan.errors import UserError
from jgan.evaluation.score import scorer
from jgan.runs.fork import check_other_run
from jgan.runs.identities import identities
from jgan.runs.run import settings_of
from jgan.runs.saved import shape_after, shape_of_state
from jgan.runs.stop import STOPPED
from jgan.runs.train import Options, train
from jgan.training.compiler import keep_freed_memory
from jgan.training.devices import MODES, connect, is_leader
from jgan.training.experiment import Experiment
from jgan.training.feed import LOADERS, is_resident
from jgan.training.fit import layout_of
from jgan.training.resources import estimate


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    keep_freed_memory()
    parser = Parser(prog="jgan train FILE", description=__doc__)
    _add_run(parser)
    _add_kept(parser)
    _add_loading(parser)
    file, arguments, options = parse_experiment("train", parser, words)
    connect(options.coordinator, options.processes, options.process)
    whole = file.build(**arguments)
    experiment = whole.resized(options.steps, options.batch_size)
    from_run = vars(options)["from"]
    if from_run is not None and len(experiment.stages) < len(whole.stages):
        raise UserError(
            f"--steps is {options.steps}, but must be more than {whole.start(len(whole.earlier))} with --from, "
            "which takes all before that step from another run."
        )
    out = check_folder(options.out or Path("runs") / f"{file.path.stem}-{options.seed}", OF_A_RUN)
    say = _say if is_leader() else lambda line: None
    say("\n".join([file.summary, *_about(experiment), f"run directory: {out}"]))
    if options.dry_run:
        _describe(experiment, file.path, arguments, options, say)
        return 0
    score = None
    if options.evaluate_every is not None:
        score = functools.partial(scorer, count=options.evaluate_samples)
    run_options = Options(
        log_every=options.log_every,
        sample_every=options.sample_every,
        save_every=options.save_every,
        evaluate_every=options.evaluate_every,
        keep=options.keep,
        keep_every=options.keep_every,
        loader=options.loader,
        reading=Reading(options.workers, options.threads),
        parallel=options.parallel,
        tensorboard=options.tensorboard,
        log_terms=options.log_terms,
        fork=options.fork,
        from_run=from_run,
        accept_data=options.accept_data,
    )
    finished = train(
        experiment,
        file.path,
        arguments,
        seed=options.seed,
        out=out,
        options=run_options,
        score=score,
        say=say,
    )
    if not finished:
        return STOPPED
    say("done: " + ", ".join(str(out / f"{name}.png") for name in experiment.game.views))
    return 0


def _describe(
    experiment: Experiment,
    file: Path,
    arguments: dict[str, Any],
    options: argparse.Namespace,
    say: Callable[[str], None],
) -> None:
    """Everything that is known before the first step; nothing is trained and nothing written."""
    settings = settings_of(
        file,
        resolved(arguments, experiment.loaded),
        seed=options.seed,
        data=identities(experiment),
        **experiment.sizes(),
    )
    say(json.dumps(settings, indent=2))
    count, state = len(experiment.stages), None
    from_run = vars(options)["from"]
    newest = None if from_run is None else check_other_run(experiment, from_run)
    for number, stage in enumerate(experiment.stages):
        state = shape_after(stage, state) if state else shape_of_state(experiment.until(0))
        if newest is not None and number < count - 1:
            where = f"taken from step {newest} of {from_run}"
            say(f"stage {number + 1}/{count}: {_span(experiment, number)} {where}, not trained")
            continue
        layout = layout_of(stage, options.parallel)
        resident = is_resident(stage.source, layout, options.loader)
        needed = estimate(stage.rule, stage.source.arrays, stage.batch_size, resident, state)
        where = "on every device" if resident else "streamed"
        if count == 1:
            for line in needed.lines():
                say(line)
            say(f"devices: {layout.count}, by {layout.mode}; the data {where}")
            continue
        say(
            f"stage {number + 1}/{count}: {_span(experiment, number)} in batches of {stage.batch_size}; "
            f"{needed.line()}; devices {layout.count}, by {layout.mode}; the data {where}"
        )
    say("nothing was trained: this was a dry run")


def _span(experiment: Experiment, number: int) -> str:
    """The steps of a stage and its source, in words."""
    first, last = experiment.start(number) + 1, experiment.ends[number]
    return f"steps {first} to {last} on {experiment.stages[number].source.name}"


def _about(experiment: Experiment) -> list[str]:
    """A line on the data; a line a stage if there are several."""
    if not experiment.earlier:
        return [experiment.source.describe()]
    count = len(experiment.stages)
    return [
        f"stage {number + 1}/{count}: steps to {end} on {stage.source.describe()}"
        for number, (stage, end) in enumerate(zip(experiment.stages, experiment.ends, strict=True))
    ]


def _add_run(parser: argparse.ArgumentParser) -> None:
    positive = at_least(1)
    add = parser.add_argument
    add("--steps", type=positive, help="updates of the rule (default: the experiment's)")
    add("--batch-size", type=positive, help="examples in a minibatch")
    add("--seed", type=at_least(0), default=0, help="of the whole run (default: 0)")
    add("--out", type=output(folder=True), help="run directory (default: runs/NAME-SEED)")
    add(
        "--accept-data",
        action="store_true",
        help="go on with other data than the run, or the one that is forked, was trained on",
    )
    add("--dry-run", action="store_true", help="say all that is known beforehand, train nothing")
    other = parser.add_mutually_exclusive_group().add_argument
    other(
        "--fork", type=named_path, metavar="RUN", help="start from another run's newest checkpoint"
    )
    other(
        "--from",
        type=named_path,
        metavar="RUN",
        help="take all stages before the last from this run",
    )


def _add_kept(parser: argparse.ArgumentParser) -> None:
    positive = at_least(1)
    add = parser.add_argument_group("what is kept and shown").add_argument
    add("--log-every", type=positive, default=50, help="steps a row of metrics (default: 50)")
    add("--sample-every", type=positive, default=500, help="steps between pictures (default: 500)")
    add("--save-every", type=positive, default=500, help="steps between checkpoints (default: 500)")
    add("--keep", type=positive, default=3, help="newest checkpoints that are kept (default: 3)")
    add("--keep-every", type=positive, help="keep those at multiples of so many steps too")
    add("--evaluate-every", type=positive, help="steps between scores; the best state is kept")
    add("--evaluate-samples", type=at_least(2), default=2000, help="for each score (default: 2000)")
    add("--tensorboard", action="store_true", help="write RUN/tensorboard too")
    add(
        "--log-terms",
        action="store_true",
        help="log gradient norms of terms and cosines between them",
    )


def _add_loading(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument_group("data and devices").add_argument
    add(
        "--loader",
        choices=LOADERS,
        default="auto",
        help="the whole set on the device, or a stream (default: by size)",
    )
    add("--workers", type=at_least(0), default=0, help="processes that read a stream (default: 0)")
    add("--threads", type=at_least(1), default=4, help="threads in each of them (default: 4)")
    add(
        "--parallel", choices=MODES, default="jit", help="how devices share the work (default: jit)"
    )
    add("--coordinator", help="HOST:PORT of the first of several processes, or auto on a cluster")
    add("--processes", type=at_least(1), help="how many processes train together")
    add("--process", type=at_least(0), help="which of them this is, from 0")


def _say(line: str) -> None:
    # A terminal keeps one moving line; a log file gets them all.
    live = sys.stdout.isatty() and line.startswith("step ")
    print(f"\r\x1b[K{line}" if live else line, end="" if live else "\n", flush=True)
