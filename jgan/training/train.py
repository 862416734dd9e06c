"""Train a run in its directory: resume, log, picture, evaluate, save, stop when asked."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from jgan.data.loader import Reading
from jgan.evaluation.score import Score
from jgan.rules import TrainState
from jgan.training.checkpoint import Checkpoints
from jgan.training.devices import Layout, is_leader, on_host
from jgan.training.experiment import Experiment
from jgan.training.feed import make_feed
from jgan.training.fit import Diverged, Row, begin, chunks, layout_of
from jgan.training.health import SPREAD, Doctor, spread
from jgan.training.logs import Csv, JsonLines, Log, Logs, TensorBoard, read_rows
from jgan.training.progress import Progress
from jgan.training.run import RunDirectory, read_settings, settings_of
from jgan.training.stop import stop_requests
from jgan.training.views import reference_of, viewers, write_pictures

Say = Callable[[str], None]
"""How far samples of these variables are from the data; lower is better."""


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
      tensorboard: write for TensorBoard too.
      fork: a run directory to start from instead of from the first step.
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
    tensorboard: bool = False
    fork: Path | None = None


DEFAULTS = Options()


def train(
    experiment: Experiment,
    file: Path,
    arguments: dict[str, Any],
    *,
    seed: int,
    out: Path,
    options: Options = DEFAULTS,
    score: Score | None = None,
    say: Say = print,
) -> bool:
    """Train until ``experiment.steps``, going on from the newest checkpoint in ``out`` if there is one.

    Args:
      experiment: what to train.
      file: the experiment's file, kept in the run directory.
      arguments: of its ``experiment`` function.
      seed: of the run.
      out: the run directory.
      options: how the run is kept and seen.
      score: evaluates the averaged variables every ``options.evaluate_every`` steps and at the end; the
        checkpoint of the best is kept, and ``best.json`` names it.
      say: where progress goes, a line at a time.

    Returns:
      Whether it came to the end; False if a signal stopped it (its state is saved).

    Raises:
      UserError: if ``out`` holds a run with other settings or is in use, or the training diverges.
    """
    layout = layout_of(experiment, options.parallel)
    settings = settings_of(
        file, arguments, seed=seed, batch_size=experiment.batch_size, steps=experiment.steps
    )
    if score is not None:
        settings["score"] = score.protocol
    with ExitStack() as stack:
        # Only the leader writes; Orbax has all processes of a run save together.
        run = stack.enter_context(RunDirectory(out, exclusive=is_leader()))
        if is_leader():
            run.write_settings(settings, file, options.fork)
        checkpoints = stack.enter_context(
            Checkpoints(run.checkpoints, options.keep, options.keep_every)
        )
        state = _start(experiment, seed, layout, checkpoints, options.fork, say)
        session = _Session(run, experiment, options, checkpoints, state, score, say)
        stack.callback(session.log.close)
        stop = stack.enter_context(stop_requests())
        if not checkpoints.steps():  # a run that diverges at once has something to go back to
            checkpoints.save(state)
        feed = make_feed(experiment, state, layout, options.loader, options.reading)
        try:
            for newest, row in chunks(experiment, state, feed, options.log_every):
                if session.after(newest, row, last=stop.asked()):
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
    experiment: Experiment,
    seed: int,
    layout: Layout,
    checkpoints: Checkpoints,
    fork: Path | None,
    say: Say,
) -> TrainState:
    """The state to go on from: a checkpoint of this run, or of the run it forks from, or the first."""
    state = begin(experiment, seed, layout)
    sharding = layout.of_state(state)
    if checkpoints.steps():
        state = checkpoints.load_newest_intact(state, sharding, say)
        if int(state.step):
            say(f"resuming at step {int(state.step)}")
    elif fork is not None:
        read_settings(fork)
        with Checkpoints(fork / "checkpoints") as others:
            state = others.load(state, None, sharding)
        say(f"starting from step {int(state.step)} of {fork}")
    return state


class _Session:
    """What happens between chunks: rows, pictures, evaluations, checkpoints, warnings."""

    def __init__(
        self,
        run: RunDirectory,
        experiment: Experiment,
        options: Options,
        checkpoints: Checkpoints,
        state: TrainState,
        score: Score | None,
        say: Say,
    ) -> None:
        self._run, self._experiment, self._options = run, experiment, options
        self._checkpoints, self._score, self._say = checkpoints, score, say
        self._done = int(state.step)
        self._views = viewers(experiment)
        self._reference = reference_of(experiment)
        self._progress = Progress(experiment)
        self._doctor = Doctor(read_rows(run.metrics, self._done))
        self._best = run.best()
        checkpoints.pin(None if self._best is None else int(self._best["step"]))
        self.log: Log = Logs(self._open_logs() if is_leader() else [])

    def _open_logs(self) -> list[Log]:
        logs: list[Log] = [
            JsonLines(self._run.metrics, self._done),
            Csv(self._run.table, self._done),
        ]
        if self._options.tensorboard:
            logs.append(TensorBoard(self._run.tensorboard, self._done))
        return logs

    def after(self, state: TrainState, row: Row, last: bool) -> bool:
        """Do what is due after the chunk that ``row`` tells of; returns whether the run ends here."""
        step = int(row["step"])
        last = last or step >= self._experiment.steps
        if self._score and (last or self._due(step, self._options.evaluate_every)):
            row = {**row, "score": self._evaluated(state, step)}
        if last or self._due(step, self._options.sample_every):
            row = {**row, **self._pictured(state)}
        self.log.row(row)
        self._say(self._progress.line(row))
        for warning in self._doctor.row(row):
            self._say(f"warning: {warning}")
        if last or self._due(step, self._options.save_every):
            self._checkpoints.save(state)
        self._done = step
        return last

    def _due(self, step: int, every: int | None) -> bool:
        return every is not None and step // every > self._done // every

    def _pictured(self, state: TrainState) -> Row:
        """Write pictures, and return how widely the samples are spread; the leader does, with all's help."""
        variables = on_host(state.averaged_variables())
        if not is_leader():
            return {}
        views = {name: view(variables) for name, view in self._views.items()}
        write_pictures(self._run, views, self._reference, int(state.step), self.log)
        samples = views.get("samples")
        if not isinstance(samples, np.ndarray) or not isinstance(self._reference, np.ndarray):
            return {}
        if samples.shape[1:] != self._reference.shape[1:]:
            return {}
        return {SPREAD: spread(samples, self._reference)}

    def _evaluated(self, state: TrainState, step: int) -> float:
        assert self._score is not None
        value = self._score.measure(on_host(state.averaged_variables()))
        if self._best is None or value < self._best["score"]:
            self._best = {"step": step, "score": value}
            self._checkpoints.pin(step)
            self._checkpoints.save(state)
            if is_leader():
                self._run.write_best(self._best)
        return value
