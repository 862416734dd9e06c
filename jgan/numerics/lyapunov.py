"""The largest Lyapunov exponent of a rule's iterates: how fast neighbouring orbits part."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgan.arguments import check_count
from jgan.game import Batch
from jgan.numerics.field import operator
from jgan.numerics.orbit import iterate, strong
from jgan.numerics.selfmap import flat
from jgan.rules.rule import Rule, TrainState


class Exponent(NamedTuple):
    """A Lyapunov exponent.

    Attributes:
      value: natural logarithm of the factor by which neighbouring orbits part in an update.
      standard_error: from the differences between stretches of the orbit.
    """

    value: jax.Array
    standard_error: jax.Array


def largest_exponent(
    rule: Rule,
    state: TrainState,
    batch: Batch,
    *,
    settle: int = 1000,
    stretch: int = 1000,
    count: int = 16,
) -> Exponent:
    """The largest Lyapunov exponent of the orbit that a state leads to (Benettin et al. 1980).

    A tangent of all that moves, momenta and past gradients included, is carried along by the derivative of
    every update and shortened to 1 after each. Below 0 orbits meet: at an equilibrium it is the logarithm of
    the spectral radius. 0 is the mark of a cycle, and above 0 the orbit is chaotic. Pure, jit- and vmap-able.

    Args:
      rule: how the players move.
      state: where they begin.
      batch: the examples of every update.
      settle: updates before the measurement.
      stretch: updates in a stretch.
      count: stretches, at least 2.

    Raises:
      ValueError: if ``settle`` is negative, ``stretch`` less than 1, or ``count`` less than 2.
    """
    check_count("settle", settle, 0)
    check_count("stretch", stretch)
    check_count("count", count, 2)
    state = iterate(rule, state, batch, settle)
    _, point = flat(operator(rule, state, batch))
    direction = jax.random.normal(jax.random.key(0), point.shape, point.dtype)

    def one(
        _: jax.Array, carry: tuple[TrainState, jax.Array, jax.Array]
    ) -> tuple[TrainState, jax.Array, jax.Array]:
        here, tangent, total = carry
        function, point = flat(operator(rule, here, batch))
        moved = jax.jvp(function, (point,), (tangent,))[1]
        norm = jnp.linalg.norm(moved)
        tangent = moved / jnp.where(norm > 0, norm, 1.0)
        return strong(rule.update(here, batch)[0]), tangent, total + jnp.log(norm)

    def several(
        carry: tuple[TrainState, jax.Array], length: int
    ) -> tuple[tuple[TrainState, jax.Array], jax.Array]:
        zero = jnp.zeros((), point.dtype)
        here, tangent, total = jax.lax.fori_loop(0, length, one, (*carry, zero))
        return (here, tangent), total / length

    # The tangent turns into the direction of fastest growth first.
    carry, _ = several((strong(state), direction / jnp.linalg.norm(direction)), stretch)
    _, means = jax.lax.scan(lambda carry, _: several(carry, stretch), carry, length=count)
    return Exponent(jnp.mean(means), jnp.std(means, ddof=1) / jnp.sqrt(count))
