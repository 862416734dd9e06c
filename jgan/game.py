"""A GAN is a two-player differentiable game; this file says what that means as types.

Each player owns a pytree of parameters and a loss. A rule (`jgan.rules`) says how the players move.
Training runs the rule; numerics (`jgan.numerics`) studies it. Nothing here knows about images,
networks or optimizers, so a one-parameter Dirac-GAN and a convolutional GAN are values of one type.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jgan.arguments import check_number
from jgan.players import (
    DISCRIMINATOR,
    FROZEN,
    GENERATOR,
    PLAYERS,
    TERMS,
    Batch,
    Collections,
    Metrics,
    PyTree,
    Variables,
    check_player,
    count_of,
    map_with_keys,
    named_key,
    of_networks,
    state_of,
)
from jgan.scene import Scene
from jgan.scene.by_player import Aux, Losses
from jgan.scene.composition import (
    Composition,
    Foresight,
    Projection,
    given,
    init_of,
    losses_of,
    scene_of,
)

__all__ = [
    "DISCRIMINATOR",
    "FROZEN",
    "GENERATOR",
    "PLAYERS",
    "TERMS",
    "Aux",
    "Batch",
    "Collections",
    "Composition",
    "Foresight",
    "Game",
    "Losses",
    "Metrics",
    "Option",
    "Projection",
    "PyTree",
    "Sampler",
    "Translation",
    "Variables",
    "View",
    "check_player",
    "composition_of",
    "count_of",
    "dense",
    "map_with_keys",
    "named_key",
    "of_networks",
    "opposed",
    "remade",
    "sampled",
    "state_of",
    "with_projection",
    "with_weight_clipping",
]


View = Callable[..., Any]
"""``(variables, batch, key) -> (B, H, W, C)`` pictures in [-1, 1], or ``(B, d)`` points. Where networks meet it
also takes ``step``, for networks that change in time."""


class Option(NamedTuple):
    """A number by which a sampler can be steered, such as a temperature.

    Attributes:
      default: what training's pictures use.
      help: what it does, a sentence.
    """

    default: float
    help: str


class Translation(NamedTuple):
    """A direction in which a game's generator turns pictures into pictures, outside training.

    Attributes:
      field: of a batch, what is translated: pictures, or maps of labels where it is a mask.
      translate: ``(variables, values, label=(), key=None) -> pictures (B, H, W, C)``, for values ``(B, H, W,
        ...)`` of any height and width that the networks take; the key is for networks that are noisy outside
        training too.
      labelled: whether ``label``, classes ``(B,)`` or attributes ``(B, A)``, says what the pictures become.
      latent: ``(key, count) -> latent``, what a translation is drawn by, zero without a key; None for nothing.
      labels: of a map, how many labels there are, from 0; 0 for pictures.
    """

    field: str
    translate: Callable[..., jax.Array]
    labelled: bool = False
    latent: Callable[[jax.Array, int], PyTree] | None = None
    labels: int = 0


class Sampler(NamedTuple):
    """How a game's generator is asked for examples outside training: running statistics, no dropout.

    Attributes:
      latent: ``(key, batch) -> latent``, a pytree whose leaves have one row for each example; only the
        shapes of the batch are looked at.
      generate: ``(variables, condition, latent, key=None, step=0, **options) -> examples``; the key is for
        networks that are noisy outside training too.
      condition: ``batch -> condition`` of its examples; ``()`` where the generator takes none.
      encode: ``(variables, images) -> latent``, for games that have an encoder: images ``(n, ...)`` in
        [-1, 1] to latents as from ``latent``, one row for each image.
      transform: ``(variables, condition, latent, shift, angle) -> images``, not confined to [-1, 1], for
        generators that can be told to move and turn what they show; shift ``(B, 2)`` and angle ``(B,)`` as in
        `jgan.metrics.equivariance.Generate`.
      options: what ``generate`` can be steered by, by name.
      translations: for translators, the directions by name, the usual one first.
    """

    latent: Callable[[jax.Array, Batch], PyTree]
    generate: Callable[..., PyTree]
    condition: Callable[[Batch], PyTree] = lambda batch: ()
    encode: Callable[[Variables, jax.Array], PyTree] | None = None
    transform: Callable[..., jax.Array] | None = None
    options: Mapping[str, Option] = {}
    translations: Mapping[str, Translation] = {}

    def for_batch(
        self, variables: Variables, batch: Batch, latent: PyTree, **options: Any
    ) -> PyTree:
        """Examples from latents, for the conditions of a batch."""
        return self.generate(variables, self.condition(batch), latent, **options)

    def examples(
        self, variables: Variables, batch: Batch, key: jax.Array, **options: Any
    ) -> PyTree:
        """Examples from fresh latents, one for each example of the batch and for its condition.

        Options are the sampler's own, and ``step``.
        """
        latent, noise = self.latent(key, batch), named_key(key, "sample")
        return self.generate(variables, self.condition(batch), latent, key=noise, **options)


class Game(NamedTuple):
    """A two-player differentiable game, as a tuple of pure functions.

    A game whose losses are known as functions is ``Game(init, losses)``; a generator against a
    discriminator is made by `jgan.gans.versus.versus`.

    Attributes:
      init: ``(key, batch) -> Variables``.
      losses: both players' losses, `Losses`.
      views: ways to look at the variables: ``"samples"``, ``"reconstructions"``, ...
      projections: for a player whose parameters are confined to a set (a clipped Wasserstein
        critic), the projection onto the set. Every rule applies it after every move of that player.
      sampler: how its generator makes examples from latents, for games that have them.
      scene: ``(variables, batch, key, step) -> jgan.scene.Scene``, None where nobody meets.
      composition: what it is made of; None for a game that is given by its losses.
    """

    init: Callable[[jax.Array, Batch], Variables]
    losses: Losses
    views: Mapping[str, View] = {}
    projections: Mapping[str, Projection] = {}
    sampler: Sampler | None = None
    scene: Callable[[Variables, Batch, jax.Array, Any], Scene] | None = None
    composition: Composition | None = None

    def add(self, *parts: Any) -> "Game":
        """The game with more terms or group makers, or sequences of them; their order means nothing.

        Raises:
          ValueError: if a player has two terms of one name.
        """
        return remade(self, composition_of(self).adding(parts))

    def at(self, step: Any) -> "Game":
        """The game whose views and sampler see its networks as they are at a step of its stage.

        Only where networks meet does the step matter: to layers that fade in, or to noise that fades out.
        """
        if self.scene is None or self.sampler is None:
            return self
        views = {name: partial(view, step=step) for name, view in self.views.items()}
        generate = partial(self.sampler.generate, step=step)
        return self._replace(views=views, sampler=self.sampler._replace(generate=generate))


def composition_of(game: Game) -> Composition:
    """What a game is made of; one that is given by its losses has these and nothing else."""
    return game.composition or given(game.init, game.losses)


def opposed(game: Game, wanted: str) -> Composition:
    """What a game is made of whose discriminator is shown groups of examples.

    Raises:
      ValueError: if this is no such game; the sentence begins with ``wanted``.
    """
    composition = composition_of(game)
    if not composition.opposed:
        raise ValueError(f"{wanted} needs a game with a discriminator, but this game has none.")
    return composition


def remade(game: Game, composition: Composition) -> Game:
    """The game made of other parts, with the same views, projections and sampler."""
    return game._replace(
        init=init_of(composition),
        losses=losses_of(composition, game.projections),
        scene=scene_of(composition),
        composition=composition,
    )


def dense(game: Game) -> Game:
    """The game whose lazy terms are played at every update, which is its mean over the updates."""
    terms = composition_of(game).terms
    if all(term.every == 1 for term in terms):
        return game
    played = tuple(term._replace(every=1) for term in terms)
    return remade(game, composition_of(game)._replace(terms=played))


def sampled(sampler: Sampler) -> dict[str, View]:
    """The view ``"samples"`` of a sampler: fresh latents, one for each example of the batch."""
    return {"samples": sampler.examples}


def with_projection(game: Game, player: str, projection: Projection) -> Game:
    """The game with ``player``'s parameters confined to the image of ``projection``."""
    check_player(player)
    inner = game.projections.get(player)
    both = (lambda params: projection(inner(params))) if inner else projection
    changed = game._replace(projections={**game.projections, player: both})
    return remade(changed, game.composition) if game.composition else changed


def with_weight_clipping(game: Game, limit: float, player: str = DISCRIMINATOR) -> Game:
    """Confine every parameter of ``player`` to [-limit, limit] (Arjovsky et al. 2017, Algorithm 1).

    The projection follows every move of the player, as in the paper; the authors' code clips before
    each critic step instead, which only leaves the last step of a critic unclipped. As there, every
    parameter is clipped: biases and normalisation scales too.

    Raises:
      ValueError: if ``limit`` is not a positive finite number, or there is no such player.
    """
    check_number("limit", limit, above=0)

    def clip(params: PyTree) -> PyTree:
        return jax.tree.map(lambda leaf: jnp.clip(leaf, -limit, limit), params)

    return with_projection(game, player, clip)
