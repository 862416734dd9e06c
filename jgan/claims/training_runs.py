"""The trainings of claims as runs in folders: trained once, gone on with when killed, measured.

``OUT/NAME/SEED`` is the run directory of a training under one seed, and holds ``verify.json`` besides.
Every seed is a run of its own and not a member of a population. A run is what is resumed bitwise and looked at
by every other command, and a member is bitwise a run of its own only where operations are not batched. It would
also gain little: three seeds of ``experiments/r1.py`` on the ring took 2.1 to 5.8 ms a step as one program,
vmapped or mapped, on one device or two, and 3.0 to 3.6 ms one after the other (two busy cores).
"""

import contextlib
import math
import shutil
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import jax

from jgan.claims.claim_value import ClaimValue, claim_value
from jgan.claims.first_updates import FirstUpdates, first_updates, same_first_updates
from jgan.claims.results import (
    DIVERGED,
    FINISHED,
    TRAINING,
    Result,
    read_result,
    write_result,
)
from jgan.claims.trainings import Training
from jgan.display import muted, say, task
from jgan.runs.checkpoint import SavedCheckpoints
from jgan.runs.health import SPREAD
from jgan.runs.logs import Row, read_rows
from jgan.runs.saved import shape_of_state
from jgan.runs.train import Options, train
from jgan.training.experiment import Claim, ExperimentFile, Trained
from jgan.training.fit import Diverged
from jgan.training.resources import forget_peak, peak_bytes
from jgan.training.user_code import as_user_error
from jgan.versions import code_hash, commit, versions

EVERY = 100
"""Steps between rows of metrics, as `jgan.training.fit.fit` has them."""
SAVES = 20
MIB = 2**20


class TrainingRuns:
    """The runs of an experiment's trainings below one folder, which the caller holds.

    Args:
      file: the experiment's.
      folder: where they are, or will be.
    """

    def __init__(self, file: ExperimentFile, folder: Path) -> None:
        self._file, self._folder = file, folder

    def path(self, training: Training, seed: int) -> Path:
        """The run directory of a training under a seed."""
        return self._folder / training.name / str(seed)

    def result(self, training: Training, seed: int, claims: Sequence[Claim] = ()) -> Result:
        """What became of a training, with the values of ``claims``; trains and measures what is not yet kept.

        A training of other code than this is kept if its first updates are what they were; its values are
        measured again. If they differ it is trained again.

        Raises:
          KeyboardInterrupt: if a signal stopped the training; the next call goes on with it.
          UserError: if the training or a measurement fails, or the folder holds something else.
        """
        result = self._kept(training, seed) or self._begun(training, seed)
        if result.state == TRAINING:
            result = self._trained(training, seed, result)
        missing = [claim for claim in claims if claim.name not in result.values]
        if not missing:
            return result
        trained = self.trained(training, seed)
        for claim in missing:
            with as_user_error("a claim's measurement"):
                found = (
                    ClaimValue(math.nan) if trained is None else claim_value(claim.measure, trained)
                )
            result = result._replace(values=result.values | {claim.name: found.value})
            if found.beside:
                result = result._replace(beside=result.beside | {claim.name: found.beside})
            write_result(self.path(training, seed), result)
        return result

    def trained(self, training: Training, seed: int) -> Trained | None:
        """A finished training by its last checkpoint and its rows of metrics; None for one that diverged.

        Raises:
          UserError: if it is not finished or its checkpoint is damaged.
        """
        run = self.path(training, seed)
        result = read_result(run)
        if result is not None and result.state == DIVERGED:
            return None
        experiment = training.experiment
        saved = SavedCheckpoints(run / "checkpoints")
        state = saved.load(shape_of_state(experiment), experiment.steps)
        rows = _metric_rows(run)
        if training.earlier is not None:
            rows = [*_metric_rows(self.path(training.earlier, seed)), *rows]
        return Trained(experiment, state, rows)

    def _kept(self, training: Training, seed: int) -> Result | None:
        """The result of an earlier call, unless the code of today trains something else."""
        run = self.path(training, seed)
        result = read_result(run)
        if result is None or result.code == code_hash():
            return result
        if same_first_updates(result.first_updates, _first_updates(training, seed)):
            result = result._replace(code=code_hash(), values={}, beside={})
            write_result(run, result)
            return result
        say(f"{run} is stale: the code has changed, and its first updates with it.")
        shutil.rmtree(run)
        return None

    def _begun(self, training: Training, seed: int) -> Result:
        result = Result(
            TRAINING,
            seconds=0.0,
            peak_memory=0.0,
            commit=commit(),
            date=datetime.now(UTC).date().isoformat(),
            versions=versions(),
            code=code_hash(),
            first_updates=_first_updates(training, seed),
        )
        write_result(self.path(training, seed), result)
        return result

    def _trained(self, training: Training, seed: int, result: Result) -> Result:
        """The result of a training that is begun or gone on with, at its end."""
        run, experiment = self.path(training, seed), training.experiment
        from_run = training.from_run
        if training.earlier is not None:
            from_run = self.path(training.earlier, seed)
            if self.result(training.earlier, seed).state == DIVERGED:
                result = result._replace(state=DIVERGED)
                write_result(run, result)
                return result
        options = Options(
            log_every=EVERY,
            sample_every=experiment.steps,
            save_every=max(EVERY, experiment.steps // SAVES),
            keep=2,
            from_run=from_run,
        )
        say(f"training {run} ({experiment.steps} steps)")
        meter = _Meter(run, result)
        # Controls are warned of as a rule, which says nothing new.
        with meter.kept(), muted():
            try:
                ended = train(
                    experiment,
                    self._file.path,
                    training.arguments,
                    seed=seed,
                    out=run,
                    options=options,
                    report=False,
                    after_row=meter.note,
                )
            except Diverged:
                meter.state = DIVERGED
            else:
                if not ended:
                    raise KeyboardInterrupt
                meter.state = FINISHED
        return meter.result()


def _first_updates(training: Training, seed: int) -> FirstUpdates:
    with muted(), task("looking at the first updates"):
        return first_updates(training.experiment, seed)


def _metric_rows(run: Path) -> list[Row]:
    """The rows of metrics that `fit` would have returned; a run adds what its pictures show."""
    return [
        {name: value for name, value in row.items() if name != SPREAD}
        for row in read_rows(run / "metrics.jsonl")
    ]


class _Meter:
    """Keeps the seconds and the memory of a training on the way, so that a kill loses a second of them."""

    def __init__(self, run: Path, before: Result) -> None:
        self.state = TRAINING
        self._run, self._before = run, before
        forget_peak()
        self._start = self._written = time.monotonic()

    def result(self) -> Result:
        """The result as of now."""
        peak = round(peak_bytes(jax.devices()[0]) / MIB, 1)
        return self._before._replace(
            state=self.state,
            seconds=round(self._before.seconds + time.monotonic() - self._start, 3),
            peak_memory=max(self._before.peak_memory, peak),
        )

    def note(self, row: Row) -> None:
        """Note the time at a row of metrics."""
        if time.monotonic() - self._written > 1:
            self._written = time.monotonic()
            write_result(self._run, self.result())

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Write the result at the end, whatever ends it."""
        try:
            yield
        finally:
            write_result(self._run, self.result())
