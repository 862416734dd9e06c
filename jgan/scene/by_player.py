"""The losses of both players: what they return, and how each is computed when it is first looked up."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

import jax

from jgan.batch_axis import whole_mean
from jgan.players import (
    PLAYERS,
    TERMS,
    Batch,
    Collections,
    Metrics,
    Variables,
    check_player,
)


class Aux(NamedTuple):
    """What a loss returns beside its value.

    Attributes:
      state: the moving player's own new collections: running statistics, memories, ...
      metrics: scalars to log.
      terms: ``{name: weighted value}``, the summands of the loss.
    """

    state: Collections = {}
    metrics: Metrics = {}
    terms: Metrics = {}


class Losses(Protocol):
    """Both players' losses on one scene, ``{player: (loss, Aux)}``; each player minimises its own.

    Called with both players' variables, the batch, a key, a step (`jgan.scene.Step`, or the number of
    updates so far) and ``held``: the same variables, of which no player's gradient is taken
    (`jgan.scene.Scene`); None for copies that no derivative at all goes through.

    What a caller does not use of the result is dead code, which the compiler removes; the losses of games made
    of terms are not even traced before they are looked up (`ByPlayer`).
    """

    def __call__(
        self,
        variables: Variables,
        batch: Batch,
        key: jax.Array,
        step: Any,
        held: Variables | None = None,
    ) -> Mapping[str, tuple[jax.Array, Aux]]:
        """Evaluate both losses."""
        ...


def mean_over_devices(aux: Aux) -> Aux:
    """The mean over the devices that share a batch; memories are those of the whole batch already."""
    memories = {name: own for name, own in aux.state.items() if name == TERMS}
    others = {name: own for name, own in aux.state.items() if name != TERMS}
    state, metrics, terms = whole_mean((others, aux.metrics, aux.terms))
    return Aux({**state, **memories}, metrics, terms)


@jax.tree_util.register_pytree_with_keys_class
class ByPlayer[T](Mapping[str, T]):
    """``{player: value}``, of which a player's value is computed when it is first looked up.

    A move needs the loss of the player that moves. What the other one pays is dead code, but to trace and
    differentiate it, only for the compiler to remove it, can take longer than all the rest.

    To JAX it is a pytree of both values.

    Args:
      value: ``player -> value``, called at most once for each.

    >>> found = ByPlayer(lambda player: print("computing", player) or len(player))
    >>> found["generator"], found["generator"]
    computing generator
    (9, 9)
    """

    def __init__(self, value: Callable[[str], T]) -> None:
        self._value = value
        self._found: dict[str, T] = {}

    def __getitem__(self, player: str) -> T:
        check_player(player)
        if player not in self._found:
            self._found[player] = self._value(player)
        return self._found[player]

    def __iter__(self) -> Iterator[str]:
        return iter(PLAYERS)

    def __len__(self) -> int:
        return len(PLAYERS)

    def tree_flatten_with_keys(self) -> tuple[tuple[Any, ...], None]:
        """Both values with their players, for JAX."""
        return tuple((jax.tree_util.DictKey(player), self[player]) for player in PLAYERS), None

    @classmethod
    def tree_unflatten(cls, _: None, values: tuple[T, ...]) -> "ByPlayer[T]":
        """The inverse of `tree_flatten_with_keys`, for JAX."""
        return cls(dict(zip(PLAYERS, values, strict=True)).__getitem__)
