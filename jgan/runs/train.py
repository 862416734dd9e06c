"""Train a run in its directory: resume, log, picture, evaluate, save, stop when asked."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jgan.data.identity import resolved
from jgan.data.loader import Reading
from jgan.display import say, task, warn
from jgan.evaluation.score import Scorer
from jgan.rules import TrainState
from jgan.runs.before import say_what_was_chosen, say_what_was_found
from jgan.runs.checkpoint import Checkpoints
from jgan.runs.fork import forked, of_other_run
from jgan.runs.health import SPREAD, Doctor, spread
from jgan.runs.identities import identities
from jgan.runs.logs import Csv, JsonLines, Log, Logs, read_rows
from jgan.runs.other_versions import naming_version
from jgan.runs.progress import Progress
from jgan.runs.run import RunDirectory, read_settings, settings_of
from jgan.runs.saved import shape_of_state
from jgan.runs.stop import stop_requests
from jgan.runs.term_metrics import term_metrics
from jgan.runs.trackers import TrackedRun, open_trackers
from jgan.runs.views import reference_of, viewers, write_pictures
from jgan.training.devices import is_leader, on_host
from jgan.training.experiment import Experiment
from jgan.training.fit import Diverged, Row, all_chunks, begin, layout_of
from jgan.training.stages import Stage

ScorerOf = Callable[[Experiment | Stage], Scorer]
"""Makes the score of a game's samples against its data, such as `jgan.evaluation.score.scorer`."""


@dataclass(frozen=True)
class Options:
    """How a run is kept, seen and laid out; nothing here changes its result.

    Attributes:
      log_every: steps between rows of metrics; they are means over that many steps.
      sample_every: steps between pictures; a multiple of ``log_every`` or rounded up to one.
      save_every: steps between checkpoints, likewise.
      evaluate_every: steps between evaluations, likewise; None for none.
      keep: newest checkpoints that are kept; that of the best evaluation is kept besides.
      keep_every: keep also those at multiples of this many steps.
      loader: "device", "stream" or "auto"; see `jgan.training.feed.make_feed`.
      reading: how a stream is read.
      parallel: "jit" or "pmap"; see `jgan.training.devices.Layout`.
      track: names of trackers that rows and pictures are written to, too; see `jgan.runs.trackers`.
      log_terms: log the norm of each term's gradient, and the cosines between the terms of a player.
      fork: a run directory to start from instead of from the first step; what fits is taken over.
      from_run: a run directory that trained the earlier stages; only the last one is trained.
      accept_data: go on with other data than the run, or the one that it forks, was trained on.
      minutes: in which it is to be trained, where that has decided the steps (`jgan.runs.minutes`).
    """

    log_every: int = 50
    sample_every: int = 500
    save_every: int = 500
    evaluate_every: int | None = None
    keep: int = 3
    keep_every: int | None = None
    loader: str = "auto"
    reading: Reading = field(default_factory=Reading)
    parallel: str = "jit"
    track: tuple[str, ...] = ()
    log_terms: bool = False
    fork: Path | None = None
    from_run: Path | None = None
    accept_data: bool = False
    minutes: float | None = None


DEFAULTS = Options()


def train(
    experiment: Experiment,
    file: str | Path,
    arguments: dict[str, Any],
    *,
    seed: int,
    out: Path,
    options: Options = DEFAULTS,
    score: ScorerOf | None = None,
    report: bool = True,
    after_row: Callable[[Row], None] = lambda row: None,
) -> bool:
    """Train until ``experiment.steps``, going on from the newest checkpoint in ``out`` if there is one.

    Args:
      experiment: what to train.
      file: the experiment's file, which is kept in the run directory, or the name of an experiment that was
        made in Python and of which no file is kept.
      arguments: of its ``experiment`` function.
      seed: of the run.
      out: the run directory.
      options: how the run is kept and seen.
      score: makes what evaluates the averaged variables of a stage every ``options.evaluate_every`` steps and
        at its end; the checkpoint of the stage's best is kept, and ``best.json`` names it.
      report: whether to say what was found in the data and what was chosen, and to draw ``data.png``.
      after_row: called with every row of metrics when it is logged, before the state is saved.

    Returns:
      Whether it came to the end; False if a signal stopped it (its state is saved).

    Raises:
      UserError: if ``out`` holds a run with other settings or is in use, or the training diverges.
    """
    for stage in experiment.stages:
        layout_of(stage, options.parallel)
    if experiment.earlier:  # a mistake in a later stage is told before the first is trained
        shape_of_state(experiment)
    settings = settings_of(
        file,
        resolved(arguments, experiment.loaded),
        seed=seed,
        data=identities(experiment),
        decisions=experiment.decisions,
        **experiment.sizes(),
    )
    if options.minutes is not None:
        settings["minutes"] = options.minutes
    if score is not None:
        settings["score"] = score(experiment).protocol
    with ExitStack() as stack:
        # Only the leader writes; Orbax has all processes of a run save together.
        run = stack.enter_context(RunDirectory(out, exclusive=is_leader()))
        made_by = run.made_by_other_version()
        if is_leader():
            run.write_settings(settings, file, options.fork, options.from_run, options.accept_data)
        checkpoints = stack.enter_context(
            Checkpoints(run.checkpoints, options.keep, options.keep_every)
        )
        report = report and is_leader()
        if report and not checkpoints.steps():
            say_what_was_found(run, experiment)
        with naming_version(made_by):
            state = _start(experiment, seed, options, checkpoints)
        if report:
            say_what_was_chosen(experiment, state, arguments, options.parallel, options.loader)
        shown = stack.enter_context(
            task("", experiment.steps, "steps", done=int(state.step), lasting=True)
        )
        session = _Session(
            run,
            experiment,
            options,
            checkpoints,
            state,
            score,
            Progress(experiment, shown),
            after_row,
        )
        stack.callback(session.log.close)
        stop = stack.enter_context(stop_requests())
        if not checkpoints.steps():  # a run that diverges at once has something to go back to
            checkpoints.save(state)
        shown.restart()
        try:
            for newest, row in all_chunks(
                experiment,
                state,
                options.log_every,
                parallel=options.parallel,
                loader=options.loader,
                reading=options.reading,
            ):
                if session.after(newest, row, last=stop.requested()):
                    step = int(row["step"])
                    if step < experiment.steps:
                        say(f"stopped at step {step}; the same command goes on from here")
                    return step >= experiment.steps
        except Diverged as error:
            session.log.row(error.row)
            kept = checkpoints.steps()
            raise Diverged(
                f"{error} The last finite checkpoint is that of step {kept[-1]}.", error.row
            ) from error
    return True


def _start(
    experiment: Experiment, seed: int, options: Options, checkpoints: Checkpoints
) -> TrainState:
    """The state to go on from: a checkpoint of this run, or of the run it forks or takes from, or the first."""

    def like(step: int) -> tuple[TrainState, Any]:
        shape = shape_of_state(experiment.until(step))
        return shape, layout_of(experiment.at(step), options.parallel).of_state(shape)

    if checkpoints.steps():
        state = checkpoints.load_newest_intact(like)
        if int(state.step):
            say(f"resuming at step {int(state.step)}")
        return state
    if options.fork is not None:
        state, summary = forked(experiment, options.fork, seed, options.parallel)
        say(f"starting from step {int(state.step)} of {options.fork}: {summary}")
        return state
    if options.from_run is not None:
        state, summary = of_other_run(experiment, options.from_run, seed, options.parallel)
        say(f"the stages before the last are {options.from_run}: {summary}")
        return state
    return begin(
        experiment, seed, layout_of(experiment.stages[0], options.parallel), options.loader
    )


def _as_read(protocol: dict[str, Any]) -> dict[str, Any]:
    """A protocol as a file gives it back."""
    return json.loads(json.dumps(protocol))


class _Session:
    """What happens between chunks: rows, pictures, evaluations, checkpoints, warnings."""

    def __init__(
        self,
        run: RunDirectory,
        experiment: Experiment,
        options: Options,
        checkpoints: Checkpoints,
        state: TrainState,
        scorer: ScorerOf | None,
        progress: Progress,
        after_row: Callable[[Row], None],
    ) -> None:
        self._run, self._experiment, self._options = run, experiment, options
        self._checkpoints, self._scorer, self._progress = checkpoints, scorer, progress
        self._after_row = after_row
        self._done = int(state.step)
        self.log: Log = Logs(self._open_logs() if is_leader() else [])
        self._enter(experiment.number(self._done))

    def _enter(self, number: int) -> None:
        """Look at the game and the data of a stage, whose scores and losses are not those of another."""
        self._number = number
        stage = self._experiment.stages[number]
        start = self._experiment.start(number)
        self._views = viewers(stage)
        self._reference = reference_of(stage)
        self._term_metrics = term_metrics(stage) if self._options.log_terms else None
        self._score = self._scorer(stage) if self._scorer else None
        rows = read_rows(self._run.metrics, self._done)
        self._doctor = Doctor(row for row in rows if row["step"] > start)
        best = self._run.best()
        self._best = best if best and self._experiment.number(int(best["step"])) == number else None
        if (
            self._best
            and self._score
            and self._best.get("protocol") != _as_read(self._score.protocol)
        ):
            say(
                f"the best score so far, {self._best['score']:.4g} at step {self._best['step']}, is of another "
                "protocol and not compared; a new best starts"
            )
            self._best = None
        self._checkpoints.pin(None if self._best is None else int(self._best["step"]))

    def _open_logs(self) -> list[Log]:
        logs: list[Log] = [
            JsonLines(self._run.metrics, self._done),
            Csv(self._run.table, self._done),
        ]
        if self._options.track:
            settings = read_settings(self._run.path)
            tracked = TrackedRun(self._run.path, settings, self._done)
            logs += open_trackers(self._options.track, tracked)
        return logs

    def after(self, state: TrainState, row: Row, last: bool) -> bool:
        """Do what is due after the chunk that ``row`` tells of; returns whether the run ends here."""
        step = int(row["step"])
        number = self._experiment.number(step)
        if number != self._number:
            self._enter(number)
        last = last or step >= self._experiment.steps
        ends = last or step == self._experiment.ends[number]
        if self._score and (ends or self._due(step, self._options.evaluate_every)):
            row = {**row, "score": self._evaluated(state, step)}
        if ends or self._due(step, self._options.sample_every):
            row = {**row, **self._pictured(state)}
        if self._term_metrics:
            row = {**row, **self._term_metrics(state)}
        self.log.row(row)
        warnings = self._doctor.row(row)
        self._progress.update(row, warnings)
        for warning in warnings:
            warn(warning)
        self._after_row(row)
        if ends or self._due(step, self._options.save_every):
            self._checkpoints.save(state)
        self._done = step
        return last

    def _due(self, step: int, every: int | None) -> bool:
        return every is not None and step // every > self._done // every

    def _pictured(self, state: TrainState) -> Row:
        """Write pictures, and return how widely the samples are spread; the leader does, with all's help."""
        # Every process, since what is spread over devices is gathered by all of them.
        whole = on_host(state)
        if not is_leader():
            return {}
        with task(f"drawing the samples of step {int(state.step):,}", apart=True):
            views = {name: view(whole) for name, view in self._views.items()}
        write_pictures(self._run, views, self._reference, int(state.step), self.log)
        samples = views.get("samples")
        if not isinstance(samples, np.ndarray) or not isinstance(self._reference, np.ndarray):
            return {}
        if samples.shape[1:] != self._reference.shape[1:]:
            return {}
        return {SPREAD: spread(samples, self._reference)}

    def _evaluated(self, state: TrainState, step: int) -> float:
        assert self._score is not None
        with task(f"scoring the samples of step {step:,}", apart=True):
            averaged = on_host(state.averaged_variables())
            value = self._score.measure(averaged, on_host(state.clock.stage))
        if self._best is None or value < self._best["score"]:
            self._best = {"step": step, "score": value, "protocol": self._score.protocol}
            self._checkpoints.pin(step)
            self._checkpoints.save(state)
            if is_leader():
                self._run.write_best(self._best)
        return value
