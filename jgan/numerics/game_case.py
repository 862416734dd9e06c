"""A game under a named rule, all of whose numbers can be changed by name: what is studied."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.arguments import check_number
from jgan.game import Aux, Batch, Game, PyTree, Variables, composition_of, remade
from jgan.numerics.eigen import spectral_radius
from jgan.numerics.equilibrium import Equilibrium, find_equilibrium, natural_map
from jgan.numerics.field import aged, operator, settled
from jgan.numerics.field import field as field_of
from jgan.numerics.named_rules import RULES, Setting, named_rule, period_of
from jgan.numerics.selfmap import SelfMap
from jgan.numerics.time_scales import with_time_scale
from jgan.rules.joint_move import params_of, with_params
from jgan.rules.rule import Rule, TrainState
from jgan.scene.by_player import Losses

NUMBERS = ("step", "momentum", "tau", "beta2")
"""Fields of a `Setting` that may be mapped over."""
STILL = ("every",)
"""Weights of rules that are whole numbers, so that they cannot be mapped over."""

USUAL = Setting(0.1)

Real = float | jax.Array


def with_fixed_key(game: Game, always: jax.Array) -> Game:
    """The game whose losses use one key always: latents are drawn once, and the field is one function."""

    def fixed(inner: Losses) -> Losses:
        def losses(
            variables: Variables,
            batch: Batch,
            key: jax.Array,
            step: Any,
            held: Variables | None = None,
        ) -> Mapping[str, tuple[jax.Array, Aux]]:
            return inner(variables, batch, always, step, held)

        return losses

    composition = composition_of(game)
    return remade(game, composition._replace(transforms=(*composition.transforms, fixed)))


def in_default_precision(tree: PyTree) -> PyTree:
    """The tree with floating-point leaves of JAX's default type."""

    def cast(leaf: Any) -> Any:
        floating = jnp.issubdtype(jnp.result_type(leaf), jnp.floating)
        return jnp.asarray(leaf, jnp.result_type(float)) if floating else leaf

    return jax.tree.map(cast, tree)


@dataclass(frozen=True)
class GameCase:
    """A game, the batch it is played on, and the rule.

    Attributes:
      build: from the game's own arguments to the game and its batch; called with traced numbers by maps.
      arguments: the game's own arguments; those that are floats may be mapped over.
      rule: a name in `jgan.numerics.named_rules.RULES`.
      setting: of the rule.
      seed: of the latents and of networks.
    """

    build: Callable[..., tuple[Game, Batch]]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    rule: str = "simultaneous"
    setting: Setting = USUAL
    seed: int = 0

    @property
    def key(self) -> jax.Array:
        """Of the latents, which are drawn once."""
        return jax.random.key(self.seed)

    def played(self) -> tuple[Game, Batch]:
        """The game, its latents drawn once, and its batch."""
        game, batch = self.build(**self.arguments)
        return with_fixed_key(game, self.key), in_default_precision(batch)

    def names(self) -> list[str]:
        """The numbers that may be mapped over, for `value` and `changed`."""
        weights = [name for name in RULES[self.rule].weights if name not in STILL]
        own = [name for name, value in self.arguments.items() if isinstance(value, float)]
        numbers = [name for name in NUMBERS if self._takes(name)]
        return [*numbers, *weights, *own]

    def _takes(self, name: str) -> bool:
        if name == "momentum":
            return RULES[self.rule].takes_momentum
        return name != "beta2" or self.setting.optimizer == "adam"

    def value(self, name: str) -> Real:
        """A number by its name.

        Raises:
          ValueError: if no number of that name can be mapped over.
        """
        if name not in self.names():
            raise ValueError(
                f"{name!r} is no number that can be mapped over; use one of {', '.join(self.names())}."
            )
        if name in NUMBERS:
            return getattr(self.setting, name)
        if name in RULES[self.rule].weights:
            return self.setting.weight(name)
        return self.arguments[name]

    def changed(self, **values: Real) -> "GameCase":
        """The case with other numbers, by name."""
        setting, arguments = self.setting, dict(self.arguments)
        for name, value in values.items():
            self.value(name)
            if name in NUMBERS:
                setting = setting._replace(**{name: value})  # type: ignore[arg-type]
            elif name in RULES[self.rule].weights:
                setting = setting._replace(weights={**setting.weights, name: value})
            else:
                arguments[name] = value
        return replace(self, setting=setting, arguments=arguments)

    def is_of_game(self, name: str) -> bool:
        """Whether a number is the game's own, so that its equilibria may move with it."""
        return name in self.arguments

    def moving(self) -> Rule:
        """The rule on the game."""
        return named_rule(self.rule, self.played()[0], self.setting)

    def first(self) -> TrainState:
        """The state in which the players begin, in JAX's default precision, whatever networks are made in."""
        return in_default_precision(self.moving().init(self.key, self.played()[1]))

    def start(self) -> jax.Array:
        """``(n,)``, where the players begin, in tree order."""
        return ravel_pytree(params_of(self.first().variables))[0]

    def state_at(self, point: jax.Array) -> TrainState:
        """The first state with the players at a point ``(n,)``."""
        state = self.first()
        unravel = ravel_pytree(params_of(state.variables))[1]
        memory = state.memory
        if isinstance(memory, dict) and "slow" in memory:  # a copy of where the players begin
            memory = {**memory, "slow": unravel(point)}
        variables = with_params(state.variables, unravel(point))
        return state.replace(variables=variables, memory=memory)

    def field_at(self, point: jax.Array) -> SelfMap:
        """The field, the discriminator's part times tau, at a point ``(n,)``."""
        game, batch = self.played()
        variables = self.state_at(point).variables
        return field_of(with_time_scale(game, self.setting.tau), variables, batch)

    def natural(self, point: jax.Array | None = None) -> SelfMap:
        """The map whose zeros are the equilibria, `jgan.numerics.equilibrium.natural_map`, at a point ``(n,)``.

        The discriminator is tau times as fast.
        """
        game, batch = self.played()
        state = self.first() if point is None else self.state_at(point)
        return natural_map(with_time_scale(game, self.setting.tau), state.variables, batch)

    def operator_at(self, point: jax.Array) -> SelfMap:
        """The operator of ``period`` updates at a point ``(n,)``, optimizers past their first steps."""
        rule, (_, batch) = self.moving(), self.played()
        state = settled(rule, self.state_at(point), batch)
        return operator(rule, aged(state), batch, self.period)

    @property
    def period(self) -> int:
        """Updates after which the rule does the same again."""
        return period_of(self.rule, self.setting)

    def radius_at(self, point: jax.Array) -> jax.Array:
        """The factor of a single update at a point ``(n,)``; jit- and vmap-able."""
        return spectral_radius(self.operator_at(point)) ** (1 / self.period)

    def equilibrium_from(self, point: jax.Array, rounds: int = 60) -> Equilibrium:
        """Where Newton's method leads from a point ``(n,)``; jit- and vmap-able."""
        return find_equilibrium(self.natural(), point, rounds)


def values_between(name: str, low: float, high: float, count: int) -> np.ndarray:
    """``count`` values of a number from ``low`` to ``high``; those of ``tau`` by equal factors.

    Raises:
      ValueError: if an end is not finite, or ``high`` not above ``low``, or ``tau`` not positive.

    >>> values_between("tau", 0.1, 10.0, 3).round(6).tolist()
    [0.1, 1.0, 10.0]
    """
    check_number(f"the lowest {name}", low, **({"above": 0} if name == "tau" else {}))
    check_number(f"the highest {name}", high, above=low)
    if name == "tau":
        return np.asarray(np.geomspace(low, high, count))
    return np.linspace(low, high, count)


def usual_range(case: GameCase, name: str, longest: float) -> tuple[float, float]:
    """Ends between which a number is worth looking at.

    Args:
      case: what is studied.
      name: of the number.
      longest: a step that is about as long as a step may be.
    """
    value = float(jnp.asarray(case.value(name)))
    if name == "step":
        return 0.005 * longest, max(1.5 * longest, 1.5 * value)
    if name == "momentum":
        return (0.0, 0.99) if case.setting.optimizer == "adam" else (-0.9, 0.9)
    if name == "tau":
        return value / 20, 20 * value
    if name == "beta2":
        return 0.5, 0.9999
    if name == "share":
        return 0.0, 1.0
    if value < 0:
        return 2 * value, 0.0
    return 0.0, max(2 * value, 1.0)
