"""The training of one population to the end of a leg, from its beginning or where an earlier call left it."""

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import jax
import numpy as np

from jgan.display import Task, warn
from jgan.errors import UserError
from jgan.files import make_folder
from jgan.runs.checkpoint import Checkpoints
from jgan.sweeps.histories import PopulationHistory, diverged, finite
from jgan.sweeps.legs import Leg, carry_over
from jgan.sweeps.plans import Batch, Member
from jgan.sweeps.population import population
from jgan.sweeps.records import Record
from jgan.training.experiment import Experiment, Trained
from jgan.training.loop import over_due

Measures = Callable[[Trained], Mapping[str, float]]
Observer = Callable[[Member, Trained], None]
Keeper = Callable[[Member, Trained, Mapping[str, float]], None]


class Cadence(NamedTuple):
    """How often a population in training is logged, saved and measured.

    Attributes:
      log_every: steps between rows.
      save_every: steps between checkpoints.
      measure_times: evenly spaced points at which every member is measured, the last of them the end.
      rungs: steps after which members are measured besides.
    """

    log_every: int = 100
    save_every: int = 1000
    measure_times: int = 1
    rungs: tuple[int, ...] = ()

    def marks(self, steps: int) -> list[int]:
        """The steps after which members are measured.

        >>> Cadence(measure_times=4, rungs=(4,)).marks(10)
        [3, 4, 5, 8, 10]
        """
        times = self.measure_times
        even = (math.ceil(steps * part / times) for part in range(1, times + 1))
        return sorted({*even, *self.rungs})

    def next(self, step: int, steps: int, ends: Sequence[int] = ()) -> int:
        """Where the chunk that begins at ``step`` ends; at one of ``ends``, those of stages, at the latest."""
        mark = min(mark for mark in (*self.marks(steps), *ends) if mark > step)
        return min(step + self.log_every - step % self.log_every, mark)


class Training(NamedTuple):
    """What all populations of a sweep share.

    Attributes:
      build: the experiment function, sizes included.
      way: of computing members, as in `jgan.sweeps.population.population`.
      measures: what is measured of each member.
      observe: shown every member that is about to be measured.
      keep: given every member that was measured and what was measured of it.
      cadence: how often.
      stop: asked after every chunk and every measurement.
    """

    build: Callable[..., Experiment]
    way: str | None
    measures: Measures
    observe: Observer
    keep: Keeper
    cadence: Cadence
    stop: Callable[[], bool]


def train_batch(
    training: Training, batch: Batch, name: str, leg: Leg, before: Leg | None, clock: "Clock"
) -> list[Record] | None:
    """The records of a population at the end of a leg, or None if it was stopped (its state is saved).

    Args:
      training: what all populations share.
      batch: its members.
      name: of it.
      leg: that it goes.
      before: the leg that its members have gone before, or None.
      clock: shows how far it is.
    """
    values = {name: [own.setting[name] for own in batch.members] for name in batch.traced}
    seeds = [own.seed for own in batch.members]
    # One is kept, whose data fill the devices.
    stage = functools.lru_cache(1)(
        lambda number: population(
            training.build, batch.arguments, seeds, values, training.way, number
        )
    )
    whole, cadence = stage(0).whole, training.cadence
    steps, ends, members = whole.steps, whole.ends, len(batch.members)
    until = leg.end or steps
    if until > steps or (leg.end is not None and until == steps):
        raise UserError(
            f"--rungs has {until}, but must be below the {steps} updates of {batch.members[0].setting}."
        )

    def measure(index: int, trained: Trained) -> Mapping[str, float]:
        training.observe(batch.members[index], trained)
        found = training.measures(trained)
        training.keep(batch.members[index], trained, found)
        return found

    log, measured = leg.records / f"{name}.jsonl", leg.current / f"{name}.measured"
    make_folder(leg.current)
    make_folder(leg.states)
    with Checkpoints(leg.states / name, keep=2) as checkpoints:
        carried = None
        if not checkpoints.steps() and before is not None:
            assert before.end is not None
            shapes = stage(whole.number(before.end)).shapes
            carried = carry_over(before, batch.members, shapes, log, measured)
            if carried is None:
                warn(
                    f"states of step {before.end} in {str(before.states)!r} are missing or damaged; their "
                    "members are trained from the beginning."
                )
        if carried is not None:
            states = carried
        elif checkpoints.steps():
            like = lambda step: stage(whole.number(step)).shapes
            states = checkpoints.load_newest_intact(like)
        else:
            states = stage(0).init()
        step = int(states.step)
        made = stage(whole.number(step))
        clock.begin(step, steps)
        population_history = PopulationHistory(log, measured, step)
        while True:
            if step in cadence.marks(steps):
                # Measuring may take longer than training: what it looks at has to outlive a kill.
                checkpoints.save(states, step)
                if not population_history.measure(
                    made, states, step, members, measure, training.stop
                ):
                    return None
            if step == until:
                break
            if step in ends:
                checkpoints.save(states, step)
                made = stage(ends.index(step) + 1)
                states = made.init(states)
            previous, step = step, cadence.next(step, steps, ends)
            states, metrics = made.run(states, step - previous)
            means = over_due(jax.device_get(metrics))
            row = {name: np.asarray(value).tolist() for name, value in means.items()}
            population_history.log({"step": step, **row})
            clock.update(step, steps)
            stopped = training.stop()
            if stopped or step // cadence.save_every > previous // cadence.save_every:
                checkpoints.save(states, step)
            if stopped:
                return None
    return [_record(own, population_history, index) for index, own in enumerate(batch.members)]


def _record(own: Member, population_history: PopulationHistory, index: int) -> Record:
    history, measured = population_history.history(index), population_history.measures(index)
    end = diverged(history)
    at_end = measured[-1] if end is None else {}
    found = {name: value for name, value in at_end.items() if name != "step"}
    last = {name: value if finite(value) else None for name, value in history[-1].items()}
    return Record(own.setting, own.seed, end, found, last, measured)  # type: ignore[arg-type]


class Clock:
    """Shows how far a population is; part of a training counts as part of a member.

    Args:
      shown: the task of the whole sweep, whose members are counted.
      members: of the population.
      share: of their training, is counted already.
    """

    def __init__(self, shown: Task, members: int, share: float = 0.0) -> None:
        self._shown, self._members, self._share = shown, members, share
        self._first = shown.done - members * share

    def begin(self, step: int, steps: int) -> None:
        """The population goes on from a step to which an earlier call has come."""
        self._shown.skip(self._members * (step / steps - self._share))

    def update(self, step: int, steps: int) -> None:
        """The population has come to a step."""
        self._shown.update(
            self._first + self._members * step / steps,
            [f"step {step:,}/{steps:,} of {self._members} at once"],
        )
