"""A network as a pair of pure functions, and the bridge from Flax Linen."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import flax.linen as nn
import jax

from jgan.batch_axis import gathered
from jgan.players import Collections


class Apply(Protocol):
    """``(collections, *inputs, key=None, train=False) -> (output, state)``."""

    def __call__(
        self, collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        """Apply the network."""
        ...


class Network(NamedTuple):
    """One generator, discriminator or encoder.

    Attributes:
      init: ``(key, *inputs) -> Collections``, ``{"params": ..., other collections: ...}``.
      apply: ``(collections, *inputs, key=None, train=False) -> (output, state)``. ``state`` holds the
        collections other than ``"params"``, renewed if ``train``; ``key`` feeds dropout and the like.
    """

    init: Callable[..., Collections]
    apply: Apply


def from_linen(module: nn.Module) -> Network:
    """The network that a Linen module defines.

    The module's ``__call__`` takes the inputs and a keyword ``train``. Random streams are called
    ``"dropout"``.
    """

    def init(key: jax.Array, *inputs: Any) -> Collections:
        params_key, dropout_key = jax.random.split(key)
        variables = module.init(
            {"params": params_key, "dropout": dropout_key}, *inputs, train=False
        )
        return {"params": {}, **variables}

    def apply(
        collections: Collections, *inputs: Any, key: jax.Array | None = None, train: bool = False
    ) -> tuple[Any, Collections]:
        collections = {**collections, "params": gathered(collections["params"])}
        mutable = [name for name in collections if name != "params"] if train else []
        rngs = {} if key is None else {"dropout": key}
        output, renewed = module.apply(
            collections, *inputs, train=train, rngs=rngs, mutable=[*mutable, "no such collection"]
        )
        frozen = {name: value for name, value in collections.items() if name != "params"}
        return output, {**frozen, **renewed}

    return Network(init, apply)


def count_parameters(collections: Collections) -> int:
    """Number of trained scalars in ``collections["params"]``."""
    return sum(leaf.size for leaf in jax.tree.leaves(collections["params"]))
