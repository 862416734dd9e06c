"""A GAN is a two-player differentiable game; this file says what that means as types.

Each player owns a pytree of parameters and a loss. A rule (`jgan.rules`) says how the players move.
Training runs the rule; numerics (`jgan.numerics`) studies it. Nothing here knows about images,
networks or optimizers, so a one-parameter Dirac-GAN and a convolutional GAN are values of one type.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jgan.losses import Loss

GENERATOR = "generator"
DISCRIMINATOR = "discriminator"
PLAYERS = (GENERATOR, DISCRIMINATOR)

PyTree = Any
Batch = Mapping[str, jax.Array]
Collections = dict[str, PyTree]
"""What one player owns: ``{"params": ..., other collections: ...}``."""
Variables = dict[str, Collections]
"""``{player: Collections}``; only ``"params"`` is trained."""
Metrics = dict[str, jax.Array]


class Aux(NamedTuple):
    """What a loss returns beside its value: the moving player's own new state, and scalars to log."""

    state: Collections = {}
    metrics: Metrics = {}


class Inputs(NamedTuple):
    """What a discriminator is shown: values (penalties differentiate in them) and conditions."""

    values: PyTree
    condition: PyTree = ()


class Critic(NamedTuple):
    """How a game puts real and fake examples before its discriminator, at one point of training.

    Penalties, consistency terms and augmentations are written on this, not on networks.

    Attributes:
      real: real examples, every leaf ``(B, ...)``.
      fake: generated examples, every leaf ``(B, ...)``.
      score: ``(inputs, state, key) -> (logits (B,), new state)``, where ``state`` holds the
        discriminator's collections other than ``"params"``.
      generator_state: the generator's collections other than ``"params"`` after this pass.
      latent: what the fakes were generated from; ``()`` in games without latents.
      generate: ``latent -> Inputs``, with the generator's state frozen.
    """

    real: Inputs
    fake: Inputs
    score: Callable[[Inputs, Collections, jax.Array], tuple[jax.Array, Collections]]
    generator_state: Collections = {}
    latent: PyTree = ()
    generate: Callable[[PyTree], Inputs] | None = None


LossFunction = Callable[[Variables, Batch, jax.Array, jax.Array], tuple[jax.Array, Aux]]
"""``(variables, batch, key, step) -> (loss, Aux)``; ``step`` counts the updates of the rule."""
BothLosses = Callable[[Variables, Batch, jax.Array, jax.Array], dict[str, tuple[jax.Array, Aux]]]
CriticFunction = Callable[[Variables, Batch, jax.Array, jax.Array], Critic]
View = Callable[[Variables, Batch, jax.Array], jax.Array]
"""``(variables, batch, key) -> (B, H, W, C)`` pictures in [-1, 1], or ``(B, d)`` points."""
Projection = Callable[[PyTree], PyTree]


class SharedLosses(dict[str, LossFunction]):
    """Losses by player that can also be had together, from one pass through both players' networks.

    A transformation that replaces a loss makes an ordinary mapping of this one: the sharing is lost, the
    losses are right.

    Attributes:
      both: ``(variables, batch, key, step) -> {player: (loss, Aux)}``, the values of the single losses.
    """

    def __init__(self, losses: Mapping[str, LossFunction], both: BothLosses) -> None:
        super().__init__(losses)
        self.both = both


class Sampler(NamedTuple):
    """How a game's generator is asked for examples outside training: running statistics, no dropout.

    Attributes:
      latent: ``(key, batch) -> latent``, a pytree whose leaves have one row for each example of the batch.
      generate: ``(variables, batch, latent) -> examples``; the batch gives conditions, if there are any.
      encode: ``(variables, images) -> latent``, for games that have an encoder: images ``(n, ...)`` in
        [-1, 1] to latents as from ``latent``, one row for each image.
    """

    latent: Callable[[jax.Array, Batch], PyTree]
    generate: Callable[[Variables, Batch, PyTree], jax.Array]
    encode: Callable[[Variables, jax.Array], PyTree] | None = None


class Game(NamedTuple):
    """A two-player differentiable game, as a tuple of pure functions.

    Attributes:
      init: ``(key, batch) -> Variables``.
      losses: for each player, ``(variables, batch, key, step) -> (loss, Aux)``. Each player
        minimises its own loss over its own parameters; ``Aux.state`` is that player's alone.
      views: ways to look at the variables: ``"samples"``, ``"reconstructions"``, ...
      projections: for a player whose parameters are confined to a set (a clipped Wasserstein
        critic), the projection onto the set. Every rule applies it after every move of that player.
      critic: how the discriminator is asked, for games that have one.
      sampler: how its generator makes examples from latents, for games that have them.
      rebuild: the same game with its discriminator asked in another way (`with_augmentation`).
    """

    init: Callable[[jax.Array, Batch], Variables]
    losses: Mapping[str, LossFunction]
    views: Mapping[str, View] = {}
    projections: Mapping[str, Projection] = {}
    critic: CriticFunction | None = None
    sampler: Sampler | None = None
    rebuild: "Callable[[CriticFunction], Game] | None" = None


def state_of(collections: Collections) -> Collections:
    """A player's collections without its parameters: running statistics, spectral vectors, ..."""
    return {name: value for name, value in collections.items() if name != "params"}


def ask(
    critic: Critic, state: Collections, key: jax.Array
) -> tuple[jax.Array, jax.Array, Collections]:
    """Logits of the real and of the fake examples, each ``(B,)``, and the discriminator's new state.

    Real and fake go through in two passes, as in the reference codes (a batch statistic never mixes
    them), and the state runs through both. Both players ask with the same key, so that a
    simultaneous move shares one forward pass.
    """
    real_key, fake_key = jax.random.split(key)
    real_logits, state = critic.score(critic.real, state, real_key)
    fake_logits, state = critic.score(critic.fake, state, fake_key)
    return real_logits, fake_logits, state


def adversarial(
    init: Callable[[jax.Array, Batch], Variables],
    critic: CriticFunction,
    loss: Loss,
    views: Mapping[str, View] | None = None,
    sampler: Sampler | None = None,
) -> Game:
    """The game of a generator and a discriminator that meet in ``critic``, under ``loss``.

    Args:
      init: ``(key, batch) -> Variables``.
      critic: ``(variables, batch, key, step) -> Critic``.
      loss: an entry of `jgan.losses`, written on logits, per example. It is reduced here, and only
        here, by the mean over the batch.
      views: as in `Game`; with a sampler, ``"samples"`` shows what it makes.
      sampler: as in `Game`.

    Metrics of the discriminator: mean ``real_logit`` and ``fake_logit``, and ``accuracy``, the share
    of the 2B logits on their side of zero.
    """

    def both(
        variables: Variables, batch: Batch, key: jax.Array, step: jax.Array
    ) -> dict[str, tuple[jax.Array, Aux]]:
        scene_key, ask_key, label_key = jax.random.split(key, 3)
        scene = critic(variables, batch, scene_key, step)
        real, fake, state = ask(scene, state_of(variables[DISCRIMINATOR]), ask_key)
        metrics = {
            "real_logit": jnp.mean(real),
            "fake_logit": jnp.mean(fake),
            "accuracy": 0.5 * (jnp.mean(real > 0) + jnp.mean(fake < 0)),
        }
        judged = loss.discriminator(*loss.labels(label_key, real, fake))
        return {
            GENERATOR: (jnp.mean(loss.generator(real, fake)), Aux(scene.generator_state)),
            DISCRIMINATOR: (jnp.mean(judged), Aux(state, metrics)),
        }

    def single(player: str) -> LossFunction:
        # What the other player's loss needs is dead code, which the compiler removes.
        return lambda variables, batch, key, step: both(variables, batch, key, step)[player]

    return Game(
        init=init,
        losses=SharedLosses({player: single(player) for player in PLAYERS}, both),
        views=(sampled(sampler) if sampler else {}) | dict(views or {}),
        critic=critic,
        sampler=sampler,
        rebuild=lambda other: adversarial(init, other, loss, views, sampler),
    )


def sampled(sampler: Sampler) -> dict[str, View]:
    """The view ``"samples"`` of a sampler: fresh latents, one for each example of the batch."""
    return {
        "samples": lambda variables, batch, key: sampler.generate(
            variables, batch, sampler.latent(key, batch)
        )
    }


def with_projection(game: Game, player: str, projection: Projection) -> Game:
    """The game with ``player``'s parameters confined to the image of ``projection``."""
    check_player(player)
    if player in game.projections:
        inner = game.projections[player]
        projections = {**game.projections, player: lambda params: projection(inner(params))}
    else:
        projections = {**game.projections, player: projection}
    rebuilt = game.rebuild
    return game._replace(
        projections=projections,
        rebuild=rebuilt and (lambda critic: with_projection(rebuilt(critic), player, projection)),
    )


def with_weight_clipping(game: Game, limit: float, player: str = DISCRIMINATOR) -> Game:
    """Confine every parameter of ``player`` to [-limit, limit] (Arjovsky et al. 2017, Algorithm 1).

    The projection follows every move of the player, as in the paper; the authors' code clips before
    each critic step instead, which only leaves the last step of a critic unclipped. As there, every
    parameter is clipped: biases and normalisation scales too.
    """
    if isinstance(limit, int | float) and limit <= 0:
        raise ValueError(f"limit is {limit}, but a clipping limit must be positive.")

    def clip(params: PyTree) -> PyTree:
        return jax.tree.map(lambda leaf: jnp.clip(leaf, -limit, limit), params)

    return with_projection(game, player, clip)


def check_player(player: str) -> None:
    """Raise ValueError unless ``player`` is one of `PLAYERS`."""
    if player not in PLAYERS:
        raise ValueError(f"player is {player!r}, but must be one of {', '.join(PLAYERS)}.")


def map_with_keys(
    function: Callable[[jax.Array, jax.Array], jax.Array], values: PyTree, key: jax.Array
) -> PyTree:
    """``function(leaf, key)`` over the leaves of ``values``, each leaf with a key of its own."""
    leaves, structure = jax.tree.flatten(values)
    keys = jax.random.split(key, len(leaves))
    return jax.tree.unflatten(structure, map(function, leaves, keys))


def critic_of(game: Game) -> CriticFunction:
    """The game's critic.

    Raises:
      ValueError: if the game has none.
    """
    if game.critic is None:
        raise ValueError("this game has no discriminator to ask: game.critic is None.")
    return game.critic
