"""What ``jgan spectrum --whole`` finds of all examples: eigenvalues beside those of batches, and the noise."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.commands.attempt import Attempt
from jgan.commands.solvable import Settings, Solvable
from jgan.commands.spectrum_numbers import beside_numbers, judged, motion_numbers, numbers
from jgan.game import PLAYERS, Batch
from jgan.numerics.batch_spectrum import BesideBatches
from jgan.numerics.chunks import mean_over
from jgan.numerics.diagnosis import of_field, of_hessian
from jgan.numerics.gradient_noise import GradientNoise, alignment, gradient_noise
from jgan.numerics.sampled import Motion, Sampled, motion_of
from jgan.numerics.selfmap import SelfMap
from jgan.numerics.spectrum import Spectrum

ENDS = 3
"""Eigenvalues at each end of a Hessian, and of the covariance."""

Make = Callable[[Any], SelfMap]
"""From a batch and the key of its latents to a map."""


class Makes(NamedTuple):
    """The maps that are looked at.

    Attributes:
      field: of both players.
      players: the field of each against a standing opponent, by name.
      split: number of the discriminator's parameters, which come first.
    """

    field: Make
    players: Mapping[str, Make]
    split: int


def of_all_examples(
    makes: Makes,
    points: tuple[Batch, jax.Array],
    count: int,
    settings: Settings,
    attempt: Attempt,
    over: Mapping[str, Sampled],
) -> dict[str, Any]:
    """Eigenvalues of the field and of both Hessians of all examples, and the noise of one batch's field.

    Args:
      makes: the maps.
      points: all examples in chunks of a batch, ``(chunks, examples, ...)``, and a key for each chunk.
      count: rightmost eigenvalues of the field.
      settings: of the solvers.
      attempt: by which parts are run.
      over: numbers at several batches, by the names that `beside` gives those of all examples.
    """
    name = "field of all examples"
    number, size = jax.tree.leaves(points)[0].shape[:2]
    noise: GradientNoise | None = None
    if number > 1:
        solve = lambda tell: gradient_noise(
            makes.field, points, ENDS, tolerance=settings.tolerance, each=tell
        )
        noise = attempt("noise of batches", solve, counted=True)
    own = _whole(makes.field, points, settings)
    right = attempt(name, lambda: own.leading(count, "right"), own)
    found: dict[str, Any] = {"examples": number * size, "chunks": number}
    wholes: dict[str, float] = {}
    value = own.values()[0] if noise is None else noise.moments.mean

    def motion(player: str | None = None) -> Motion:
        if noise is not None:
            return noise.moments.motion(player)
        return motion_of([value if player is None else value[player]])

    if right is not None:
        found |= numbers(right, makes.split) | judged(of_field(right, motion=motion()))
        mean = np.asarray(ravel_pytree(value)[0], float)
        found["length"] = float(np.linalg.norm(mean))
        found["gradient_shares"] = alignment(mean, right.vectors).tolist()
        wholes[FIELD] = float(right.values.real.max())
    if noise is not None:
        found |= _noise(noise, makes.split)
    hessians: dict[str, Any] = {}
    for player in PLAYERS:
        low, high = hessian_ends(
            _whole(makes.players[player], points, settings, symmetric=True),
            f"{player}'s Hessian of all examples",
            attempt,
        )
        if low is not None and high is not None:
            hessians[player] = {"lowest": numbers(low), "highest": numbers(high)}
            hessians[player] |= judged(of_hessian(low, high, motion=motion(player)))
            wholes[end_of(player, "lowest")] = float(low.values.min())
            wholes[end_of(player, "highest")] = float(high.values.max())
    found |= {"hessians": hessians} if hessians else {}
    beside = {
        name: beside_numbers(BesideBatches(value, over[name]))
        for name, value in wholes.items()
        if name in over
    }
    found |= {"beside_batches": beside} if beside else {}
    return found if len(found) > 2 else {}


FIELD = "field, largest real part"


def end_of(player: str, end: str) -> str:
    """The name of the lowest or the highest eigenvalue of a player's Hessian."""
    return f"{player}'s Hessian, {end}"


def hessian_ends(
    own: Solvable, name: str, attempt: Attempt
) -> tuple[Spectrum | None, Spectrum | None]:
    """The lowest and the highest eigenvalues of a player's Hessian; None for an end that could not be solved.

    Args:
      own: the player's field, whose Jacobian is minus its Hessian.
      name: of the Hessian.
      attempt: by which both ends are run.
    """

    def end(which: str) -> Spectrum:
        found = own.leading(ENDS, which)
        return found._replace(values=-found.values)

    low = attempt(f"{name}, lowest", lambda: end("right"), own)
    return low, attempt(f"{name}, highest", lambda: end("left"), own)


def _whole(make: Make, points: Any, settings: Settings, symmetric: bool = False) -> Solvable:
    """The mean of a map over all chunks."""
    return Solvable(lambda every: mean_over(make, every), [points], settings, symmetric=symmetric)


def _noise(noise: GradientNoise, split: int) -> dict[str, Any]:
    motions = {"both": noise.moments.motion()}
    motions |= {player: noise.moments.motion(player) for player in PLAYERS}
    mean = np.asarray(ravel_pytree(noise.moments.mean)[0], float)
    vectors = noise.covariance.vectors
    return {
        "motion": {name: motion_numbers(found) for name, found in motions.items()},
        "covariance": {
            "trace": noise.trace,
            **numbers(noise.covariance, split),
            "gradient_shares": alignment(mean, vectors).tolist(),
        },
    }
