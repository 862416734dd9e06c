"""Train an experiment in a run directory, or go on with it."""

import functools
import json
from pathlib import Path
from typing import Annotated, Any, Literal

from jgan.commands.command import command
from jgan.commands.deprecations import deprecated
from jgan.commands.experiments import ExperimentLike, GivenExperiment, given_experiment
from jgan.commands.kinds import Count, NotNegative, Positive, Several
from jgan.commands.paths import OF_A_RUN, Folder, Place, check_folder
from jgan.commands.run import Run
from jgan.data.identity import resolved
from jgan.data.loader import Reading
from jgan.display import duration, print_result, say, silence, speed
from jgan.errors import UserError
from jgan.evaluation.score import scorer
from jgan.runs.fork import check_other_run
from jgan.runs.identities import identities
from jgan.runs.minutes import timed
from jgan.runs.run import decided_before, settings_of
from jgan.runs.saved import shape_after, shape_of_state
from jgan.runs.trackers import check_installed, tracker_names
from jgan.runs.train import DEFAULTS, Options
from jgan.runs.train import train as train_run
from jgan.training.compiler import keep_freed_memory
from jgan.training.devices import connect, is_leader
from jgan.training.experiment import Experiment
from jgan.training.feed import is_resident
from jgan.training.fit import layout_of
from jgan.training.rate import steps_per_second
from jgan.training.resources import estimate

Trackers = Annotated[str, tracker_names]
"""Names of trackers, separated by commas."""


@command
def train(
    experiment: ExperimentLike,
    /,
    *,
    steps: Count | None = None,
    minutes: Positive | None = None,
    batch_size: Count | None = None,
    seed: NotNegative = 0,
    out: Folder | None = None,
    accept_data: bool = False,
    dry_run: bool = False,
    fork: Place | None = None,
    from_run: Place | None = None,
    log_every: Count = DEFAULTS.log_every,
    sample_every: Count = DEFAULTS.sample_every,
    save_every: Count = DEFAULTS.save_every,
    keep: Count = DEFAULTS.keep,
    keep_every: Count | None = DEFAULTS.keep_every,
    evaluate_every: Count | None = DEFAULTS.evaluate_every,
    evaluate_samples: Several = 2000,
    track: Trackers | None = None,
    tensorboard: bool = False,
    log_terms: bool = DEFAULTS.log_terms,
    loader: Literal["auto", "device", "stream"] = "auto",
    workers: NotNegative = DEFAULTS.reading.workers,
    threads: Count = DEFAULTS.reading.threads,
    parallel: Literal["jit", "fsdp", "pmap"] = "jit",
    coordinator: str | None = None,
    processes: Count | None = None,
    process: NotNegative | None = None,
    quiet: bool = False,
    **arguments: Any,
) -> Run:
    """Train an experiment in a run directory, continuing from its newest checkpoint if there is one.

    A run is a pure function of the experiment, its arguments and the seed: a run that was interrupted and
    continued is bitwise equal to one that was not. SIGINT, which Ctrl-C and the stop button of a notebook send,
    and SIGTERM end it after the current steps, with its state saved; the same call continues from there, and
    `Run.finished` is false until the last step. A second signal interrupts at once.

    Args:
      experiment: Path or name of an experiment file, an `Experiment`, or a function that returns one. The run
        directory keeps a copy of a file; runs of the others are loaded by
        ``jgan.load(path, experiment=...)``.
      steps: Number of updates of the rule (default: the experiment's own number).
      minutes: Length of the training in minutes, from the call to its end, including compilation and without
        evaluations. The number of steps follows from the speed, which is measured first, and the schedules of
        the experiment end with the training.
      batch_size: Number of examples in a minibatch (default: the experiment's own number).
      seed: Seed of the initial parameters, the latents and the order of the data.
      out: Run directory (default: runs/NAME-SEED).
      accept_data: Continue although the data differ from those that the run, or the run that is forked, was
        trained on.
      dry_run: Print the settings, the parameters, the memory and the operations that the training needs, and
        train nothing. If the experiment decides settings by its data and the device, also print what it
        decides and why, and how long the training takes, measured by some steps that are discarded.
      fork: Run directory whose newest checkpoint the new run starts from.
      from_run: Run directory from which all stages before the last are taken.
      log_every: Number of steps between two rows of metrics.
      sample_every: Number of steps between two pictures of samples.
      save_every: Number of steps between two checkpoints.
      keep: Number of newest checkpoints that are kept.
      keep_every: Also keep the checkpoints at multiples of this number of steps.
      evaluate_every: Number of steps between two scores of the samples; the checkpoint with the best score is
        kept (default: the experiment's own number, for most none).
      evaluate_samples: Number of samples that a score is computed from.
      track: Trackers that metrics and pictures are also written to, separated by commas: tensorboard, trackio,
        wandb and mlflow, if they are installed. Nothing leaves the machine unless their own environment
        variables say so.
      tensorboard: Deprecated: use track.
      log_terms: Also log the gradient norm of each term of the objective and the cosines between them.
      loader: Keep the whole data set on the device, or stream it from the host; auto chooses by the size of
        the data.
      workers: Number of processes that read a stream of data.
      threads: Number of threads in each of these processes.
      parallel: How several devices share a batch.
      coordinator: HOST:PORT of the first of several processes that train together, or auto on a cluster.
      processes: Number of processes that train together.
      process: Number of this process among them, from 0.
      quiet: Print only warnings and the result, without progress.
      **arguments: Arguments of the experiment function, which are its flags on the command line.

    Returns:
      The run.

    Raises:
      UserError: If an argument is wrong, the directory holds a run with other settings or is in use, or the
        training diverges.
    """
    keep_freed_memory()
    given = given_experiment(experiment)
    track_names = _trackers(track, tensorboard)
    connect(coordinator, processes, process)
    if fork is not None and from_run is not None:
        raise UserError("--fork and --from were both given; give one of them.")
    if minutes is not None and (steps is not None or dry_run):
        other = "--dry-run" if dry_run else "--steps"
        raise UserError(
            f"--minutes and {other} were both given, but --minutes measures how many steps are trained; give "
            "one of them."
        )
    folder = Path("runs") / f"{given.name}-{seed}" if out is None else Path(out)
    folder = check_folder(folder, OF_A_RUN)
    chosen, arguments = arguments.keys(), given.arguments(arguments)
    arguments, before = decided_before(folder, arguments, chosen)
    batch_size = before.get("batch_size") if batch_size is None else batch_size
    whole = given.build(**arguments)
    resized = whole.resized(steps, batch_size)
    if from_run is not None and len(resized.stages) < len(whole.stages):
        raise UserError(
            f"--steps is {steps}, but must be more than {whole.start(len(whole.earlier))} with --from, "
            "which takes all before that step from another run."
        )
    evaluate_every = evaluate_every or resized.evaluate_every
    options = Options(
        log_every=log_every,
        sample_every=sample_every,
        save_every=save_every,
        evaluate_every=evaluate_every,
        keep=keep,
        keep_every=keep_every,
        loader=loader,
        reading=Reading(workers, threads),
        parallel=parallel,
        track=track_names,
        log_terms=log_terms,
        fork=None if fork is None else Path(fork),
        from_run=None if from_run is None else Path(from_run),
        accept_data=accept_data,
        minutes=minutes,
    )
    if not is_leader():
        silence()
    say("\n".join([given.summary, *_about(resized), f"run directory: {folder}"]))
    if minutes is not None:
        resized, arguments = timed(
            resized,
            given.build,
            arguments,
            chosen,
            minutes,
            seed=seed,
            out=folder,
            options=options,
            batch_size=batch_size,
        )
    run = Run(folder, experiment=resized)
    if dry_run:
        _describe(resized, given, arguments, seed, options)
        return run
    score = functools.partial(scorer, count=evaluate_samples) if evaluate_every else None
    finished = train_run(
        resized,
        given.origin,
        arguments,
        seed=seed,
        out=folder,
        options=options,
        score=score,
    )
    if finished and is_leader():
        print_result(
            "done: " + ", ".join(str(folder / f"{name}.png") for name in resized.game.views)
        )
    return run


def _trackers(track: Any, tensorboard: bool) -> tuple[str, ...]:
    """The names of the trackers, whose packages are installed."""
    names: tuple[str, ...] = track or ()
    if tensorboard:
        deprecated("--tensorboard", "--track tensorboard", removed="0.3")
        names = tuple(dict.fromkeys([*names, "tensorboard"]))
    check_installed(names)
    return names


def _describe(
    experiment: Experiment,
    given: GivenExperiment,
    arguments: dict[str, Any],
    seed: int,
    options: Options,
) -> None:
    """Everything that is known before the first step; nothing is trained and nothing written."""
    settings = settings_of(
        given.origin,
        resolved(arguments, experiment.loaded),
        seed=seed,
        data=identities(experiment),
        decisions=experiment.decisions,
        **experiment.sizes(),
    )
    print_result(json.dumps(settings, indent=2))
    for decision in experiment.decisions:
        print_result(str(decision))
    count, state, from_run = len(experiment.stages), None, options.from_run
    newest = None if from_run is None else check_other_run(experiment, from_run)
    for number, stage in enumerate(experiment.stages):
        state = shape_after(stage, state) if state else shape_of_state(experiment.until(0))
        if newest is not None and number < count - 1:
            where = f"taken from step {newest} of {from_run}"
            print_result(
                f"stage {number + 1}/{count}: {_span(experiment, number)} {where}, not trained"
            )
            continue
        layout = layout_of(stage, options.parallel)
        resident = is_resident(stage.source, layout, options.loader)
        # Where steps are timed, their program is compiled for it, and no second one.
        timed_too = count == 1 and bool(experiment.decisions)
        needed = estimate(
            stage.rule,
            stage.source.arrays,
            stage.batch_size,
            resident,
            state,
            compiled=not timed_too,
        )
        where = "on every device" if resident else "streamed"
        if count == 1:
            for line in needed.lines():
                print_result(line)
            print_result(f"devices: {layout.count}, by {layout.mode}; the data {where}")
            if timed_too:
                print_result(_duration(experiment, seed, options))
            continue
        print_result(
            f"stage {number + 1}/{count}: {_span(experiment, number)} in batches of {stage.batch_size}; "
            f"{needed.line()}; devices {layout.count}, by {layout.mode}; the data {where}"
        )
    print_result("nothing was trained: this was a dry run")


def _duration(experiment: Experiment, seed: int, options: Options) -> str:
    """How long the training takes here, in words; steps are trained for it and thrown away."""
    rate = steps_per_second(
        experiment,
        seed,
        parallel=options.parallel,
        loader=options.loader,
        reading=options.reading,
    )
    return (
        f"time: about {duration(experiment.steps / rate)} for {experiment.steps:,} steps, at "
        f"{speed(rate, 'steps')}"
    )


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
