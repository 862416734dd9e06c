"""Rematerialisation: activations computed again in the backward pass instead of kept."""

from typing import Any

import jax

from jgan.networks.network import Network
from jgan.players import Collections

# XLA's own products, and those of `jgan.convolution.convolution` that run forward.
_PRODUCTS = ("dot_general", "conv_general_dilated", "jgan_conv", "jgan_conv_input_adjoint")


def _is_product(primitive: Any, *_: Any, **__: Any) -> bool:
    return primitive.name in _PRODUCTS


def rematerialised(network: Network) -> Network:
    """The same network in less memory: of a training pass only the results of products are kept.

    What lies between two products (normalisation, activation, changes of type) is computed again when the
    gradient asks for it: the rule of Chen et al. 2016 ("Training deep nets with sublinear memory cost")
    that keeps convolutions and drops what is cheap. No matrix product and no convolution is computed twice,
    as they are where only the inputs of blocks are kept. Values and derivatives of every order and mode are
    those of ``network`` to rounding error. Passes in evaluation mode are left alone, since
    `jgan.networks.hidden_layers` looks into them.

    Args:
      network: whose ``apply`` is pure, as all here are.
    """

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        if not train:
            return network.apply(collections, *inputs, key=key)

        def run(collections: Collections, inputs: Any, key: Any) -> tuple[Any, Collections]:
            return network.apply(collections, *inputs, key=key, train=True)

        return jax.checkpoint(run, policy=_is_product)(collections, inputs, key)

    return Network(network.init, apply)
