"""The vector field of a game and the operator of a rule, as maps from a pytree to one like it."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.arguments import check_count
from jgan.game import PLAYERS, Batch, Game, PyTree, Variables, check_player, dense
from jgan.numerics.selfmap import SelfMap
from jgan.rules.joint_move import params_of, with_params
from jgan.rules.rule import Rule, TrainState, gradient
from jgan.scene import as_step


def vector_field(
    game: Game,
    variables: Variables,
    batch: Batch,
    key: jax.Array | None = None,
    step: Any = 0,
) -> dict[str, PyTree]:
    """Minus each player's gradient of its own loss in its own parameters, ``{player: params}``.

    Gradient descent with small steps follows this field (Mescheder et al. 2017, eq. 3). Lazy terms are in it
    as their mean over the updates.

    Args:
      game: what is played.
      variables: where; collections other than ``"params"`` are held fixed.
      batch: the examples; with all of them the field is exact.
      key: of the losses; ``jax.random.key(0)`` if None. The field of one key is a deterministic function.
      step: which update, a number or a `jgan.scene.Step`, for games that change with it.
    """
    key = jax.random.key(0) if key is None else key
    step, game = as_step(step), dense(game)
    return {
        player: jax.tree.map(jnp.negative, gradient(game, player, variables, batch, key, step)[2])
        for player in PLAYERS
    }


def field(
    game: Game,
    variables: Variables,
    batch: Batch,
    key: jax.Array | None = None,
    step: Any = 0,
) -> SelfMap:
    """The vector field as a map on ``{player: params}``, at the given variables.

    In tree order the discriminator comes first, so the Jacobian has the blocks [[D by D, D by G],
    [G by D, G by G]].
    """

    def function(params: dict[str, PyTree]) -> dict[str, PyTree]:
        return vector_field(game, with_params(variables, params), batch, key, step)

    return SelfMap(function, params_of(variables))


def player_field(
    game: Game,
    player: str,
    variables: Variables,
    batch: Batch,
    key: jax.Array | None = None,
    step: Any = 0,
) -> SelfMap:
    """The field of one player against a standing opponent: its Jacobian is minus that player's Hessian."""
    check_player(player)

    def function(params: PyTree) -> PyTree:
        moved = with_params(variables, {player: params})
        return vector_field(game, moved, batch, key, step)[player]

    return SelfMap(function, variables[player]["params"])


def operator(rule: Rule, state: TrainState, batch: Batch, steps: int = 1) -> SelfMap:
    """``steps`` updates of a rule on one batch, as a map on all that moves.

    What moves are the floating-point leaves of both players' parameters, of the optimizer states and of
    the rule's memory, so that momentum, alternation, several discriminator steps and past gradients are
    inside. Step, key, running statistics and averages are held at their values in ``state``. A leaf that
    an optimizer keeps constant adds an eigenvalue 1.

    Args:
      rule: how the players move.
      state: where. Optimizers that treat their first step apart (optimistic ones) need a state behind it:
        `settled`.
      batch: examples for one update; each of the ``steps`` updates sees it.
      steps: how many updates make one application, for rules with a period.

    Raises:
      ValueError: if ``steps`` is less than 1.
    """
    check_count("steps", steps)
    leaves, structure = jax.tree.flatten(_moving(_off_the_kink(state)))
    floats = [jnp.issubdtype(leaf.dtype, jnp.inexact) for leaf in leaves]

    def function(point: list[jax.Array]) -> list[jax.Array]:
        values = iter(point)
        merged = [next(values) if f else leaf for f, leaf in zip(floats, leaves, strict=True)]
        moved = _put_back(state, jax.tree.unflatten(structure, merged))
        # The step does advance between the updates of one application: that is what a period is.
        for _ in range(steps):
            moved, _ = rule.update(moved, batch)
        new = jax.tree.leaves(_moving(moved))
        return [leaf for f, leaf in zip(floats, new, strict=True) if f]

    return SelfMap(function, [leaf for f, leaf in zip(floats, leaves, strict=True) if f])


def settled(rule: Rule, state: TrainState, batch: Batch) -> TrainState:
    """``state`` after one update, with its variables put back.

    At an equilibrium this is the state that every later update finds: optimizers are past their first
    step, past gradients are those of the equilibrium.
    """
    moved, _ = rule.update(state, batch)
    return moved.replace(variables=state.variables, step=state.step)


def aged(state: TrainState) -> TrainState:
    """``state`` whose optimizers have made so many steps that corrections of their first ones are over."""

    def age(path: tuple[Any, ...], leaf: jax.Array) -> jax.Array:
        counts = any(getattr(part, "name", None) == "count" for part in path)
        return jnp.full_like(leaf, 10**6) if counts else leaf

    return state.replace(optimizers=jax.tree_util.tree_map_with_path(age, state.optimizers))


def _off_the_kink(state: TrainState) -> TrainState:
    """The state with second moments of exactly 0 made tiny.

    Adam's square root has no derivative at 0, where parameters of dead units stay: their gradient is 0, so
    that any finite slope gives them the eigenvalues that they have.
    """

    def lift(path: tuple[Any, ...], leaf: jax.Array) -> jax.Array:
        second_moment = any(getattr(part, "name", None) == "nu" for part in path)
        return jnp.where(leaf == 0, jnp.asarray(1e-30, leaf.dtype), leaf) if second_moment else leaf

    return state.replace(optimizers=jax.tree_util.tree_map_with_path(lift, state.optimizers))


def _moving(state: TrainState) -> PyTree:
    return params_of(state.variables), state.optimizers, state.memory


def _put_back(state: TrainState, moving: PyTree) -> TrainState:
    params, optimizers, memory = moving
    variables = with_params(state.variables, params)
    return state.replace(variables=variables, optimizers=optimizers, memory=memory)
