"""Where a vector field jumps, and whether its flow gets across."""

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

Velocity = Callable[[np.ndarray], np.ndarray]
FieldValue = tuple[np.ndarray, np.ndarray]
"""A point ``(n,)`` and the field there."""


class Jump(NamedTuple):
    """Two neighbouring points on both sides of a jump, and the field there, all ``(n,)``.

    Attributes:
      near: on the side of the first point that was asked about.
      far: on the other side, as near as the precision of the points allows.
      near_velocity: the field at ``near``.
      far_velocity: the field at ``far``.
    """

    near: np.ndarray
    far: np.ndarray
    near_velocity: np.ndarray
    far_velocity: np.ndarray

    @property
    def size(self) -> float:
        """The length of the difference of the field on both sides."""
        return float(np.linalg.norm(self.far_velocity - self.near_velocity))


def find_jump(
    velocity: Velocity, evaluations: Sequence[FieldValue], fastest: float, eps: float
) -> Jump | None:
    """The jump between two of the points at which a field was evaluated one after the other, if there is one.

    It is looked for where the field changed most for the distance. Halving the distance halves the change of
    a smooth field, and leaves that of a jump as it is.

    Args:
      velocity: the field.
      evaluations: where it was evaluated, in order, and its values.
      fastest: the largest speed on the way; smaller changes than sqrt(eps) of it are taken for rounding.
      eps: relative precision of the points.
    """
    pairs = list(itertools.pairwise(evaluations))
    steepness = [
        np.linalg.norm(w - v) / max(float(np.linalg.norm(y - x)), resolution(x, eps))
        for (x, v), (y, w) in pairs
    ]
    (x, v), (y, w) = pairs[int(np.argmax(steepness))]
    whole = np.linalg.norm(w - v)
    if whole <= np.sqrt(eps) * fastest:
        return None
    while np.linalg.norm(y - x) > resolution(x, eps):
        middle = 0.5 * (x + y)
        u = velocity(middle)
        if np.linalg.norm(u - v) >= np.linalg.norm(w - u):
            y, w = middle, u
        else:
            x, v = middle, u
        if np.linalg.norm(w - v) < 0.4 * whole:
            return None
    return Jump(x, y, v, w)


def resolution(x: np.ndarray, eps: float) -> float:
    """The distance from ``x`` at which two points count as the same."""
    return 8 * eps * (1 + float(np.linalg.norm(x)))


def direction(velocity: Velocity, jump: Jump, eps: float) -> str:
    """Where the field leads at a jump: ``"across"``, ``"towards"`` it or ``"away"`` from it on both sides.

    Players who are led towards the jump from both sides chatter there in any method with finite steps.
    """
    reach = 1e4 * resolution(jump.near, eps)

    def on_near_side(point: np.ndarray, along: np.ndarray) -> bool:
        speed = float(np.linalg.norm(along))
        ahead = velocity(point + reach * along / speed) if speed > 0 else along
        gaps = [np.linalg.norm(ahead - own) for own in (jump.near_velocity, jump.far_velocity)]
        return bool(gaps[0] <= gaps[1])

    from_near = on_near_side(jump.near, jump.near_velocity)
    from_far = on_near_side(jump.far, jump.far_velocity)
    if from_near == from_far:
        return "across"
    return "away" if from_near else "towards"
