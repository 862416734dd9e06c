"""One line about each chunk: step, speed, time left, and each player's loss and gradient norm."""

import time
from collections.abc import Callable

from jgan.training.experiment import Experiment

Row = dict[str, float]


class Progress:
    """Tells how far a run is. Speed and time left are over what this process has trained of the stage."""

    def __init__(self, experiment: Experiment, clock: Callable[[], float] = time.monotonic) -> None:
        self._steps = experiment.steps
        self._experiment = experiment
        self._clock = clock
        self._number: int | None = None
        self._first = 0.0, 0

    def line(self, row: Row) -> str:
        """The line about a chunk that has just ended."""
        step, now = int(row["step"]), self._clock()
        parts = [f"step {step}/{self._steps}"]
        number = self._experiment.number(step)
        if self._experiment.earlier:
            parts.append(f"stage {number + 1}/{len(self._experiment.stages)}")
        if number != self._number:
            # The first chunk of a stage compiles, so its time says nothing about the rest.
            self._number, self._first = number, (now, step)
        else:
            since, start = self._first
            seconds = max(now - since, 1e-9) / (step - start)
            stage = self._experiment.at(step)
            examples = stage.batch_size * stage.rule.minibatches
            minutes, rest = divmod(round((self._steps - step) * seconds), 60)
            parts += [f"{examples / seconds:,.0f} images/s", f"{minutes}:{rest:02d} left"]
        parts += [
            f"{player[0].upper()} {row[f'{player}/loss']:.3f} (grad {row[f'{player}/gradient_norm']:.2g})"
            for player in ("generator", "discriminator")
        ]
        if "score" in row:
            parts.append(f"score {row['score']:.4g}")
        return "  ".join(parts)
