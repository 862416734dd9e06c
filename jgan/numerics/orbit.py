"""Discrete iterates of a rule, the continuous flow beside them, and the cycles they end in."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from scipy.integrate import solve_ivp

from jgan.game import Batch
from jgan.numerics.selfmap import SelfMap, flat
from jgan.rules.joint import params_of
from jgan.rules.rule import Rule, TrainState


def strong(state: TrainState) -> TrainState:
    """The state without weak types, as a loop must carry it."""
    return jax.tree.map(lambda leaf: jax.lax.convert_element_type(leaf, leaf.dtype), state)


def iterate(rule: Rule, state: TrainState, batch: Batch, steps: int | jax.Array) -> TrainState:
    """The state after ``steps`` updates on one batch; metrics are never computed. Pure, jit- and vmap-able."""
    return jax.lax.fori_loop(0, steps, lambda _, moved: rule.update(moved, batch)[0], strong(state))


def positions(rule: Rule, state: TrainState, batch: Batch, steps: int, every: int = 1) -> jax.Array:
    """Where the players are: parameters of both as one vector, in tree order, discriminator first.

    Returns:
      ``(steps // every + 1, n)``, the first row being the start.
    """

    def one(moved: TrainState, _: None) -> tuple[TrainState, jax.Array]:
        here = ravel_pytree(params_of(moved.variables))[0]
        return iterate(rule, moved, batch, every), here

    last, rows = jax.lax.scan(one, strong(state), length=steps // every)
    return jnp.concatenate([rows, ravel_pytree(params_of(last.variables))[0][None]])


class Extent(NamedTuple):
    """How far from the origin an orbit was within one stretch of steps.

    Attributes:
      smallest: distance.
      largest: distance.
      middle: root of the mean squared distance.
    """

    smallest: jax.Array
    largest: jax.Array
    middle: jax.Array


def extents(
    rule: Rule, state: TrainState, batch: Batch, stretch: int, count: int
) -> tuple[TrainState, Extent]:
    """``count`` stretches of ``stretch`` updates, each measured at every update but never stored.

    Distances are those of both players' parameters together from the origin.

    Returns:
      The last state, and an `Extent` of arrays ``(count,)``.
    """

    def step(_: jax.Array, carry: tuple[TrainState, Extent]) -> tuple[TrainState, Extent]:
        moved, seen = carry
        moved, _metrics = rule.update(moved, batch)
        square = sum(jnp.sum(leaf * leaf) for leaf in jax.tree.leaves(params_of(moved.variables)))
        return moved, Extent(
            jnp.minimum(seen.smallest, square),
            jnp.maximum(seen.largest, square),
            seen.middle + square / stretch,
        )

    def one(moved: TrainState, _: None) -> tuple[TrainState, Extent]:
        zero = jnp.zeros((), jnp.result_type(float))
        nothing = Extent(zero + jnp.inf, zero, zero)
        moved, seen = jax.lax.fori_loop(0, stretch, step, (moved, nothing))
        return moved, jax.tree.map(jnp.sqrt, seen)

    return jax.lax.scan(one, strong(state), length=count)


def flow(
    field: SelfMap,
    times: np.ndarray,
    *,
    tolerance: float = 1e-9,
    most: int = 100_000,
) -> np.ndarray:
    """The continuous flow x' = v(x) from the field's point, by SciPy's DOP853.

    Args:
      field: of few parameters; it is compiled once and called from the host.
      times: ``(t,)`` increasing; the first is when the flow is at the point.
      tolerance: relative and absolute error allowed in each step.
      most: evaluations of the field allowed.

    Returns:
      ``(t, n)``, vectors in tree order.

    Raises:
      ValueError: if the flow is not finite, or not done after ``most`` evaluations.
    """
    function, start = flat(field)
    compiled = jax.jit(function)
    used = 0

    def velocity(_: float, x: np.ndarray) -> np.ndarray:
        nonlocal used
        used += 1
        value = np.asarray(compiled(jnp.asarray(x, start.dtype)), float)
        if not np.isfinite(value).all() or used > most:
            reason = "is not finite" if used <= most else f"needs more than {most} evaluations"
            raise ValueError(f"the flow {reason} before time {times[-1]:g}.")
        return value

    span = float(times[0]), float(times[-1])
    solution = solve_ivp(
        velocity, span, np.asarray(start, float), "DOP853", times, rtol=tolerance, atol=tolerance
    )
    if not solution.success:
        raise ValueError(f"the flow cannot be followed to time {times[-1]:g}: {solution.message}")
    return solution.y.T


class Cycle(NamedTuple):
    """What the players circle on.

    Attributes:
      radius: root mean squared distance from the origin.
      smallest: distance from the origin.
      largest: distance from the origin.
      settled: relative change of ``radius`` between the last two stretches.
    """

    radius: jax.Array
    smallest: jax.Array
    largest: jax.Array
    settled: jax.Array


def limit_cycle(
    rule: Rule, state: TrainState, batch: Batch, *, settle: int = 100_000, measure: int = 10_000
) -> Cycle:
    """The set that the iterates settle on, measured after ``settle`` updates over ``measure`` more.

    A `Cycle` that is the same from inside and outside is a limit cycle; compare two starts. Pure, jit- and
    vmap-able over starts and settings.
    """
    _, seen = extents(rule, iterate(rule, state, batch, settle), batch, measure, 2)
    change = jnp.abs(seen.middle[1] / seen.middle[0] - 1)
    return Cycle(seen.middle[1], seen.smallest[1], seen.largest[1], change)
