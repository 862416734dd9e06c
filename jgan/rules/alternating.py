"""Alternating descent: the players move in turn, each against the other's newest variables."""

import jax
import jax.numpy as jnp

from jgan.arguments import check_count
from jgan.game import DISCRIMINATOR, GENERATOR, Batch, Game, Metrics, check_player
from jgan.rules.rule import Optimizers, Rule, TrainState, check_optimizers, minibatch, move, start


def alternating(
    game: Game,
    optimizers: Optimizers,
    *,
    discriminator_steps: int = 1,
    generator_steps: int = 1,
    first: str = DISCRIMINATOR,
) -> Rule:
    """Alternating gradient descent (Goodfellow et al. 2014, Algorithm 1).

    Args:
      game: what is played.
      optimizers: an optax optimizer for each player.
      discriminator_steps: discriminator steps an update, each on a fresh minibatch (n_critic).
      generator_steps: generator steps an update, on the last minibatch with fresh latents.
      first: who moves first. The order matters for stability limits (FACTS of Dirac-GAN use the
        generator first), hardly for images.

    Metrics are means over a player's steps of the update.

    Raises:
      ValueError: if a number of steps is not a whole number of at least 1, or a player or an optimizer is
        not there.

    >>> import optax
    >>> from jgan.game import Aux, PLAYERS
    >>> product = lambda v: v["generator"]["params"] * v["discriminator"]["params"]
    >>> losses = lambda v, batch, key, step, held=None: {
    ...     GENERATOR: (product(v), Aux()), DISCRIMINATOR: (-product(v), Aux())}
    >>> game = Game(lambda key, batch: {p: {"params": jnp.ones(())} for p in PLAYERS}, losses)
    >>> rule = alternating(game, {p: optax.sgd(0.5) for p in PLAYERS}, first=GENERATOR)
    >>> state, metrics = rule.update(rule.init(jax.random.key(0), {}), {})
    >>> [float(state.variables[p]["params"]) for p in PLAYERS]
    [0.5, 1.25]
    """
    check_optimizers(optimizers)
    check_player(first)
    for name, steps in (
        ("discriminator_steps", discriminator_steps),
        ("generator_steps", generator_steps),
    ):
        check_count(name, steps)
    counts = {DISCRIMINATOR: discriminator_steps, GENERATOR: generator_steps}
    order = (first, GENERATOR if first == DISCRIMINATOR else DISCRIMINATOR)

    def init(key: jax.Array, batch: Batch) -> TrainState:
        return start(game, optimizers, key, batch)

    def turn(
        player: str, state: TrainState, batch: Batch, key: jax.Array
    ) -> tuple[TrainState, Metrics]:
        def one(state: TrainState, index: int | jax.Array) -> tuple[TrainState, Metrics]:
            part = index if player == DISCRIMINATOR else discriminator_steps - 1
            own_batch = minibatch(batch, part, discriminator_steps)
            own_key = jax.random.fold_in(key, index)
            return move(game, player, optimizers[player], state, own_batch, own_key)

        if counts[player] == 1:
            return one(state, 0)
        # A scan, so that n_critic does not multiply the compile time.
        state, metrics = jax.lax.scan(one, state, jnp.arange(counts[player]))
        return state, jax.tree.map(lambda values: jnp.mean(values, axis=0), metrics)

    def update(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        step_key = jax.random.fold_in(state.key, state.step)
        metrics: Metrics = {}
        for player, key in zip(order, jax.random.split(step_key), strict=True):
            state, own = turn(player, state, batch, key)
            metrics |= own
        return state.replace(step=state.step + 1), metrics

    return Rule(init, update, minibatches=discriminator_steps)
