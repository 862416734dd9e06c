"""Linear maps, against which deep networks are measured."""

import math
from collections.abc import Sequence
from typing import Any

from jgan.networks.mlp import mlp
from jgan.networks.network import Network


def linear_encoder(code: int) -> Network:
    """``(B, ...) -> (B, code)``, one dense layer."""
    return mlp((), code)


def linear_decoder(shape: Sequence[int]) -> Network:
    """``(B, code) -> (B, *shape)``, one dense layer; images are not confined to [-1, 1]."""
    inner = mlp((), math.prod(shape))

    def apply(collections: Any, *inputs: Any, key: Any = None, train: bool = False) -> Any:
        flat, state = inner.apply(collections, *inputs, key=key, train=train)
        return flat.reshape(-1, *shape), state

    return Network(inner.init, apply)
