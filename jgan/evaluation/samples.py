"""Samples of a trained game, as a stream of batches."""

import operator
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.interpreters.partial_eval import dce_jaxpr

from jgan.data import Source
from jgan.data.conditions import Conditions, blank, conditions
from jgan.errors import UserError
from jgan.game import Batch, Game, Option, Variables
from jgan.metrics.equivariance import Generate

AT_ONCE = 256


class Latents(NamedTuple):
    """A generator as a function of its latents.

    Attributes:
      prior: ``(key, count) -> (count, d)``.
      generate: latents ``(n, d)``, any n, to examples; where there are ``conditions``, also with conditions
        ``(n, ...)``, by default those of seed 0.
      conditions: ``(count, seed) ->`` conditions of that many examples, drawn from the data, a tree of arrays
        ``(count, ...)``; None where ``generate`` takes none.
    """

    prior: Callable[[jax.Array, int], jax.Array]
    generate: Callable[..., jax.Array]
    conditions: Callable[[int, int], Any] | None = None


class Samples(NamedTuple):
    """What is evaluated.

    Attributes:
      batches: images ``(n, H, W, C)``, uint8 or float32 in [-1, 1], or points ``(n, d)``.
      labels: classes that they were made for, ``(N,)``, or None.
      latents: the generator, for metrics that walk through its latents.
      name: what messages and the protocol call them.
      classes: the names of the labels' classes, empty where they are not known.
      total: how many there are, None where it is not known beforehand.
    """

    batches: Iterator[np.ndarray]
    labels: np.ndarray | None = None
    latents: Latents | None = None
    name: str = "samples"
    classes: tuple[str, ...] = ()
    total: int | None = None


def sampler(
    game: Game,
    source: Source,
    view: str = "samples",
    at_once: int = AT_ONCE,
    options: Mapping[str, float] | None = None,
) -> Callable[..., Iterator[np.ndarray]]:
    """``(variables, count, seed=0, step=None) -> batches`` of a game's view, compiled once for all calls.

    Example i depends on the seed and on i alone, whatever the count. A conditional game is given examples of
    the source by `jgan.data.conditions.conditions` under the same seed: every label comes by its share,
    whatever the order of the data. Fields that the view does not look at are not read.

    Args:
      game: with the view.
      source: of conditions.
      view: its name.
      at_once: examples that are made together.
      options: of the game's sampler, such as a temperature; only the view "samples" takes them.

    A step is that of the game's stage, for networks that change in time; with None the game is taken as it is.

    Raises:
      UserError: if the game has no such view, or the view takes no such option.
    """
    if view not in game.views:
        allowed = ", ".join(game.views)
        raise UserError(f"--view is {view!r}, but this experiment has only {allowed}.")
    chosen = dict(options or {})
    unknown = [name for name in chosen if view != "samples" or name not in options_of(game)]
    if unknown:
        raise UserError(
            f"--{unknown[0]} was given, but the view {view!r} of this experiment takes no such option."
        )

    def show(variables: Variables, batch: Batch, key: jax.Array, step: Any) -> Any:
        return (game if step is None else game.at(step)).views[view](
            variables, batch, key, **chosen
        )

    compiled = jax.jit(show)

    def batches(
        variables: Variables, count: int, seed: int = 0, step: Any = None
    ) -> Iterator[np.ndarray]:
        given = conditions(source, seed)
        read = fields_read(compiled, variables, blank(source, at_once), jax.random.key(0), step)
        for start in range(0, count, at_once):
            batch, key = batch_and_key(given, start // at_once, seed, at_once, read)
            made = jax.tree.map(np.asarray, compiled(variables, batch, key, step))
            yield jax.tree.map(operator.itemgetter(slice(count - start)), made)

    return batches


def options_of(game: Game) -> Mapping[str, Option]:
    """What samples of a game can be steered by."""
    return {} if game.sampler is None else game.sampler.options


def batch_and_key(
    given: Conditions,
    index: int,
    seed: int,
    at_once: int = AT_ONCE,
    read: Collection[str] | None = None,
) -> tuple[Batch, jax.Array]:
    """The examples and the key of which the ``index``-th batch of samples is made.

    Args:
      given: by `jgan.data.conditions.conditions` under the same seed.
      index: of the batch.
      seed: of the samples.
      at_once: examples in a batch.
      read: fields that are looked at, by `fields_read`; None for all.
    """
    batch = given.at(index * at_once + np.arange(at_once), read)
    return batch, jax.random.fold_in(jax.random.key(seed), index)


def fields_read(function: Any, variables: Variables, batch: Batch, *others: Any) -> set[str]:
    """The fields of a batch on whose values the results of a function depend.

    Args:
      function: ``(variables, batch, *others)``, compiled by ``jax.jit``.
      variables: or their shapes.
      batch: likewise.
      *others: likewise.

    >>> both = jax.jit(lambda variables, batch: variables + batch["label"] + len(batch["image"]))
    >>> fields_read(both, 1, {"image": np.ones((2, 3)), "label": np.ones(2)})
    {'label'}
    """
    program = function.trace(variables, batch, *others).jaxpr.jaxpr
    _, used = dce_jaxpr(program, [True] * len(program.outvars))
    fields = [
        path[1].key if isinstance(path[0], jax.tree_util.SequenceKey) and path[0].idx == 1 else None
        for path, _ in jax.tree_util.tree_leaves_with_path((variables, batch, *others))
    ]
    return {name for name, needed in zip(fields, used, strict=True) if needed and name}


def latents_of(game: Game, variables: Variables, source: Source, seed: int = 0) -> Latents | None:
    """The generator as its game's sampler asks it; None where a latent is not one vector an example.

    Its latents are made for the conditions that samples under ``seed`` are made for.
    """
    if game.sampler is None:
        return None
    game_sampler = game.sampler

    def prior(key: jax.Array, count: int) -> Any:
        return game_sampler.latent(key, blank(source, count))

    def conditions_of(count: int, seed: int) -> Any:
        given = conditions(source, seed)
        parts = [
            jax.tree.map(
                np.asarray, game_sampler.condition(given.at(np.arange(start, start + AT_ONCE)))
            )
            for start in range(0, count, AT_ONCE)
        ]
        return jax.tree.map(lambda *leaves: np.concatenate(leaves)[:count], *parts)

    def generate(latent: Any, condition: Any = None) -> Any:
        given = conditions_of(len(latent), seed) if condition is None else condition
        return game_sampler.generate(variables, given, latent)

    shape = jax.eval_shape(lambda key: prior(key, 2), jax.random.key(0))
    if not isinstance(shape, jax.ShapeDtypeStruct) or len(shape.shape) != 2:
        return None
    return Latents(prior, generate, conditions_of)


def transformed_by(
    game: Game, variables: Variables, source: Source, seed: int = 0
) -> Generate | None:
    """The generator as equivariance asks it; None where the game's cannot be told to move and turn.

    Every batch is made for the conditions of the first samples under ``seed``.
    """
    if game.sampler is None or game.sampler.transform is None:
        return None
    game_sampler, transform = game.sampler, game.sampler.transform
    given = conditions(source, seed)

    def generate(key: jax.Array, shift: jax.Array, angle: jax.Array) -> jax.Array:
        batch = given.at(np.arange(len(shift)))
        latent = game_sampler.latent(key, batch)
        return transform(variables, game_sampler.condition(batch), latent, shift, angle)

    return generate
