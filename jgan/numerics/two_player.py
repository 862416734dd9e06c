"""Games from functions: two losses, or one that the players minimise and maximise, become a `Game`."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.arguments import check_count
from jgan.game import DISCRIMINATOR, GENERATOR, Game, PyTree
from jgan.numerics.toy_games import as_variables, game_of_losses

Loss = Callable[..., Any]
"""``(x, y) -> number`` of the generator's x and the discriminator's y, or ``vector -> number``."""


def two_player(
    generator_loss: Loss, discriminator_loss: Loss, start: Any, *, split: int | None = None
) -> Game:
    """The game in which each player minimises a function of both players' parameters.

    It is studied, and trained, as every other game: fields, Jacobians, operators, rules, trajectories.
    Parameters are kept inside a set by `jgan.game.with_projection`.

    Args:
      generator_loss: ``(x, y) -> number``; ``vector -> number`` if ``split`` is given.
      discriminator_loss: likewise.
      start: where the players begin: the pair of x and y, each a number, an array or a pytree of them; with
        ``split`` one vector ``(n,)``.
      split: how many entries of the vector are the generator's; the others are the discriminator's.

    Raises:
      ValueError: if ``start`` is no pair (no vector, with ``split``), holds what is not a finite real number,
        or a player has nothing to move; if a loss fails there, or is not one real number.

    >>> from jgan.numerics.field import field
    >>> from jgan.numerics.selfmap import jacobian
    >>> game = two_player(lambda x, y: x**2 + x * y, lambda x, y: y**2 - x * y, start=(1.0, 1.0))
    >>> jacobian(field(game, game.init(jax.random.key(0), {}), {})).tolist()  # y comes first
    [[-2.0, 1.0], [-1.0, -2.0]]
    """
    x, y = _players(start, split)
    losses = [_of_players(loss, split) for loss in (generator_loss, discriminator_loss)]
    for name, loss in zip(("generator_loss", "discriminator_loss"), losses, strict=True):
        _check_loss(name, loss, x, y)
    return game_of_losses(losses[0], losses[1], x, y)


def zero_sum(f: Loss, start: Any, *, split: int | None = None) -> Game:
    """The game min over x, max over y of f(x, y): the generator's x, the discriminator's y.

    Args:
      f: ``(x, y) -> number``; ``vector -> number`` if ``split`` is given.
      start: as in `two_player`.
      split: as in `two_player`.

    Raises:
      ValueError: as in `two_player`.

    >>> from jgan.numerics.eigen import eigenvalues
    >>> from jgan.numerics.field import field
    >>> game = zero_sum(lambda w: w[0] * w[1], start=[1.0, 1.0], split=1)
    >>> eigenvalues(field(game, game.init(jax.random.key(0), {}), {})).imag.tolist()
    [1.0, -1.0]
    """
    return two_player(f, lambda *players: -f(*players), start, split=split)


def _of_players(loss: Loss, split: int | None) -> Callable[[PyTree, PyTree], jax.Array]:
    if split is None:
        return lambda x, y: jnp.asarray(loss(x, y))
    return lambda x, y: jnp.asarray(loss(jnp.concatenate([x, y])))


def _players(start: Any, split: int | None) -> tuple[PyTree, PyTree]:
    """The first x and y."""
    if split is None:
        if not isinstance(start, tuple | list) or len(start) != 2:
            raise ValueError(
                f"start is {_shown(start)}, but must be a pair, the generator's x and the discriminator's y; a "
                "single vector needs split."
            )
        x, y = start
    else:
        vector = _real("start", start)
        check_count("split", split)
        if vector.ndim != 1 or not split < vector.shape[0]:
            raise ValueError(
                f"start has the shape {vector.shape} and split is {split}, but must be a vector of more than "
                f"{split} numbers, so that both players have some."
            )
        x, y = vector[:split], vector[split:]
    for name, own in (("x", x), ("y", y)):
        leaves = jax.tree.leaves(own)
        if sum(_real(f"{name} of start", leaf).size for leaf in leaves) == 0:
            raise ValueError(f"{name} of start holds no numbers, but each player must have some.")
    return x, y


def _real(name: str, value: Any) -> Any:
    """The value as an array; traced ones are taken as they are."""
    if isinstance(value, jax.core.Tracer):
        return value
    try:
        found = np.asarray(value)
    except ValueError:  # rows of unlike lengths
        found = np.asarray(None)
    if not (np.issubdtype(found.dtype, np.floating) or np.issubdtype(found.dtype, np.integer)):
        raise ValueError(f"{name} is of type {found.dtype}, but must be real numbers.")
    if not np.isfinite(found).all():
        raise ValueError(f"{name} is {_shown(value)}, but all its numbers must be finite.")
    return found


def _check_loss(
    name: str, loss: Callable[[PyTree, PyTree], jax.Array], x: PyTree, y: PyTree
) -> None:
    variables = as_variables(x, y)
    players = variables[GENERATOR]["params"], variables[DISCRIMINATOR]["params"]
    try:
        found = jax.eval_shape(loss, *players)
    except Exception as error:
        first = str(error).strip().split("\n")[0].rstrip(".:")
        raise ValueError(
            f"{name} fails at the start with {type(error).__name__}: {first}."
        ) from error
    real = jnp.issubdtype(found.dtype, jnp.floating)
    if found.shape != () or not real:
        raise ValueError(
            f"{name} returns an array of shape {found.shape} and type {found.dtype}, but must return one real "
            "number."
        )


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:77]}..."
