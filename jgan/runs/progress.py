"""What the live line of a training shows beside steps, rate and time left."""

from collections.abc import Sequence

from jgan.display import Task, duration, say, speed
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.training.experiment import Experiment

Row = dict[str, float]
LOSSES = (GENERATOR, DISCRIMINATOR)
WORTH_SAYING = 5.0
"""Seconds from which on it is said how long the rest of a training will take."""


class Progress:
    """Shows losses, the last score and warnings of a training, and gradients where there is room."""

    def __init__(self, experiment: Experiment, shown: Task) -> None:
        self._experiment, self._shown = experiment, shown
        self._score: float | None = None
        self._warnings = 0
        self._number = experiment.number(int(shown.done))
        self._expected = False

    def update(self, row: Row, warnings: Sequence[str] = ()) -> None:
        """Show the chunk that has just ended; after the first one, say how long the rest will take."""
        step = int(row["step"])
        number = self._experiment.number(step)
        self._score = row.get("score", self._score)
        self._warnings += len(warnings)
        self._shown.update(step)
        self._shown.update(step, self._fields(row, number), self._details(row, number))
        if not self._expected:
            self._expected = True
            self._say_what_to_expect()
        if number != self._number:
            # Steps of another stage take another time.
            self._number = number
            self._shown.restart()

    def _say_what_to_expect(self) -> None:
        left, rate = self._shown.left, self._shown.rate
        if left is not None and rate is not None and left >= WORTH_SAYING:
            steps = self._experiment.steps - int(self._shown.done)
            say(f"time: about {duration(left)} for {steps:,} more steps, at {speed(rate, 'steps')}")

    def _fields(self, row: Row, number: int) -> list[str]:
        fields = [f"{player[0].upper()} {row[f'{player}/loss']:.3f}" for player in LOSSES]
        count = len(self._experiment.stages)
        if count > 1:
            fields.insert(0, f"stage {number + 1}/{count}")
        if self._score is not None:
            fields.append(f"score {self._score:.4g}")
        if self._warnings:
            fields.append(f"{self._warnings} warning{'s' if self._warnings > 1 else ''}")
        return fields

    def _details(self, row: Row, number: int) -> list[str]:
        gradients = " and ".join(f"{row[f'{player}/gradient_norm']:.2g}" for player in LOSSES)
        details = [f"gradients {gradients}"]
        rate = self._shown.rate
        if rate is not None:
            stage = self._experiment.stages[number]
            details.append(f"{rate * stage.batch_size * stage.rule.minibatches:,.0f} examples/s")
        return details
