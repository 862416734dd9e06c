"""The queue of training sets, each a process of its own, and that process."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks._evidence.subjects import Subject
from benchmarks._evidence.training_sets import TrainingSet, wanted_keys
from jgan.claims.evidence import merge_evidence, row_of
from jgan.claims.training_runs import TrainingRuns
from jgan.claims.verify import mark
from jgan.files import make_folder
from jgan.runs.run import RunDirectory
from jgan.runs.stop import STOPPED

ROOT = Path(__file__).parents[2]
WATCHED = 2.0
"""Seconds between a process's looks at whether its queue still lives."""


class Outcome(NamedTuple):
    """How many sets were finished, failed, and were left when the time was over."""

    finished: int
    failed: int
    left: int


def run_queue(sets: Sequence[TrainingSet], words: Sequence[str], until: float) -> Outcome:
    """Run sets in order, each as ``python -m benchmarks.evidence --train`` in a process of its own.

    One that fails is passed over. When the time is over, or this process is interrupted, the set in training is
    asked to save its state.

    Args:
      sets: what to run.
      words: flags for all of these processes.
      until: the value of ``time.monotonic()`` at which to stop.

    Raises:
      KeyboardInterrupt: if this process was interrupted.
    """
    finished = failed = 0
    for own in sets:
        left = until - time.monotonic()
        if left <= 0:
            break
        seeds = map(str, own.seeds)
        command = [sys.executable, "-m", "benchmarks.evidence", *words]
        command += ["--only", own.experiment, "--train", own.training, *seeds]
        # In a session of its own, so that an interrupt at the terminal reaches it once, from here.
        process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
        try:
            code = process.wait(None if left == float("inf") else left)
        except (subprocess.TimeoutExpired, KeyboardInterrupt) as ended:
            process.terminate()
            finished += process.wait() == 0
            if isinstance(ended, KeyboardInterrupt):
                raise
            continue
        if code in (STOPPED, -signal.SIGTERM):
            raise KeyboardInterrupt
        finished += code == 0
        failed += code != 0
    return Outcome(finished, failed, len(sets) - finished - failed)


def run_set(
    subject: Subject,
    training: str,
    now: Sequence[int],
    catalogue: Path,
    runs: Path,
    seeds: Sequence[int],
    control_seeds: int,
) -> None:
    """Train and measure one training under some seeds, adding rows and printing a line for each seed.

    Args:
      subject: whose training it is.
      training: its name, by `jgan.claims.trainings.plan`.
      now: the seeds.
      catalogue: the table.
      runs: the folder of all experiments' trainings.
      seeds: of which results are wanted of systems and rivals.
      control_seeds: how many of these results of controls are wanted under.

    Raises:
      UserError: as from `TrainingRuns.result`.
      KeyboardInterrupt: if a signal stopped it.
    """
    experiment, made = subject.load()
    claims = {claim.name: claim for claim in made.claims}
    chosen = next(one for one in made.trainings.values() if one.name == training)
    folder = make_folder(runs / subject.name)
    with RunDirectory(folder):
        mark(folder, experiment)
        trained = TrainingRuns(experiment, folder)
        wanted = wanted_keys(subject.name, made, seeds, control_seeds)[training]
        for seed in now:
            pairs = [(claims[claim], variant) for _, claim, variant, own in wanted if own == seed]
            result = trained.result(chosen, seed, [claim for claim, _ in pairs])
            rows = [
                row_of(subject.name, claim, variant, seed, chosen.experiment.steps, result)
                for claim, variant in pairs
            ]
            merge_evidence(catalogue, rows)
            values = "; ".join(
                f"{row.claim} ({row.variant}): {row.value:.4g}, bound {row.bound}" for row in rows
            )
            print(f"{subject.name}, seed {seed}, {result.seconds:.0f} s: {values}", flush=True)


def end_with_parent() -> None:
    """Let this process be asked to stop, with its training saved, once its parent is no more."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCHED)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
