"""Cycle consistency: what goes to the other domain and back is to be what it was."""

from typing import Any

import jax.numpy as jnp

from jgan.arguments import check_weight
from jgan.players import GENERATOR
from jgan.scene import Result, Scene, Term, mean


def cycle(weight: Any = 10.0, *, name: str = "cycle") -> Term:
    """weight · Σ over domains of E‖x - x''‖₁ / (elements of x) (Zhu et al. 2017, eq. 2).

    The meeting's ``made`` holds what came back, ``{field of the batch: (B, ...)}``.

    Raises:
      ValueError: if ``weight`` is not a finite number of at least 0.
    """
    check_weight("weight", weight)

    def value(scene: Scene) -> Result:
        gaps = [
            mean(jnp.abs(scene.batch[field] - back)) for field, back in scene.meeting.made.items()
        ]
        return sum(gaps[1:], gaps[0]), None, {}

    return Term(name, value, GENERATOR, weight=weight)
