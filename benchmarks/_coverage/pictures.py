"""Samples as pictures beside the results."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from jgan.data import load
from jgan.files import write_atomically
from jgan.runs.images import encode_png, grid

COLUMNS = 6
LARGER = 3


def picture(data: str, shown: Mapping[str, np.ndarray], path: Path) -> None:
    """Samples of every method: a scatter of points, rows of pictures."""
    (contact_sheet if data == "stacked" else partial(scatter, data))(shown, path)


def scatter(data: str, shown: Mapping[str, np.ndarray], path: Path) -> None:
    """Points of each method over the data."""
    real = np.asarray(load(data, size=2000).arrays["image"])
    rows = -(-len(shown) // COLUMNS)
    figure, axes = plt.subplots(
        rows, COLUMNS, figsize=(2 * COLUMNS, 2.1 * rows), squeeze=False, layout="constrained"
    )
    reach = 1.25 * np.abs(real).max()
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, (name, points) in zip(axes.flat, shown.items(), strict=False):
        axis.scatter(*real.T, s=4, c="#bbbbbb", linewidths=0)
        axis.scatter(*points.T, s=3, c="#c03060", linewidths=0)
        axis.set(title=name, xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    figure.savefig(path, dpi=90)
    plt.close(figure)


def contact_sheet(shown: Mapping[str, np.ndarray], path: Path) -> None:
    """Pictures of each method, a row for each in the order of the table."""
    rows = [images[:20] for images in shown.values()]
    sheet = grid(np.concatenate(rows), columns=len(rows[0]))
    write_atomically(path, encode_png(sheet.repeat(LARGER, axis=0).repeat(LARGER, axis=1)))
