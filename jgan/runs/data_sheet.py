"""``data.png``: what a training learns from, at a glance, before it begins."""

import math
from typing import Any

import numpy as np

from jgan.data import Source
from jgan.files import write_atomically
from jgan.runs.images import encode_png, grid
from jgan.runs.run import RunDirectory
from jgan.runs.views import pictures_of, reference_of
from jgan.training.stages import Stage

ACROSS = 10
"""Examples in a row of the sheet, and rows."""
PIXELS = 96
"""Larger pictures are shown by every second pixel, every third, and so on."""


def write_data_sheet(run: RunDirectory, stage: Stage) -> list[str]:
    """Write ``data.png`` into a run directory, or a picture for each field of the example; returns their names.

    Pictures with classes are shown class by class, a row for each of the first ten. Examples that have no
    picture, such as sequences, leave no file.
    """
    if stage.source.pictures:
        sheets = {"data": grid(sheet_of(stage.source), columns=min(ACROSS, stage.source.size))}
    else:
        examples = reference_of(stage)
        sheets = pictures_of({"data": examples}, examples)
    names = []
    for name, pixels in sheets.items():
        write_atomically(run.path / f"{name}.png", encode_png(pixels))
        names.append(f"{name}.png")
    return names


def sheet_of(source: Source) -> np.ndarray:
    """At most 100 pictures of a source in rows of ten, ``(B, H, W, C)`` float32 in [-1, 1].

    Of a class that has fewer than ten, the rest of the row is white.
    """
    field: Any = source.example
    labels = None if source.class_labels is None else np.asarray(source.class_labels)
    if labels is None:
        rows = np.linspace(0, source.size - 1, min(source.size, ACROSS**2)).astype(int)
        return _smaller(source.at(rows)[field])
    sheet = []
    for number in range(min(source.num_classes, ACROSS)):
        rows = np.flatnonzero(labels == number)[:ACROSS]
        row = _smaller(source.at(rows)[field]) if len(rows) else None
        sheet.append((row, ACROSS - len(rows)))
    shape = next(row for row, _ in sheet if row is not None).shape[1:]
    white = lambda count: np.ones((count, *shape), np.float32)
    return np.concatenate(
        [part for row, rest in sheet for part in (row, white(rest)) if part is not None]
    )


def _smaller(pictures: np.ndarray) -> np.ndarray:
    every = math.ceil(max(pictures.shape[1:3]) / PIXELS)
    return np.asarray(pictures[:, ::every, ::every], np.float32)
