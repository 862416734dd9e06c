"""Multilayer perceptrons, for points and for small images."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.networks.layers import Dense, Initializer, Norm, check_norm, compute_dtype
from jgan.networks.network import Network, from_linen

ACTIVATIONS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "relu": jax.nn.relu,
    "leaky_relu": lambda x: jax.nn.leaky_relu(x, 0.2),
    "tanh": jnp.tanh,
    "softplus": jax.nn.softplus,
    "elu": jax.nn.elu,
}


class _MLP(nn.Module):
    widths: tuple[int, ...]
    outputs: int
    activation: str
    norm: str
    kernel_init: Initializer
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        spectral = self.norm == "spectral"
        x = x.reshape(x.shape[0], -1)
        for width in self.widths:
            x = Dense(width, spectral=spectral, kernel_init=self.kernel_init, dtype=self.dtype)(
                x, train=train
            )
            x = ACTIVATIONS[self.activation](Norm(self.norm)(x, train=train))
        wide = jnp.promote_types(self.dtype, jnp.float32)
        return Dense(self.outputs, spectral=spectral, kernel_init=self.kernel_init, dtype=wide)(
            x, train=train
        )


def mlp(
    widths: Sequence[int],
    outputs: int,
    *,
    activation: str = "relu",
    norm: str = "none",
    kernel_init: Initializer | None = None,
    dtype: Any = "float32",
) -> Network:
    """``(B, ...) -> (B, outputs)``; each hidden layer is dense, norm, activation.

    Args:
      widths: of the hidden layers.
      outputs: of the last layer, which has neither norm nor activation.
      activation: a name in `ACTIVATIONS`.
      norm: a name in `jgan.networks.layers.NORMS`; "spectral" covers the last layer too.
      kernel_init: He's normal initialisation by default.
      dtype: of the computation, "float32" or "bfloat16"; parameters and statistics are float32, and so is
        the last layer throughout.
    """
    check_norm(norm)
    if activation not in ACTIVATIONS:
        raise ValueError(
            f"activation is {activation!r}, but must be one of {', '.join(ACTIVATIONS)}."
        )
    init = kernel_init or nn.initializers.he_normal()
    return from_linen(_MLP(tuple(widths), outputs, activation, norm, init, compute_dtype(dtype)))


def mlp_generator(
    shape: Sequence[int], widths: Sequence[int] = (128, 128), **options: Any
) -> Network:
    """``(B, latent) -> (B, *shape)``: images pass through tanh, points ``(d,)`` do not."""
    inner = mlp(widths, math.prod(shape), **options)

    def apply(collections: Any, *inputs: Any, key: Any = None, train: bool = False) -> Any:
        flat, state = inner.apply(collections, *inputs, key=key, train=train)
        x = flat.reshape(-1, *shape)
        return (jnp.tanh(x) if len(shape) == 3 else x), state

    return Network(inner.init, apply)


def mlp_discriminator(widths: Sequence[int] = (128, 128), **options: Any) -> Network:
    """``(B, ...) -> (B,)`` logits."""
    inner = mlp(widths, 1, **options)

    def apply(collections: Any, *inputs: Any, key: Any = None, train: bool = False) -> Any:
        logits, state = inner.apply(collections, *inputs, key=key, train=train)
        return logits[:, 0], state

    return Network(inner.init, apply)
