"""How near the pictures of the gallery lie to their data, kept in a table that is committed."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from jgan.claims.evidence import read_rows
from jgan.claims.picture_distance import domain_distance, picture_distance
from jgan.evaluation.beside import facts_beside
from jgan.evaluation.extractors import get_extractor
from jgan.files import write_atomically
from jgan.training.experiment import Trained
from jgan.versions import commit

FEATURES = {"classifier": 2000, "efficientnet-lite0": 1000}
"""Samples that are measured in each extractor's features."""
YARDSTICK = "dcgan"
"""The experiment that all others are compared with."""


class Distance(NamedTuple):
    """A row: the Fréchet distance of one training's samples from as many training pictures.

    Attributes:
      experiment: name of its file, without ``.py``.
      data: name of the source.
      features: the extractor, one of `FEATURES`.
      samples: how many.
      value: the distance.
      beside: what must be read beside it.
      seconds: of the training.
      commit: of the code that measured.
      date: of the measurement.
    """

    experiment: str
    data: str
    features: str
    samples: int
    value: float
    beside: str
    seconds: float
    commit: str
    date: str


Distances = dict[tuple[str, str], Distance]


def measure_distances(name: str, trained: Trained, seconds: float) -> Iterator[Distance]:
    """The distances of a training, one in each of `FEATURES`; none unless its data are labelled pictures."""
    source = trained.experiment.source
    if not source.pictures or source.class_labels is None:
        return
    today = datetime.now(UTC).date().isoformat()
    for features, count in FEATURES.items():
        with facts_beside() as facts:
            if features == "classifier":
                value = domain_distance(trained, count)
            else:
                value = picture_distance(trained, get_extractor(features), count)
        beside = "; ".join(map(str, facts))
        yield Distance(name, source.name, features, count, value, beside, seconds, commit(), today)


def read_distances(path: Path) -> Distances:
    """The rows of a table by experiment and features; none if there is no file.

    Raises:
      UserError: if it is no such table.
    """
    rows = read_rows(path, Distance._fields, _read, "distances")
    return {(row.experiment, row.features): row for row in rows}


def keep_distances(path: Path, rows: Distances) -> None:
    """Add rows to a table, in the place of those of the same experiment and features."""
    kept = read_distances(path) | rows
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(Distance._fields)
    writer.writerows(
        row._replace(value=f"{row.value:.6g}", seconds=f"{row.seconds:.1f}")  # type: ignore[arg-type]
        for _, row in sorted(kept.items())
    )
    write_atomically(path, buffer.getvalue())


def describe(name: str, rows: Distances) -> Iterator[str]:
    """A line of Markdown for each of a system's distances, beside the yardstick's of the same data."""
    for features in FEATURES:
        row, yardstick = rows.get((name, features)), rows.get((YARDSTICK, features))
        if row is None:
            continue
        text = f"* Fréchet distance in the features of {_NAMES[features]}: {row.value:.3g}"
        if yardstick and name != YARDSTICK and yardstick.data == row.data:
            ratio = row.value / yardstick.value
            text += f", {ratio:.2f} times that of the DCGAN"
        yield f"{text} ({row.samples:,} samples{f'; {row.beside}' if row.beside else ''})"


_NAMES = {"classifier": "a classifier of the data", "efficientnet-lite0": "EfficientNet-Lite0"}


def _read(line: dict[str, Any]) -> Distance:
    numbers = {"samples": int, "value": float, "seconds": float}
    return Distance(**{**line, **{name: kind(line[name]) for name, kind in numbers.items()}})
