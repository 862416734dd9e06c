"""The study as sweeps: its phases, the records of each, and the time that they took."""

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from benchmarks._study import settings as of
from benchmarks._study.distance import DISTANCE, Distance
from benchmarks._study.scales import Scale
from jgan.display import showing
from jgan.files import make_folder, write_atomically
from jgan.runs.run import RunDirectory, settings_of
from jgan.runs.stop import stop_requests
from jgan.sweeps.axes import Setting
from jgan.sweeps.capacity import members_at_once, members_that_fit
from jgan.sweeps.plans import Member, plan
from jgan.sweeps.records import Record
from jgan.sweeps.sweep import sweep
from jgan.training.experiment import Experiment, Trained, load_experiment

FILE = Path(__file__).parents[2] / "experiments" / "created_equal.py"
Say = Callable[[str], None]


class Study(NamedTuple):
    """What is studied.

    Attributes:
      data: a source by name.
      scale: how large.
      methods: which.
      distance: how models are measured.
      out: the study's directory; each phase is a sweep in a directory of its own there.
      at_once: members in one program, None for as many as fit.
      first_seed: of the runs; that of the search if there is one.
    """

    data: str
    scale: Scale
    methods: Sequence[str]
    distance: Distance
    out: Path
    at_once: int | None = None
    first_seed: int = 0


SAVING = 30.0
"""Seconds that are kept for saving a population at the end of a job."""
Records = dict[str, list[Record]]
"""Of each phase that has begun, those of its finished members."""


def run(study: Study, stop: Callable[[], bool], say: Say) -> tuple[Records, bool]:
    """All phases, as far as ``stop`` allows, and whether they came to the end.

    Without a search they are "defaults", the paper's methods with their authors' settings under all seeds,
    and "others", the methods that the paper lacks. With one they are "wide" and "narrow", each setting under
    the first seed, the authors' default once among them, then "best": the best setting of each method so far
    under the seeds after it. A setting that the first seed favoured is not reported with it.
    """
    scale, found = study.scale, Records()
    if not scale.wide + scale.narrow:
        paper = [method for method in study.methods if method in of.PAPERS]
        others = [method for method in study.methods if method not in of.PAPERS]
        for name, methods in (("defaults", paper), ("others", others)):
            chosen = [of.authors(method) for method in methods]
            found[name], done = _phase(study, name, chosen, scale.seeds, stop, say)
            if not done:
                return found, False
        return found, True
    for name, ranges, count in (("wide", of.WIDE, scale.wide), ("narrow", of.NARROW, scale.narrow)):
        if count:
            chosen = [
                s for method in study.methods for s in of.random_settings(method, ranges, count)
            ]
            if not found:
                chosen = [*map(of.authors, study.methods), *chosen]
            found[name], done = _phase(study, name, chosen, 1, stop, say)
            if not done:
                return found, False
    searched = [record for phase in found.values() for record in phase]
    winners = [best_setting(searched, method) for method in study.methods]
    chosen = [setting for setting in winners if setting is not None]
    fresh = study._replace(first_seed=study.first_seed + 1)
    found["best"], done = _phase(fresh, "best", chosen, scale.seeds, stop, say)
    return found, done


def best_setting(records: Sequence[Record], method: str) -> Setting | None:
    """The setting of the method with the least distance at any checkpoint; None if all diverged."""
    own = [
        (best(record), number)
        for number, record in enumerate(records)
        if record.setting["method"] == method and diverged(record) is None
    ]
    return records[min(own)[1]].setting if own else None


def diverged(record: Record) -> int | None:
    """The step at which its metrics or its samples were no longer finite, or None."""
    if record.diverged is not None:
        return record.diverged
    return next(
        (int(row["step"]) for row in record.learning_curve if not math.isfinite(row[DISTANCE])),
        None,
    )


def best(record: Record) -> float:
    """The least distance over the checkpoints."""
    return min(row[DISTANCE] for row in record.learning_curve)


def last(record: Record) -> float:
    """The distance at the end."""
    return record.learning_curve[-1][DISTANCE]


def _phase(
    study: Study,
    name: str,
    chosen: Sequence[Setting],
    seeds: int,
    stop: Callable[[], bool],
    say: Say,
) -> tuple[list[Record], bool]:
    if not chosen:
        return [], True
    scale, folder = study.scale, study.out / name
    build = load_experiment(FILE).build
    fixed = {"data": study.data, "width": scale.width, "bn_decay": scale.bn_decay}
    runs = list(range(study.first_seed, study.first_seed + seeds))

    def resize(experiment: Experiment) -> Experiment:
        # The study counts discriminator steps, a rule counts updates.
        steps = max(1, scale.steps // experiment.rule.minibatches)
        return replace(experiment, steps=steps, batch_size=scale.batch_size)

    def observe(member: Member, trained: Trained) -> None:
        if member.setting in first:
            file = f"{member.setting['method']}-{member.seed}-{int(trained.state.step):06d}.png"
            write_atomically(pictures / file, study.distance.picture(trained))

    first = [next(s for s in chosen if s["method"] == m) for m in {s["method"] for s in chosen}]
    with RunDirectory(folder) as directory:
        pictures = make_folder(folder / "pictures")
        fit = study.at_once or members_at_once(folder)
        fit = fit or members_that_fit(resize(build(**fixed, **chosen[0])))
        experiment_settings = settings_of(
            FILE,
            fixed,
            seed=study.first_seed,
            batch_size=scale.batch_size,
            steps=scale.steps,
        )
        own = {
            "phase": name,
            "seeds": seeds,
            "at_once": fit,
            "scale": scale._asdict(),
            "distance": study.distance.about(),
        }
        described = [of.described(setting) for setting in chosen]
        directory.write_settings(
            {"sweep": {**own, "settings": described}, **experiment_settings}, FILE
        )
        batches = plan(fixed, of.axes(), chosen, runs, lambda own: fit)
        say(f"{name}: {len(chosen)} settings x {seeds} seeds in {len(batches)} programs, {folder}")
        with showing(sys.stdout):
            records = sweep(
                build,
                batches,
                directory,
                study.distance,
                resize=resize,
                log_every=scale.log_every,
                save_every=scale.save_every,
                measure_times=scale.times,
                observe=observe,
                stop=stop,
            )
    return records, len(records) == len(chosen) * seeds


class Jobs:
    """The time that a study took, over all processes that worked on it, killed ones included."""

    def __init__(self, folder: Path) -> None:
        folder = make_folder(folder)
        self._folder, self._file = folder, folder / f"{len(list(folder.glob('*.json'))):04d}.json"
        self._start = time.monotonic()

    def tell(self) -> None:
        """Write how long this process has worked."""
        content = json.dumps({"seconds": time.monotonic() - self._start})
        write_atomically(self._file, content + "\n")

    def seconds(self) -> list[float]:
        """Of all processes, this one included."""
        self.tell()
        return [
            float(json.loads(file.read_text())["seconds"])
            for file in sorted(self._folder.glob("*.json"))
        ]


@contextmanager
def until(minutes: float | None) -> Iterator[Callable[[], bool]]:
    """Whether to stop: a signal asked for it, or the next piece of work might not end in time.

    A piece is taken to last as long as the longest so far, and a quarter more; then `SAVING` is left.
    """
    start = previous = time.monotonic()
    longest = 0.0
    with stop_requests() as requests:

        def stop() -> bool:
            nonlocal previous, longest
            now = time.monotonic()
            previous, longest = now, max(longest, now - previous)
            late = minutes is not None and now - start + 1.25 * longest + SAVING > 60 * minutes
            return late or requests.requested()

        yield stop
