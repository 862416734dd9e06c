"""What metrics are computed from, and what they return."""

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from jgan.data.densities import Density
from jgan.errors import UserError
from jgan.evaluation.collect import Collected
from jgan.evaluation.samples import Latents
from jgan.features.extractor import Extractor
from jgan.features.judge_accuracy import JudgeAccuracy
from jgan.metrics.equivariance import Generate
from jgan.metrics.subsets import draw_rows, stream

INCEPTION = "inception-2015-12-05"
STANDARD_ERROR = "standard error"
OVER_SUBSETS = "standard deviation over subsets"
OVER_SPLITS = "standard deviation over splits"
UNCERTAINTIES = (STANDARD_ERROR, OVER_SUBSETS, OVER_SPLITS)
POINTS = "coordinates"


@dataclass(frozen=True)
class Evidence:
    """Samples and reference as gathered, and what else a metric may ask for.

    Attributes:
      samples: of the generator, or the first set of a comparison.
      reference: real examples, or the second set.
      held_out: real examples that the generator was not trained on, or None.
      extractor: of the features; None for points.
      density: of the data where it is known.
      classes: how many the reference's labels have.
      latents: the generator as a function of latents, or None.
      transformed: the generator as equivariance asks it, or None.
      seed: of every random choice.
      names: of the classes of the samples' labels, empty where they are not known.
    """

    samples: Collected
    reference: Collected
    held_out: Collected | None = None
    extractor: Extractor | None = None
    density: Density | None = None
    classes: int = 0
    latents: Latents | None = None
    transformed: Generate | None = None
    seed: int = 0
    names: tuple[str, ...] = ()

    def named(self, inception: str, other: str) -> str:
        """A metric's name: the published one for Inception's features only."""
        if self.extractor is not None and self.extractor.name == INCEPTION:
            return inception
        return f"{other} ({POINTS if self.extractor is None else self.extractor.name})"


class Value(NamedTuple):
    """One number.

    Attributes:
      name: of what was measured, with the features where they decide it.
      value: the number.
      uncertainty: what is printed behind ±, None where there is none; ``settings["spread"]`` says which of
        `UNCERTAINTIES` it is, and files name it so too.
      better: "lower", "higher" or "" where neither is.
      settings: all that decides the number beyond the protocol, and numbers to read it by.
    """

    name: str
    value: float
    uncertainty: float | None = None
    better: str = "lower"
    settings: dict[str, Any] = {}

    def as_json(self) -> dict[str, Any]:
        """The fields by their names in files, where the uncertainty is called ``"spread"``."""
        fields = self._asdict()
        return {"spread" if name == "uncertainty" else name: fields[name] for name in fields}


@dataclass(frozen=True)
class Measurement:
    """What a metric found.

    Attributes:
      values: the numbers.
      warnings: sentences that must be read with them.
      pairs: images to look at side by side, float32 in [-1, 1], ``(n, 2, H, W, C)``, or None.
    """

    values: list[Value]
    warnings: list[str] = field(default_factory=list)
    pairs: np.ndarray | None = None


def judged(measurement: Measurement, accuracy: JudgeAccuracy | None) -> Measurement:
    """The same with a classifier's test accuracy as the setting ``judge`` of every value, where it is known."""
    if accuracy is None:
        return measurement
    values = [
        value._replace(settings={**value.settings, "judge": accuracy.words})
        for value in measurement.values
    ]
    return replace(measurement, values=values)


def present[T](value: T | None, metric: str, what: str) -> T:
    """``value``, if it is there.

    Raises:
      UserError: that ``metric`` needs it.
    """
    if value is None:
        raise UserError(f"metric {metric!r} needs {what}, which this evaluation does not have.")
    return value


def as_many(
    first: np.ndarray,
    second: np.ndarray,
    labels: tuple[np.ndarray | None, np.ndarray | None],
    most: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """As many rows of both, at most ``most``, drawn by the seed, each class by its share where it is known."""
    count = min(len(first), len(second), most)
    chosen = [
        array[draw_rows(len(array), count, stream(seed, side), label)]
        for side, array, label in zip(
            ("samples", "reference"), (first, second), labels, strict=True
        )
    ]
    return chosen[0], chosen[1]
