"""Networks made of networks: with other inputs, and several by name."""

from collections.abc import Callable, Mapping
from typing import Any

import jax

from jgan.networks.network import Network
from jgan.networks.parts import join, part
from jgan.players import Collections, state_of


def with_inputs(network: Network, change: Callable[..., tuple[Any, ...]]) -> Network:
    """``(*inputs)`` to what ``network`` says of ``*change(*inputs)``, with the same parameters.

    >>> from jgan.networks import mlp
    >>> import jax.numpy as jnp
    >>> network = with_inputs(mlp((), 3), lambda x, y: (jnp.concatenate([x, y], axis=1),))
    >>> x, y = jnp.zeros((2, 4)), jnp.zeros((2, 1))
    >>> network.apply(network.init(jax.random.key(0), x, y), x, y)[0].shape
    (2, 3)
    """

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        return network.apply(collections, *change(*inputs), key=key, train=train)

    return Network(lambda key, *inputs: network.init(key, *change(*inputs)), apply)


def combined(networks: Mapping[str, Network]) -> Network:
    """``{name: inputs}`` to ``{name: output}``, each network with its own tuple of inputs.

    Each collection has a part for each network (`jgan.networks.parts`).
    """

    def init(key: jax.Array, *inputs: Any) -> Collections:
        keys = dict(zip(networks, jax.random.split(key, len(networks)), strict=True))
        return join(
            {name: own.init(keys[name], *inputs[0][name]) for name, own in networks.items()}
        )

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        outputs, states = {}, {}
        for number, (name, own) in enumerate(networks.items()):
            outputs[name], state = own.apply(
                part(collections, name),
                *inputs[0][name],
                key=None if key is None else jax.random.fold_in(key, number),
                train=train,
            )
            states[name] = state_of(state)
        return outputs, join(states)

    return Network(init, apply)


def answer_of(network: Network, name: str) -> Network:
    """The network that gives one answer of a network which returns them by name."""

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        answers, state = network.apply(collections, *inputs, key=key, train=train)
        return answers[name], state

    return Network(network.init, apply)
