"""What ``jgan spectrum --kind-of-point`` finds: the kind of stationary point, and the critical time scale."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from jgan.commands.attempt import Attempt
from jgan.commands.solvable import Settings, Solvable, is_dense
from jgan.game import Batch, Game
from jgan.numerics.curvature import LANCZOS, Leader, exact_leader, free_leader
from jgan.numerics.dense import decompose, leading_of
from jgan.numerics.leading import EigenSolver
from jgan.numerics.point_kind import Curvature, kind_of, over_batches
from jgan.numerics.sampled import Motion, motion_of
from jgan.numerics.second_derivatives import Derivatives, flat_losses
from jgan.numerics.tau_limit import RealPart, rightmost_of, tau_limit
from jgan.numerics.time_scales import scaled_field, scaled_rows
from jgan.rules import TrainState

PAIR = 2
"""Eigenvalues that are looked for at each time scale, lest a pair be broken."""


def kind_numbers(
    game: Game,
    state: TrainState,
    points: Sequence[tuple[Batch, jax.Array]],
    settings: Settings,
    attempt: Attempt,
    motion: Motion | None,
) -> dict[str, Any]:
    """The kind of point, from the curvatures at all batches, and what it rests on.

    Args:
      game: what is played.
      state: of the checkpoint.
      points: batches and the keys of their latents.
      settings: of the solvers.
      attempt: by which the batches are run.
      motion: the field at the batches.
    """
    derivatives = Derivatives(
        lambda point: flat_losses(game, state.variables, point[0], point[1], state.clock),
        double=settings.float64,
    )

    def solve(number: int, tell: Callable[[int], None]) -> Leader:
        here = derivatives.at(points[number])
        if is_dense(len(here.slopes[0]), settings):
            return exact_leader(here)
        return free_leader(
            here, inner=settings.tolerance**2, most=LANCZOS, seed=settings.seed, each=tell
        )

    found: list[Leader] = []
    for number in range(len(points)):
        name = "kind of point" if number == 0 else f"kind of point, batch {number + 1}"
        one = attempt(name, lambda tell, number=number: solve(number, tell), counted=True)
        found += [] if one is None else [one]
    if not found:
        return {}
    each = [one.curvatures for one in found]
    resting = motion is not None and motion.at_rest
    whole = each[0]._replace(
        speed=0.0 if resting else float(np.mean([one.speed for one in each])),
        slope=_slope(found),
        inner=max(one.inner for one in each),
        **{name: over_batches([getattr(one, name) for one in each]) for name in CURVATURES},
    )
    kind = kind_of(whole)
    return {
        "verdict": kind.word,
        "meaning": kind.sentence,
        "curvatures": {name: _curvature(getattr(whole, name)) for name in CURVATURES},
        "slope_along_best_response": whole.slope if np.isfinite(whole.slope) else None,
        "largest_inner_residual": whole.inner,
        "batches": len(found),
    }


CURVATURES = ("generator", "discriminator", "leader")


def _slope(found: Sequence[Leader]) -> float:
    """The generator's slope along the best response: 0 if all that batches show of it is noise."""
    slopes = [one.derivative for one in found]
    if not all(len(slope) for slope in slopes):
        return float("inf")
    motion = motion_of(slopes)
    return 0.0 if motion.at_rest else motion.lengths.mean


def _curvature(found: Curvature) -> dict[str, float | None]:
    return found._asdict() if found.known else dict.fromkeys(found._fields)


def tau_numbers(here: Solvable, split: int) -> dict[str, Any]:
    """The critical time scale of the field at the first batch, and the eigenvalues that it rests on.

    Args:
      here: the field.
      split: number of the discriminator's parameters.

    Raises:
      ValueError: if no eigenvalue is found at a time scale.
    """
    settings = here.settings
    solver = EigenSolver(
        lambda both: scaled_field(here.make(both[0]), both[1]),
        tolerance=settings.tolerance,
        basis=settings.basis,
        restarts=settings.restarts,
        solver=settings.solver,
        each=lambda products: here.progress(products),
    )

    def rightmost(tau: float) -> RealPart:
        if here.dense:
            matrix = scaled_rows(here.matrix, split, tau)
            found = leading_of(decompose(matrix, precision=here.precision), 1, "right")
        else:
            argument = (here.arguments[0], np.float32(tau))
            found = solver.leading(argument, PAIR, "right", conditions=True)
        return rightmost_of(found, tau)

    found = tau_limit(rightmost)
    return {
        "verdict": found.word,
        "meaning": found.sentence,
        "tau": found.tau,
        "ends": None if found.ends is None else list(found.ends),
        "tried": [
            [one.tau, one.value, one.error if np.isfinite(one.error) else None]
            for one in found.tried
        ],
    }
