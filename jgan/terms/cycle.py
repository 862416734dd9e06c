"""Cycle consistency: what goes to the other domain and back is to be what it was, and what is there stays."""

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


def identity_mapping(weight: Any = 5.0, *, name: str = "identity") -> Term:
    """weight · Σ over domains of E‖G_x(x) - x‖₁ / (elements of x) (Zhu et al. 2017, section 5.2).

    The generator's part of a domain's name makes pictures of that domain; given one, it is to leave it alone.
    The domains are the fields of the meeting's ``made``, as for `cycle`.

    Raises:
      ValueError: if ``weight`` is not a finite number of at least 0; from ``init``, if the shapes of the
        domains differ, so that one's pictures cannot be another's.
    """
    check_weight("weight", weight)

    def check(scene: Scene) -> None:
        shapes = {field: scene.batch[field].shape[1:] for field in scene.meeting.made}
        if len(set(shapes.values())) > 1:
            found = ", ".join(f"{field} {shape}" for field, shape in shapes.items())
            raise ValueError(
                f"the identity term needs domains of one shape, but there are {found}; give it weight 0."
            )

    def value(scene: Scene) -> Result:
        gaps = [
            mean(jnp.abs(scene.make[field](scene.batch[field]) - scene.batch[field]))
            for field in scene.meeting.made
        ]
        return sum(gaps[1:], gaps[0]), None, {}

    return Term(name, value, GENERATOR, weight=weight, check=check)
