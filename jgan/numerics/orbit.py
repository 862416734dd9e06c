"""Discrete iterates of a rule, and the cycles and points they end in."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from jgan.arguments import check_count
from jgan.game import Batch
from jgan.numerics.flow import Curve, flow, flow_curve
from jgan.rules.joint_move import params_of
from jgan.rules.rule import Rule, TrainState

__all__ = [
    "Curve",
    "Cycle",
    "Extent",
    "extents",
    "flow",
    "flow_curve",
    "iterate",
    "limit_cycle",
    "positions",
]


def strong(state: TrainState) -> TrainState:
    """The state without weak types, as a loop must carry it."""
    return jax.tree.map(lambda leaf: jax.lax.convert_element_type(leaf, leaf.dtype), state)


def iterate(rule: Rule, state: TrainState, batch: Batch, steps: int | jax.Array) -> TrainState:
    """The state after ``steps`` updates on one batch; metrics are never computed. Pure, jit- and vmap-able."""
    return jax.lax.fori_loop(0, steps, lambda _, moved: rule.update(moved, batch)[0], strong(state))


def _position(state: TrainState) -> jax.Array:
    return ravel_pytree(params_of(state.variables))[0]


def positions(rule: Rule, state: TrainState, batch: Batch, steps: int, every: int = 1) -> jax.Array:
    """Where the players are: parameters of both as one vector, in tree order, discriminator first.

    Returns:
      ``(steps // every + 1, n)``, the first row being the start.

    Raises:
      ValueError: if ``steps`` is negative or ``every`` less than 1.
    """
    check_count("steps", steps, 0)
    check_count("every", every)

    def one(moved: TrainState, _: None) -> tuple[TrainState, jax.Array]:
        return iterate(rule, moved, batch, every), _position(moved)

    last, rows = jax.lax.scan(one, strong(state), length=steps // every)
    return jnp.concatenate([rows, _position(last)[None]])


class Extent(NamedTuple):
    """Where an orbit was within one stretch of steps.

    Attributes:
      smallest: distance from the point that was asked about.
      largest: distance from it.
      middle: root of the mean squared distance from it.
      centre: ``(n,)``, the mean position, in tree order.
      radius: root of the mean squared distance from the orbit's own centre.
    """

    smallest: jax.Array
    largest: jax.Array
    middle: jax.Array
    centre: jax.Array
    radius: jax.Array


def extents(
    rule: Rule,
    state: TrainState,
    batch: Batch,
    stretch: int,
    count: int,
    about: jax.Array | None = None,
) -> tuple[TrainState, Extent]:
    """``count`` stretches of ``stretch`` updates, each measured at every update but never stored.

    Distances are those of both players' parameters together.

    Args:
      rule: how the players move.
      state: where they begin.
      batch: the examples of every update.
      stretch: updates in a stretch.
      count: how many stretches.
      about: ``(n,)``, the point from which distances are measured; None for the origin.

    Returns:
      The last state, and an `Extent` of arrays ``(count,)``, the centres ``(count, n)``.

    Raises:
      ValueError: if ``stretch`` or ``count`` is less than 1.
    """
    check_count("stretch", stretch)
    check_count("count", count)
    origin = jnp.zeros_like(_position(state)) if about is None else about

    def one(begin: TrainState, _: None) -> tuple[TrainState, Extent]:
        reference = _position(begin)

        def step(_: jax.Array, carry: tuple[TrainState, Extent]) -> tuple[TrainState, Extent]:
            moved, extent = carry
            moved, _metrics = rule.update(moved, batch)
            here = _position(moved)
            square = jnp.sum(jnp.square(here - origin))
            # Sums about a point of the orbit keep their digits where the players hardly move.
            away = here - reference
            return moved, Extent(
                jnp.minimum(extent.smallest, square),
                jnp.maximum(extent.largest, square),
                extent.middle + square / stretch,
                extent.centre + away / stretch,
                extent.radius + jnp.sum(jnp.square(away)) / stretch,
            )

        zero = jnp.zeros((), jnp.result_type(float))
        nothing = Extent(zero + jnp.inf, zero, zero, jnp.zeros_like(reference), zero)
        moved, extent = jax.lax.fori_loop(0, stretch, step, (begin, nothing))
        squared_radius = jnp.maximum(extent.radius - jnp.sum(jnp.square(extent.centre)), 0.0)
        found = Extent(
            jnp.sqrt(extent.smallest),
            jnp.sqrt(extent.largest),
            jnp.sqrt(extent.middle),
            reference + extent.centre,
            jnp.sqrt(squared_radius),
        )
        return moved, found

    return jax.lax.scan(one, strong(state), length=count)


class Cycle(NamedTuple):
    """What the players circle on; a point, if its radius is 0.

    Attributes:
      centre: ``(n,)``, the mean position, in tree order.
      radius: root mean squared distance from the centre.
      smallest: distance from the centre.
      largest: distance from the centre.
      settled: change of ``radius`` between the last two stretches, relative to the larger.
    """

    centre: jax.Array
    radius: jax.Array
    smallest: jax.Array
    largest: jax.Array
    settled: jax.Array


def limit_cycle(
    rule: Rule, state: TrainState, batch: Batch, *, settle: int = 100_000, measure: int = 10_000
) -> Cycle:
    """The set that the iterates settle on, measured after ``settle`` updates over ``measure`` more.

    A `Cycle` that is the same from inside and outside is a limit cycle; compare two starts. Players who
    come to rest, at the origin or elsewhere, have a cycle of radius 0 about the point. Pure, jit- and
    vmap-able over starts and settings.

    Raises:
      ValueError: if ``settle`` is negative or ``measure`` less than 1.
    """
    check_count("settle", settle, 0)
    check_count("measure", measure)
    state, before = extents(rule, iterate(rule, state, batch, settle), batch, measure, 1)
    _, extent = extents(rule, state, batch, measure, 1, before.centre[0])
    old, new = before.radius[0], extent.radius[0]
    larger = jnp.maximum(old, new)
    change = jnp.where(larger > 0, jnp.abs(new - old) / jnp.where(larger > 0, larger, 1.0), 0.0)
    return Cycle(extent.centre[0], new, extent.smallest[0], extent.largest[0], change)
