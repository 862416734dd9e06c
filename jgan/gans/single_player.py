"""Games of one player: generative models without an opponent, in the frame of those that have one."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jgan.game import DISCRIMINATOR, GENERATOR, Aux, Game, Sampler, View, sampled
from jgan.players import Batch, Collections, Variables

LossFunction = Callable[[Variables, Batch, jax.Array, Any], tuple[jax.Array, Aux]]


def single_player(
    init: Callable[[jax.Array, Batch], Collections],
    loss: LossFunction,
    *,
    views: Mapping[str, View] | None = None,
    sampler: Sampler | None = None,
) -> Game:
    """The game whose generator minimises ``loss`` and whose discriminator owns nothing and pays nothing.

    Every rule then descends the one loss, and checkpoints, averages, devices and commands work as they do
    for two players. The field is a gradient, so that its eigenvalues are real: nothing turns.

    Args:
      init: ``(key, batch) -> Collections`` of the generator.
      loss: ``(variables, batch, key, step) -> (loss, Aux)``.
      views: as in `jgan.game.Game`; with a sampler, ``"samples"`` shows what it makes.
      sampler: as in `jgan.game.Game`.

    >>> import optax
    >>> from jgan.rules import simultaneous
    >>> game = single_player(lambda key, batch: {"params": jnp.array(2.0)},
    ...                      lambda variables, *rest: (variables[GENERATOR]["params"] ** 2, Aux()))
    >>> rule = simultaneous(game, dict.fromkeys((GENERATOR, DISCRIMINATOR), optax.sgd(0.25)))
    >>> state, _ = rule.update(rule.init(jax.random.key(0), {}), {})
    >>> float(state.variables[GENERATOR]["params"]), state.variables[DISCRIMINATOR]
    (1.0, {'params': {}})
    """

    def both(key: jax.Array, batch: Batch) -> Variables:
        return {GENERATOR: init(key, batch), DISCRIMINATOR: {"params": {}}}

    def losses(
        variables: Variables,
        batch: Batch,
        key: jax.Array,
        step: Any,
        held: Variables | None = None,
    ) -> dict[str, tuple[jax.Array, Aux]]:
        nothing = jnp.zeros(()), Aux()
        return {GENERATOR: loss(variables, batch, key, step), DISCRIMINATOR: nothing}

    return Game(
        init=both,
        losses=losses,
        views=(sampled(sampler) if sampler else {}) | dict(views or {}),
        sampler=sampler,
    )
