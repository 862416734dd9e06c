"""What becomes of the players in the long run: five words, from theory near the equilibrium and orbits."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np
import optax

from jgan.game import Batch
from jgan.numerics.orbit import Extent, extents
from jgan.rules.joint import params_of
from jgan.rules.rule import Rule, TrainState

WORDS = {
    "converges": "the distance to the equilibrium falls by a constant factor in the long run",
    "sublinear": "the distance to the equilibrium falls, ever more slowly than by a constant factor",
    "neutral": "the players circle at whatever distance they are, neither approaching nor leaving",
    "limit-cycle": "the players settle on a set away from the equilibrium, from inside and outside",
    "diverges": "the players leave, and nothing brings them back",
}
MARGIN = 1e-13
STRETCHES = 8
OUTSIDE = 1.25
INSIDE = 0.1


class Verdict(NamedTuple):
    """The outcome and what it rests on.

    Attributes:
      word: a key of `WORDS`.
      amplitude: largest distance from the origin in the last stretch; may be inf.
    """

    word: str
    amplitude: float


def judge(
    rule: Rule,
    batch: Batch,
    start_at: Callable[[float], TrainState],
    spectral_radius: float | None,
    *,
    steps: int = 1 << 20,
) -> Verdict:
    """Decide what becomes of the players of a small game whose equilibrium is the origin.

    Near the equilibrium the operator's spectral radius ρ decides wherever it is not exactly 1 (to 1e-13).
    What it cannot tell is asked of orbits: whether this start reaches the neighbourhood for which ρ < 1
    speaks, whether players who leave are held by a cycle, and whether ρ = 1 hides a slow approach. A
    cycle counts as such if an orbit from a quarter farther out comes back towards it.

    Args:
      rule: how the players move.
      batch: the examples of every update.
      start_at: ``scale -> state``, the start, which is not 0, multiplied by ``scale``.
      spectral_radius: ρ of one update at the equilibrium; None where the operator is not differentiable or
        the equilibrium not stationary, so that it cannot be reached.
      steps: length of each orbit.
    """
    stretch = max(steps // STRETCHES, 1)
    run = jax.jit(lambda state: extents(rule, state, batch, stretch, STRETCHES)[1])

    def orbit(scale: float) -> Extent:
        return run(start_at(scale))

    size = float(optax.tree.norm(params_of(start_at(1.0).variables)))
    here = orbit(1.0)
    first, last = float(here.largest[0]), float(here.largest[-1])
    last = last if np.isfinite(last) else np.inf

    def escapes() -> bool:
        if not np.isfinite(here.largest).all() or last > 1e3 * max(first, 1.0):
            return True
        # Saturated losses stop players who still only ever leave, so that standing still proves nothing.
        outside = orbit(OUTSIDE * last / size).largest
        return not outside[-1] < (1 + OUTSIDE) / 2 * last

    if spectral_radius is None or spectral_radius > 1 + MARGIN:
        return Verdict("diverges" if escapes() else "limit-cycle", last)
    if not np.isfinite(here.largest).all():
        return Verdict("diverges", np.inf)
    if spectral_radius < 1 - MARGIN:
        slow = spectral_radius**stretch > 0.5
        approaching = last < 1.001 * first and (slow or last < 0.9 * here.largest[-2])
        if last < 1e-3 * first or approaching:
            return Verdict("converges", last)
        return Verdict("diverges" if escapes() else "limit-cycle", last)
    middle = float(here.middle[STRETCHES // 2])
    change = float(here.middle[-1]) / middle - 1
    if change < -1e-3:
        return Verdict("sublinear", last)
    if change > 1e-3:
        # Far out a neutral centre may repel in high order (minimax descent by turns does).
        inside = orbit(INSIDE).middle
        if abs(inside[-1] / inside[0] - 1) > 1e-3:
            return Verdict("diverges" if escapes() else "limit-cycle", last)
    return Verdict("neutral", last)
