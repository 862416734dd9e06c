"""Maps of a game under a rule: spectral radii over two numbers, long runs over one, basins over starts."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.arguments import check_count
from jgan.numerics.game_case import GameCase
from jgan.numerics.orbit import iterate, positions
from jgan.rules.joint_move import params_of
from jgan.rules.rule import TrainState

LEFT, ELSEWHERE = -2, -1
"""Ends of starts in a `Basins` that are no equilibrium: far away, or neither."""


def radius_over(
    case: GameCase,
    point: jax.Array | np.ndarray,
    first: tuple[str, np.ndarray],
    second: tuple[str, np.ndarray],
) -> np.ndarray:
    """The factor of an update over two numbers, at the equilibrium that belongs to them.

    Where a number is the game's own the equilibrium is found again, by Newton's method from the one at
    ``point``; NaN where it is not found.

    Args:
      case: what is studied.
      point: ``(n,)``, the equilibrium at the case's own numbers.
      first: name and ``(a,)`` values of one number.
      second: name and ``(b,)`` values of the other.

    Returns:
      ``(b, a)``.

    Raises:
      ValueError: if a name is no number that may be mapped over, or both are the same.
    """
    names = first[0], second[0]
    if names[0] == names[1]:
        raise ValueError(f"both numbers of the map are {names[0]!r}, but they must differ.")
    for name in names:
        case.value(name)
    at = jnp.asarray(point)

    def radius(one: jax.Array, other: jax.Array) -> jax.Array:
        here = case.changed(**{names[0]: one, names[1]: other})
        return _radius_where_it_is(here, at, moves=any(map(case.is_of_game, names)))

    rows = jax.jit(jax.vmap(jax.vmap(radius, (0, None)), (None, 0)))
    return np.asarray(rows(jnp.asarray(first[1]), jnp.asarray(second[1])))


def _radius_where_it_is(case: GameCase, point: jax.Array, moves: bool) -> jax.Array:
    if not moves:
        return case.radius_at(point)
    there = case.equilibrium_from(point, rounds=12)
    # LAPACK fails on what is not finite.
    safe = jnp.where(there.found, there.point, point)
    return jnp.where(there.found, case.radius_at(safe), jnp.nan)


class Bifurcation(NamedTuple):
    """Where the players are in the long run, over one number.

    Attributes:
      values: ``(m,)`` of the number.
      points: ``(m, k, n)``, the last positions, in tree order; not finite where the players left.
      equilibria: ``(m, n)``, the equilibrium; NaN where it is not found.
      radii: ``(m,)``, the factor of an update there.
    """

    values: np.ndarray
    points: np.ndarray
    equilibria: np.ndarray
    radii: np.ndarray


def bifurcation(
    case: GameCase,
    point: jax.Array | np.ndarray,
    name: str,
    values: np.ndarray,
    *,
    settle: int = 4000,
    kept: int = 64,
) -> Bifurcation:
    """The last positions of the players, and their equilibrium, for every value of a number.

    Args:
      case: what is studied, from its own start.
      point: ``(n,)``, the equilibrium at the case's own numbers.
      name: of the number.
      values: ``(m,)``.
      settle: updates before positions are kept.
      kept: positions, k.

    Raises:
      ValueError: if ``name`` is no number that may be mapped over, ``settle`` negative or ``kept`` less than 1.
    """
    case.value(name)
    check_count("settle", settle, 0)
    check_count("kept", kept)
    at = jnp.asarray(point)

    def one(value: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        here = case.changed(**{name: value})
        rule, (_, batch) = here.moving(), here.played()
        state = iterate(rule, here.first(), batch, settle)
        points = positions(rule, state, batch, kept - 1)
        if not case.is_of_game(name):
            return points, at, here.radius_at(at)
        there = here.equilibrium_from(at, rounds=12)
        safe = jnp.where(there.found, there.point, at)
        radius = jnp.where(there.found, here.radius_at(safe), jnp.nan)
        return points, jnp.where(there.found, there.point, jnp.nan), radius

    points, equilibria, radii = jax.jit(jax.vmap(one))(jnp.asarray(values))
    return Bifurcation(
        np.asarray(values), np.asarray(points), np.asarray(equilibria), np.asarray(radii)
    )


def _flat(state: TrainState) -> jax.Array:
    return ravel_pytree(params_of(state.variables))[0]


class Basins(NamedTuple):
    """Where starts in a plane end.

    Attributes:
      ends: ``(b, a)``, the number of the equilibrium that a start leads to, `ELSEWHERE` or `LEFT`.
      distances: ``(b, a)``, how far from the nearest equilibrium the players end.
    """

    ends: np.ndarray
    distances: np.ndarray


def basins(
    case: GameCase,
    equilibria: np.ndarray,
    starts: np.ndarray,
    *,
    updates: int = 4000,
    near: float = 1e-2,
) -> Basins:
    """Which equilibrium each start leads to.

    Args:
      case: what is studied.
      equilibria: ``(e, n)``.
      starts: ``(b, a, n)``, in tree order.
      updates: of the rule from every start.
      near: distance from an equilibrium, relative to the extent of the starts, at which a start has led to it.

    Raises:
      ValueError: if ``updates`` is less than 1.
    """
    check_count("updates", updates)
    rule, (_, batch) = case.moving(), case.played()

    def end(start: jax.Array) -> jax.Array:
        return _flat(iterate(rule, case.state_at(start), batch, updates))

    ends = np.asarray(jax.jit(jax.vmap(jax.vmap(end)))(jnp.asarray(starts)))
    extent = float(np.abs(starts - starts.mean(axis=(0, 1))).max())
    with np.errstate(all="ignore"):
        gaps = np.linalg.norm(ends[..., None, :] - equilibria, axis=-1)
        gaps = np.where(np.isfinite(gaps), gaps, np.inf)
        far = ~(np.abs(ends).max(axis=-1) < 1e3 * (1 + np.abs(starts).max()))
    nearest = gaps.argmin(axis=-1) if len(equilibria) else np.zeros(ends.shape[:2], int)
    distances = gaps.min(axis=-1) if len(equilibria) else np.full(ends.shape[:2], np.inf)
    found = np.where(distances <= near * extent, nearest, ELSEWHERE)
    return Basins(np.where(far, LEFT, found), distances)
