"""What becomes of the players in the long run, in words, from theory near the equilibrium and orbits."""

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.arguments import check_count
from jgan.game import Batch
from jgan.numerics.orbit import Extent, extents
from jgan.rules.joint_move import params_of
from jgan.rules.rule import Rule, TrainState

WORDS = {
    "converges": "the distance to the equilibrium falls by a constant factor in the long run",
    "sublinear": "the distance to the equilibrium falls, ever more slowly than by a constant factor",
    "neutral": "the players circle at whatever distance they are, neither approaching nor leaving",
    "slow-growth": "the linear part is neutral, and terms beyond it drive the players outwards, more slowly "
    "than by a constant factor",
    "other-point": "the players come to rest at a point other than the equilibrium",
    "limit-cycle": "the players settle on a set away from the equilibrium, from inside and outside",
    "diverges": "the players leave, and nothing brings them back",
}
MARGIN = 1e-13
STRETCHES = 8
OUTSIDE = 1.25
STILL = 1e-3


class Verdict(NamedTuple):
    """The outcome and what it rests on.

    Attributes:
      word: a key of `WORDS`.
      amplitude: largest distance from the equilibrium in the last stretch; may be inf.
      centre: mean position in the last stretch, in tree order (discriminator first); may be infinite.
      radius: root mean squared distance from that centre: 0 for players at rest.
      growth: factor by which the root mean squared distance from the equilibrium changed between the middle and
        the end.
      updates: how many updates were looked at.
    """

    word: str
    amplitude: float
    centre: tuple[float, ...] = ()
    radius: float = float("nan")
    growth: float = float("nan")
    updates: int = 0

    def details(self, place: Callable[[tuple[float, ...]], str]) -> str:
        """What the verdict rests on: where the players are, and after how many updates.

        Args:
          place: a position in tree order, in words.

        >>> Verdict("other-point", 1.0, (0.5, 2.0), updates=8).details(str)
        'at (0.5, 2.0) after 8 updates'
        """
        after = f"after {self.updates} updates"
        if self.word == "diverges" or not math.isfinite(self.amplitude):
            return f"last distance {self.amplitude:.3g} {after}"
        if self.word == "other-point":
            return f"at {place(self.centre)} {after}"
        if self.word == "limit-cycle":
            return f"radius {self.radius:.4g} about {place(self.centre)} {after}"
        if self.word == "slow-growth":
            return (
                f"last distance {self.amplitude:.3g}, {self.growth:.4g} times that of half as many updates, "
                f"{after}"
            )
        return f"last distance {self.amplitude:.3g} {after}"


def judge(
    rule: Rule,
    batch: Batch,
    start_at: Callable[[float], TrainState],
    spectral_radius: float | None,
    *,
    steps: int = 1 << 20,
    about: np.ndarray | None = None,
) -> Verdict:
    """Decide what becomes of the players of a small game.

    Near the equilibrium the operator's spectral radius ρ decides wherever it is not exactly 1 (to 1e-13).
    What it cannot tell is asked of orbits: whether this start reaches the neighbourhood for which ρ < 1
    speaks, whether the players come to rest elsewhere, whether players who leave are held by a cycle, and
    whether ρ = 1 hides a slow approach or a slow departure. A cycle counts as such if an orbit from a quarter
    farther out comes back towards it.

    Args:
      rule: how the players move.
      batch: the examples of every update.
      start_at: ``scale -> state``, the start, which is not the equilibrium, moved away from the equilibrium to
        ``scale`` times its distance.
      spectral_radius: ρ of one update at the equilibrium; None where the operator is not differentiable or
        the equilibrium not stationary, so that it cannot be reached.
      steps: length of each orbit.
      about: ``(n,)``, the equilibrium, in tree order; None for the origin.

    Raises:
      ValueError: if ``steps`` is less than 1.
    """
    check_count("steps", steps)
    stretch = max(steps // STRETCHES, 1)
    origin = None if about is None else jnp.asarray(about)
    run = jax.jit(lambda state: extents(rule, state, batch, stretch, STRETCHES, origin)[1])

    def orbit(scale: float) -> Extent:
        return run(start_at(scale))

    begin = ravel_pytree(params_of(start_at(1.0).variables))[0]
    size = float(jnp.linalg.norm(begin if origin is None else begin - origin))
    here = orbit(1.0)
    first, last = float(here.largest[0]), float(here.largest[-1])
    last = last if np.isfinite(last) else np.inf
    middle = float(here.middle[STRETCHES // 2])
    growth = float(here.middle[-1]) / middle if middle > 0 else 0.0

    def said(word: str) -> Verdict:
        centre = tuple(float(value) for value in here.centre[-1])
        return Verdict(word, last, centre, float(here.radius[-1]), growth, stretch * STRETCHES)

    def escapes() -> bool:
        if not np.isfinite(here.largest).all() or last > 1e3 * max(first, 1.0):
            return True
        # Saturated losses stop players who still only ever leave, so that standing still proves nothing.
        outside = orbit(OUTSIDE * last / size).largest
        return not outside[-1] < (1 + OUTSIDE) / 2 * last

    def bounded() -> str:
        if at_rest_elsewhere(here, about):
            return "other-point"
        if last < 0.9 * size and growth < 1 + 1e-3:  # they came closer, and stay
            return "limit-cycle"
        return "diverges" if escapes() else "limit-cycle"

    if spectral_radius is None or spectral_radius > 1 + MARGIN:
        return said(bounded())
    if not np.isfinite(here.largest).all():
        return said("diverges")._replace(amplitude=np.inf)
    if spectral_radius < 1 - MARGIN:
        slow = spectral_radius**stretch > 0.5
        approaching = last < 1.001 * first and (slow or last < 0.9 * here.largest[-2])
        near = last < 1e-3 * first
        return said(
            "converges"
            if near or (approaching and not at_rest_elsewhere(here, about))
            else bounded()
        )
    if growth < 1 - 1e-3:
        return said("sublinear")
    if growth > 1 + 1e-3:
        # Terms of higher order may drive a neutral centre outwards (minimax descent by turns does).
        word = bounded()
        slow = word == "diverges" and last <= 1e3 * max(first, 1.0)
        return said("slow-growth" if slow else word)
    return said("other-point" if at_rest_elsewhere(here, about) else "neutral")


def at_rest_elsewhere(orbit: Extent, about: np.ndarray | None = None) -> bool:
    """Whether the last stretches are those of players who come to rest away from the equilibrium.

    A cycle keeps its radius from stretch to stretch, and players at rest lose theirs.
    """
    distance = float(np.linalg.norm(orbit.centre[-1] - (0.0 if about is None else about)))
    before, after = float(orbit.radius[-2]), float(orbit.radius[-1])
    if not np.isfinite(distance) or distance <= 1e-9 * float(orbit.largest[0]):
        return False
    if not after <= STILL * distance:
        return False
    return after <= 1e-9 * distance or after < 0.9 * before
