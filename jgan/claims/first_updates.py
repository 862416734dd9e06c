"""The first updates of a training: cheap to make again, and other numbers if the code trains something else."""

from typing import Any

import jax
import numpy as np

from jgan.training.experiment import Experiment
from jgan.training.feed import make_feed
from jgan.training.fit import begin, follow, layout_of
from jgan.training.loop import over_due

COUNT = 3
MEASURED = ("/loss", "/gradient_norm")
"""Ends of the names of the metrics that are kept."""
TOLERANCE = 1e-4
SMALLEST = 1e-6
"""Differences up to so much are rounding, however small the numbers."""

FirstUpdates = list[list[dict[str, float]]]
"""For each stage, and each of its first `COUNT` updates, losses and gradient norms by name."""


def first_updates(experiment: Experiment, seed: int) -> FirstUpdates:
    """Losses and gradient norms of the first updates of every stage, to six significant digits.

    A stage begins with the state in which the first updates of the stage before left it, so that the numbers
    of all stages take seconds. They are not finite where a training diverges at once.
    """
    found: FirstUpdates = []
    state: Any = None
    for stage in experiment.stages:
        layout = layout_of(stage)
        state = follow(stage, state, layout) if found else begin(experiment, seed, layout)
        feed = make_feed(stage, state, layout)
        rows = []
        for _ in range(min(COUNT, stage.steps)):
            state, metrics = feed(state, 1)
            row = over_due(jax.device_get(metrics))
            kept = {name: value for name, value in row.items() if name.endswith(MEASURED)}
            rows.append({name: float(f"{float(kept[name]):.6g}") for name in sorted(kept)})
        found.append(rows)
    return found


def same_first_updates(one: FirstUpdates, other: FirstUpdates) -> bool:
    """Whether two trainings began alike, to rounding.

    >>> now = [[{"generator/loss": 0.5}]]
    >>> same_first_updates(now, [[{"generator/loss": 0.50004}]])
    True
    >>> same_first_updates(now, [[{"generator/loss": 0.5001}]])
    False
    """
    rows, others = ([row for stage in numbers for row in stage] for numbers in (one, other))
    if list(map(len, one)) != list(map(len, other)):
        return False
    return all(
        row.keys() == another.keys()
        and np.allclose(
            [row[name] for name in row],
            [another[name] for name in row],
            rtol=TOLERANCE,
            atol=SMALLEST,
            equal_nan=True,
        )
        for row, another in zip(rows, others, strict=True)
    )
