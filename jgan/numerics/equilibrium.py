"""Equilibria: points that the players do not leave, found by Newton's method, each with its residual."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.arguments import check_count
from jgan.game import Batch, Game, Variables
from jgan.numerics.field import vector_field
from jgan.numerics.selfmap import SelfMap, flat
from jgan.rules.joint_move import Joint, combine, params_of, project, with_params

HALVINGS = 12
CONVERGED = 1e-9


class Equilibrium(NamedTuple):
    """Where Newton's method ended.

    Attributes:
      point: ``(n,)``, in tree order: the discriminator's parameters first.
      residual: length of the field there.
      correction: length of the last Newton step. At infinity, too, a field may vanish, but there it stays long.
    """

    point: jax.Array
    residual: jax.Array
    correction: jax.Array

    @property
    def found(self) -> jax.Array:
        """Whether this is an equilibrium: residual and correction are those of rounding."""
        scale = 1 + jnp.linalg.norm(self.point, axis=-1)
        return (self.residual <= CONVERGED * scale) & (self.correction <= 1e-6 * scale)


def natural_map(
    game: Game, variables: Variables, batch: Batch, key: jax.Array | None = None
) -> SelfMap:
    """x ↦ P(x + v(x)) - x with the field v and the game's projections P: zero where no player wants to move.

    Without projections it is the field itself. At a bound that holds a player back its Jacobian has the
    eigenvalue -1.
    """

    def function(params: Joint) -> Joint:
        moves = vector_field(game, with_params(variables, params), batch, key)
        if not game.projections:
            return moves
        moved = project(game, combine((1.0, params), (1.0, moves)))
        return combine((1.0, moved), (-1.0, params))

    return SelfMap(function, params_of(variables))


def find_equilibrium(
    self_map: SelfMap, start: jax.Array | None = None, rounds: int = 60
) -> Equilibrium:
    """A zero of a map by Newton's method; pure, jit- and vmap-able over starts.

    Each step solves J δ = -v in the sense of least squares, so that a line of equilibria does no harm, and is
    halved up to twelve times, whichever makes the field shortest. A step that makes it no shorter is not made.

    Args:
      self_map: such as `jgan.numerics.field.field` or `natural_map`.
      start: ``(n,)`` in tree order; None for the map's own point.
      rounds: number of steps.

    Raises:
      ValueError: if ``rounds`` is less than 1.

    >>> circle = SelfMap(lambda x: jnp.array([x[0] ** 2 + x[1] ** 2 - 2, x[0] - x[1]]), jnp.array([3.0, 1.0]))
    >>> find_equilibrium(circle).point.round(4).tolist()
    [1.0, 1.0]
    """
    check_count("rounds", rounds)
    function, point = flat(self_map)
    shares = 0.5 ** jnp.arange(HALVINGS + 1)

    def length(x: jax.Array) -> jax.Array:
        norm = jnp.linalg.norm(function(x))
        return jnp.where(jnp.isfinite(norm), norm, jnp.inf)

    def correction(x: jax.Array) -> jax.Array:
        step = jnp.linalg.lstsq(jax.jacfwd(function)(x), -function(x))[0]
        return jnp.where(jnp.isfinite(step).all(), step, 0.0)

    def newton(_: jax.Array, x: jax.Array) -> jax.Array:
        trials = x + shares[:, None] * correction(x)
        lengths = jax.lax.map(length, trials)
        best = jnp.argmin(lengths)
        return jnp.where(lengths[best] < length(x), trials[best], x)

    with jax.default_matmul_precision("highest"):
        end = jax.lax.fori_loop(0, rounds, newton, point if start is None else start)
        return Equilibrium(end, length(end), jnp.linalg.norm(correction(end)))


def find_equilibria(
    self_map: SelfMap, starts: np.ndarray, rounds: int = 60
) -> tuple[list[Equilibrium], Equilibrium]:
    """All distinct zeros that Newton's method finds from several starts, the nearest to the first start first.

    Args:
      self_map: as in `find_equilibrium`.
      starts: ``(m, n)``.
      rounds: number of steps from each.

    Returns:
      The equilibria, and where the first start led, be it one or not.
    """
    ends = jax.jit(jax.vmap(lambda start: find_equilibrium(self_map, start, rounds)))(
        jnp.asarray(starts)
    )
    ends = jax.tree.map(np.asarray, ends)
    each = [Equilibrium(*(field[number] for field in ends)) for number in range(len(starts))]
    distinct: list[Equilibrium] = []
    for one in sorted(each, key=lambda end: float(np.linalg.norm(end.point - starts[0]))):
        near = any(np.linalg.norm(one.point - other.point) < 1e-5 for other in distinct)
        if bool(one.found) and not near:
            distinct.append(one)
    return distinct, each[0]


def starts_around(point: np.ndarray, count: int = 32, seed: int = 0) -> np.ndarray:
    """The point, and ``count`` random ones around it and around the origin, ``(count + 2, n)``."""
    rng = np.random.default_rng(seed)
    size = 1 + np.abs(point).max(initial=0.0)
    around = point * rng.uniform(size=(count, 1)) + size * rng.standard_normal((count, len(point)))
    return np.concatenate([point[None], np.zeros_like(point)[None], around])


def has_kink(self_map: SelfMap, point: np.ndarray, reach: float = 1e-5) -> bool:
    """Whether the map's derivative jumps at a point: slopes on both sides along some axis disagree.

    Where it only changes fast, the disagreement falls with the distance that is looked at.

    Args:
      self_map: the map.
      point: ``(n,)``.
      reach: how far both sides are looked at, relative to 1 + the largest coordinate; then a hundredth of it.
    """
    function, _ = flat(self_map)
    at = jnp.asarray(point)

    def slopes(axis: jax.Array, distance: jax.Array) -> tuple[jax.Array, jax.Array]:
        ahead, here, back = (function(at + sign * distance * axis) for sign in (1, 0, -1))
        return (ahead - here) / distance, (here - back) / distance

    @jax.jit
    def gaps(distance: jax.Array) -> tuple[jax.Array, jax.Array]:
        right, left = jax.lax.map(lambda axis: slopes(axis, distance), jnp.eye(at.size))
        return jnp.max(jnp.abs(right - left)), jnp.max(jnp.abs(right) + jnp.abs(left))

    reach = reach * (1 + float(np.abs(point).max(initial=0.0)))
    (wide, _), (narrow, size) = gaps(jnp.asarray(reach)), gaps(jnp.asarray(reach / 100))
    return not bool((narrow <= 0.5 * wide) | (narrow <= 1e-5 * size + 1e-7))
