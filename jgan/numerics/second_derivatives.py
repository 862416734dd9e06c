"""Gradients of both losses in both players' parameters, and products with their second derivatives."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.game import DISCRIMINATOR, GENERATOR, Batch, Game, PyTree, Variables
from jgan.game import dense as at_every_update
from jgan.numerics.dense import CHUNK
from jgan.numerics.double import Program
from jgan.rules.joint_move import params_of, with_params
from jgan.scene import as_step

Loss = Callable[[jax.Array, jax.Array], jax.Array]
"""``(x, held) -> ()``: of the parameters, and of the same once more, of which no player's gradient is taken."""
Vectors = Callable[[np.ndarray], np.ndarray]
"""``(m, n) -> (m, n)``, each row multiplied by a matrix."""


class FlatLosses(NamedTuple):
    """Both losses as functions of vectors in tree order, the discriminator's parameters first.

    Attributes:
      generator: ``(n,), (n,) -> ()``.
      discriminator: likewise.
      point: ``(n,)``.
      split: number of the discriminator's parameters.
    """

    generator: Loss
    discriminator: Loss
    point: jax.Array
    split: int


def flat_losses(
    game: Game,
    variables: Variables,
    batch: Batch,
    key: jax.Array | None = None,
    step: Any = 0,
) -> FlatLosses:
    """The losses whose gradients are those of `jgan.numerics.field.field`.

    Args:
      game: what is played.
      variables: where; collections other than ``"params"`` are held fixed.
      batch: the examples.
      key: of the losses; ``jax.random.key(0)`` if None.
      step: which update, a number or a `jgan.scene.Step`.
    """
    key = jax.random.key(0) if key is None else key
    clock, game = as_step(step), at_every_update(game)
    point, unravel = ravel_pytree(params_of(variables))
    split = ravel_pytree(variables[DISCRIMINATOR]["params"])[0].size

    def loss(player: str) -> Loss:
        def value(x: jax.Array, held: jax.Array) -> jax.Array:
            here, there = (with_params(variables, unravel(vector)) for vector in (x, held))
            return game.losses(here, batch, key, clock, there)[player][0]

        return value

    return FlatLosses(loss(GENERATOR), loss(DISCRIMINATOR), point, split)


class Local(NamedTuple):
    """The derivatives at one point. Vectors have all ``n`` entries, the discriminator's first, and are doubles.

    Attributes:
      slopes: gradients ``(n,)`` of the generator's and of the discriminator's loss.
      generator: products with the Hessian of the generator's loss.
      discriminator: of the discriminator's.
      bent: for a vector w ``(n,)``, products with the Hessian of f - w·∇g, with the generator's loss f and the
        discriminator's g.
      split: number of the discriminator's parameters.
      eps: rounding of the numbers, relative.
    """

    slopes: tuple[np.ndarray, np.ndarray]
    generator: Vectors
    discriminator: Vectors
    bent: Callable[[np.ndarray], Vectors]
    split: int
    eps: float


class Derivatives:
    """The derivatives of a family of games, compiled once for points of equal sizes.

    Args:
      make: ``argument -> losses``, from a pytree of arrays such as a batch and a key.
      double: whether all is computed in double precision, by `jgan.numerics.double`.
    """

    def __init__(self, make: Callable[[PyTree], FlatLosses], *, double: bool = False) -> None:
        self._make, self._double = make, double

        def evaluated(function: Callable[..., Any], point: jax.Array, *vectors: jax.Array) -> Any:
            with jax.default_matmul_precision("highest"):
                if not double:
                    return function(point, *vectors)
                program = Program(function, point, *vectors)
                return program.run(program.held, jnp.asarray(point, jnp.float64), *vectors)

        def slopes(argument: PyTree) -> tuple[jax.Array, jax.Array]:
            losses = make(argument)
            of = _gradient(losses.generator), _gradient(losses.discriminator)
            return (
                evaluated(of[0], losses.point),
                evaluated(of[1], losses.point),
            )

        def along(
            argument: PyTree,
            rows: jax.Array,
            held: tuple[jax.Array, ...],
            of: Callable[..., Callable[..., jax.Array]],
        ) -> jax.Array:
            losses = make(argument)

            def product(x: jax.Array, row: jax.Array, *held: jax.Array) -> jax.Array:
                return jax.jvp(of(losses, *held), (x,), (row,))[1]

            one = lambda row: evaluated(product, losses.point, row, *held)
            return jax.lax.map(one, rows, batch_size=min(CHUNK, len(rows)))

        def bent(losses: FlatLosses, weight: jax.Array) -> Callable[[jax.Array], jax.Array]:
            own, other = _gradient(losses.generator), _gradient(losses.discriminator)
            return lambda x: own(x) - jax.jvp(other, (x,), (weight,))[1]

        self._slopes = jax.jit(slopes)
        self._generator = jax.jit(lambda a, r: along(a, r, (), lambda f: _gradient(f.generator)))
        self._discriminator = jax.jit(
            lambda a, r: along(a, r, (), lambda f: _gradient(f.discriminator))
        )
        self._bent = jax.jit(lambda a, w, r: along(a, r, (w,), bent))

    def at(self, argument: PyTree) -> Local:
        """The derivatives at one member of the family."""
        losses = self._make(argument)
        dtype = jnp.dtype(jnp.float64) if self._double else losses.point.dtype
        given = lambda values: jnp.asarray(values, dtype)
        back = lambda values: np.asarray(values, float)
        first, second = self._slopes(argument)
        return Local(
            (back(first), back(second)),
            lambda rows: back(self._generator(argument, given(rows))),
            lambda rows: back(self._discriminator(argument, given(rows))),
            lambda weight: lambda rows: back(self._bent(argument, given(weight), given(rows))),
            losses.split,
            float(jnp.finfo(dtype).eps),
        )


def _gradient(loss: Loss) -> Callable[[jax.Array], jax.Array]:
    """A loss's gradient, of which outer derivatives see what is held, too."""
    return lambda x: jax.grad(loss)(x, x)
