"""A player's networks in one evaluation of a game: called by name, their states carried along."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jgan.networks.network import Network
from jgan.networks.parts import part
from jgan.players import Collections, PyTree, named_key, of_networks, state_of

Parts = Network | Mapping[str, Network]
"""A player's only network, or its networks by name."""


class Cast:
    """A player's networks, to be called like functions.

    The only network of a player is called itself, ``cast(x)``; one of several by its name,
    ``cast["encoder"](x)``.
    A network that is called twice has the same key both times.

    Attributes:
      state: the networks' collections other than ``"params"``, by part; renewed by every call of an
        advancing cast.
      held: the same networks with the variables of which no gradient is taken (`jgan.scene.Scene`), whose
        states never advance.
    """

    def __init__(
        self,
        player: str,
        parts: Parts,
        collections: Collections,
        key: jax.Array | None,
        *,
        train: bool,
        advancing: bool = False,
        state: dict[str, Collections] | None = None,
        held: "Cast | None" = None,
    ) -> None:
        self._player, self._parts = player, parts
        self._own = of_networks(collections)
        self._key, self._train, self._advancing = key, train, advancing
        self.state: dict[str, Collections] = {} if state is None else state
        self.held: Cast = self if held is None else held

    def __call__(self, *inputs: Any) -> Any:
        """What the only network makes of the inputs."""
        if isinstance(self._parts, Mapping):
            names = ", ".join(self._parts) or "(none)"
            raise ValueError(
                f"the {self._player} has several networks, so one is called by its name, one of {names}."
            )
        return self._run("", self._parts, inputs)

    def __getitem__(self, name: str) -> Callable[..., Any]:
        """The network called ``name``."""
        if not isinstance(self._parts, Mapping) or name not in self._parts:
            names = ", ".join(self._parts) if isinstance(self._parts, Mapping) else "(none)"
            raise ValueError(
                f"part is {name!r}, but the {self._player}'s networks are called {names}."
            )
        network = self._parts[name]
        return lambda *inputs: self._run(name, network, inputs)

    def _run(self, name: str, network: Network, inputs: tuple[Any, ...]) -> Any:
        own = part(self._own, name) if name else self._own
        collections = {"params": own.get("params", {}), **state_of(own), **self.state.get(name, {})}
        key = self._key if self._key is None or not name else named_key(self._key, name)
        output, state = network.apply(collections, *inputs, key=key, train=self._train)
        if self._advancing:
            self.state[name] = state_of(state)
        return output

    def collections(self) -> Collections:
        """The advanced states as the player's collections."""
        if "" in self.state:
            return self.state[""]
        before = state_of(self._own)
        return {
            collection: {
                name: self.state.get(name, {}).get(collection, own) for name, own in parts.items()
            }
            for collection, parts in before.items()
        }


class FirstCast(Cast):
    """A cast whose networks begin to exist when they are first called, and make zeros of the right shape."""

    def __init__(self, player: str, parts: Parts, key: jax.Array) -> None:
        super().__init__(player, parts, {"params": {}}, key, train=False)
        self._made: dict[str, Collections] = {}

    def _run(self, name: str, network: Network, inputs: tuple[Any, ...]) -> Any:
        if name not in self._made:
            assert self._key is not None
            key = named_key(self._key, name) if name else self._key
            self._made[name] = network.init(key, *inputs)
        own = self._made[name]
        shapes = jax.eval_shape(lambda own, *inputs: network.apply(own, *inputs)[0], own, *inputs)
        return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)

    def missing(self) -> list[str]:
        """The parts that were not called yet."""
        names = self._parts if isinstance(self._parts, Mapping) else [""]
        return [name for name in names if name not in self._made]

    def check_complete(self) -> None:
        """Raise ValueError if a network was never called."""
        if missing := self.missing():
            named = f" called {missing[0]!r}" if missing[0] else ""
            raise ValueError(
                f"the {self._player} has a network{named} that neither the meeting nor any term calls."
            )

    def begun(self) -> Collections:
        """The collections of all parts."""
        if not isinstance(self._parts, Mapping):
            return self._made[""]
        joined: dict[str, PyTree] = {"params": {}}
        for name in self._parts:
            for collection, value in self._made[name].items():
                joined.setdefault(collection, {})[name] = value
        return joined
