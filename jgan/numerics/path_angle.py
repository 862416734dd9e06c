"""Path-angle: does the field along a straight path point to its end, or past it?"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jgan.game import PLAYERS, Batch, Game, PyTree, Variables
from jgan.numerics.chunks import mean_over
from jgan.numerics.field import field
from jgan.rules.joint_move import Joint, params_of


class PathAngle(NamedTuple):
    """The gradient's angle to a straight path, and its length, along the path.

    Attributes:
      shares: ``(m,)``, 0 at the start of the path and 1 at its end.
      cosines: ``(m,)``, of the angle between both players' gradients and the way from end to start.
      norms: ``(m,)``, of the gradients.
    """

    shares: jax.Array
    cosines: jax.Array
    norms: jax.Array


def path_angle(
    game: Game,
    start: Variables,
    end: Variables,
    batch: Batch,
    key: jax.Array | None = None,
    *,
    shares: jax.Array | np.ndarray | None = None,
    chunks: bool = False,
    step: Any = 0,
) -> PathAngle:
    """The path-angle of Berard et al. 2020 (section 4.2) between two checkpoints.

    cos = ⟨g(ω_a), ω_start - ω_end⟩/(‖g‖ ‖ω_start - ω_end‖) on ω_a = a ω_end + (1 - a) ω_start, where g holds
    each player's gradient of its own loss. A jump from one sign to the other at a = 1 shows attraction to (or
    repulsion from) the end point, a bump without a change of sign shows rotation around it, both show both.

    Args:
      game: what is played. Where it has projections, gradient components that push a parameter out of its
        set count as 0.
      start: an early checkpoint; collections other than ``"params"`` are taken from ``end``.
      end: a late one.
      batch: the examples; the article has all of them.
      key: of the losses.
      shares: where to look; None for 100 points in [-0.1, 1.1].
      chunks: the batch has a leading axis of batches, over which gradients are averaged, each with latents of
        its own.
      step: which update, for games that change with it.

    Raises:
      ValueError: if start and end have the same parameters.
    """
    places = jnp.linspace(-0.1, 1.1, 100) if shares is None else jnp.asarray(shares)
    first, last = params_of(start), params_of(end)
    back = jax.tree.map(jnp.subtract, first, last)
    length = optax.tree.norm(back)
    if not isinstance(length, jax.core.Tracer) and float(length) == 0:
        raise ValueError(
            "start and end have the same parameters, so there is no path between them."
        )

    key = jax.random.key(0) if key is None else key
    if chunks:
        count = jax.tree.leaves(batch)[0].shape[0]
        make = lambda point: field(game, end, point[0], point[1], step)
        fields = mean_over(make, (batch, jax.random.split(key, count))).function
    else:
        fields = field(game, end, batch, key, step).function

    def look(share: jax.Array) -> tuple[jax.Array, jax.Array]:
        here = jax.tree.map(lambda x, y: (share * x + (1 - share) * y).astype(x.dtype), last, first)
        found = fields(here)
        downhill = _inside(game, here, found)
        norm = optax.tree.norm(downhill)
        return -optax.tree.vdot(downhill, back) / (norm * length), norm

    cosines, norms = jax.lax.map(look, places)
    return PathAngle(places, cosines, norms)


def _inside(game: Game, params: Joint, moves: Joint) -> Joint:
    """The field without components along which the projection would push straight back."""

    def keep(project: optax.Params, own: PyTree, moves: PyTree) -> PyTree:
        tiny = jax.tree.map(lambda x, v: x + 1e-4 * v, own, moves)
        pushed = jax.tree.map(lambda x, y: x != y, project(tiny), tiny)
        return jax.tree.map(lambda bad, v: jnp.where(bad, 0.0, v), pushed, moves)

    return {
        player: keep(game.projections[player], params[player], moves[player])
        if player in game.projections
        else moves[player]
        for player in PLAYERS
    }
