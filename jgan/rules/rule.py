"""What a rule is, and the parts that rules are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from jgan.batch_axis import whole_mean
from jgan.game import PLAYERS, Aux, Batch, Collections, Game, Metrics, PyTree, Variables
from jgan.scene import Step
from jgan.scene.by_player import mean_over_devices

Optimizers = Mapping[str, optax.GradientTransformation]
"""An optax optimizer for each player; different learning rates are the two time scales."""


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class TrainState:
    """A whole run in one pytree: what is saved, resumed, vmapped over seeds and sharded.

    Attributes:
      step: number of updates made, int32.
      key: the run's PRNG key; a step uses ``fold_in(key, step)``.
      variables: of both players.
      optimizers: ``{player: optax state}``.
      averages: ``{player: Collections}`` of averaged variables, empty unless the rule is `averaged`.
      memory: whatever else the rule carries (past gradients, slow weights).
      began: the ``step`` at which the stage of the training began, int32; 0 in the first stage.
    """

    step: jax.Array
    key: jax.Array
    variables: Variables
    optimizers: dict[str, Any]
    averages: Variables
    memory: PyTree = ()
    began: jax.Array = field(default_factory=lambda: jnp.zeros((), jnp.int32))

    def replace(self, **changes: Any) -> "TrainState":
        """A copy with some fields changed."""
        return replace(self, **changes)

    @property
    def clock(self) -> Step:
        """How many updates were made, in the run and in its present stage."""
        return Step(self.step, self.step - self.began)

    def averaged_variables(self) -> Variables:
        """The variables with averages in place of what they average."""
        return {
            player: {**own, **self.averages.get(player, {})}
            for player, own in self.variables.items()
        }


class Rule(NamedTuple):
    """How the players move.

    Attributes:
      init: ``(key, batch) -> TrainState``.
      update: ``(train_state, batch) -> (train_state, metrics)``, pure. ``batch`` holds
        ``minibatches * B`` examples; the i-th minibatch is every ``minibatches``-th example from the
        i-th on, so that a batch sharded over devices stays sharded.
      minibatches: how many minibatches one update takes from its batch.
    """

    init: Callable[[jax.Array, Batch], TrainState]
    update: Callable[[TrainState, Batch], tuple[TrainState, Metrics]]
    minibatches: int = 1


def start(game: Game, optimizers: Optimizers, key: jax.Array, batch: Batch) -> TrainState:
    """The first state of a run: variables inside their projections, fresh optimizer states."""
    init_key, run_key = jax.random.split(key)
    variables = game.init(init_key, batch)
    for player, project in game.projections.items():
        own = variables[player]
        variables = {**variables, player: {**own, "params": project(own["params"])}}
    return TrainState(
        step=jnp.zeros((), jnp.int32),
        key=run_key,
        variables=variables,
        optimizers={
            player: optimizers[player].init(variables[player]["params"]) for player in PLAYERS
        },
        averages={},
    )


def check_optimizers(optimizers: Optimizers) -> None:
    """Raise ValueError unless there is one optimizer for each player and nothing else."""
    if set(optimizers) != set(PLAYERS):
        raise ValueError(
            f"optimizers has the keys {sorted(optimizers)}, but must have exactly {sorted(PLAYERS)}."
        )


def gradient(
    game: Game, player: str, variables: Variables, batch: Batch, key: jax.Array, step: Any
) -> tuple[jax.Array, Aux, PyTree]:
    """The player's loss, Aux, and the loss's gradient in the player's own parameters."""

    def own_loss(params: PyTree) -> tuple[jax.Array, Aux]:
        own = {**variables[player], "params": params}
        return game.losses({**variables, player: own}, batch, key, step, variables)[player]

    (loss, aux), grads = jax.value_and_grad(own_loss, has_aux=True)(variables[player]["params"])
    loss, grads = whole_mean((loss, grads))
    return loss, mean_over_devices(aux), grads


def step_player(
    game: Game,
    player: str,
    optimizer: optax.GradientTransformation,
    own: Collections,
    optimizer_state: Any,
    grads: PyTree,
    aux: Aux,
) -> tuple[Collections, Any]:
    """The player's collections and optimizer state after a step along ``grads``, projected."""
    updates, optimizer_state = optimizer.update(grads, optimizer_state, own["params"])
    params = optax.apply_updates(own["params"], updates)
    project = game.projections.get(player)
    return {**own, **aux.state, "params": project(params) if project else params}, optimizer_state


def move(
    game: Game,
    player: str,
    optimizer: optax.GradientTransformation,
    state: TrainState,
    batch: Batch,
    key: jax.Array,
) -> tuple[TrainState, Metrics]:
    """One player's move: gradient, optimizer, projection. The other player is left bitwise alone."""
    loss, aux, grads = gradient(game, player, state.variables, batch, key, state.clock)
    own, optimizer_state = step_player(
        game, player, optimizer, state.variables[player], state.optimizers[player], grads, aux
    )
    state = state.replace(
        variables={**state.variables, player: own},
        optimizers={**state.optimizers, player: optimizer_state},
    )
    return state, report(player, loss, aux, grads)


def report(player: str, loss: jax.Array, aux: Aux, grads: PyTree) -> Metrics:
    """Metrics of one move under the player's name, the gradient's norm among them."""
    named = {f"{player}/{name}": value for name, value in aux.metrics.items()}
    norm = optax.tree.norm(grads)
    return {f"{player}/loss": loss, f"{player}/gradient_norm": norm, **named}


def minibatch(batch: Batch, index: int | jax.Array, count: int) -> Batch:
    """The ``index``-th of ``count`` minibatches: every ``count``-th example from ``index`` on."""
    if count == 1:
        return batch

    def cut(leaf: jax.Array) -> jax.Array:
        if leaf.shape[0] % count:
            raise ValueError(
                f"batch has {leaf.shape[0]} examples, but must have a multiple of {count}, "
                "the number of minibatches an update takes."
            )
        return jnp.asarray(leaf).reshape(-1, count, *leaf.shape[1:])[:, index]

    return jax.tree.map(cut, batch)
