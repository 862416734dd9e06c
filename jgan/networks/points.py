"""Perceptrons for points that lie in narrow modes.

With biases of 0, as usual, the steps of all first units pass through the origin, and gentle slopes cannot tell
a mode of standard deviation 0.01 from what lies beside it: such networks smear their samples over the gaps, and
need many times the updates to tell 25 modes apart. Here the first layer is steep and its biases are drawn, so
that its steps lie all over the data from the beginning.
"""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jgan.networks.layers import Dense, compute_dtype
from jgan.networks.minibatch import MinibatchDiscrimination
from jgan.networks.network import Network, from_linen

GENERATOR_SHARPNESS, SHARPNESS = 1.5, 10.0
"""Sharpness of the first layer of a generator, whose latents have no narrow modes, and of a discriminator."""


def steep_layers(
    x: jax.Array, width: int, sharpness: float, *, train: bool, dtype: Any = jnp.float32
) -> jax.Array:
    """Two hidden layers of tanh in the module that calls: ``(B, d)`` to ``(B, width)``.

    Args:
      x: numbers of size 1.
      width: of both layers.
      sharpness: inverse of the width of the first layer's steps, in the unit of ``x``.
      train: as for every layer.
      dtype: of the computation.
    """
    steep = nn.initializers.normal(sharpness / np.sqrt(x.shape[1]))
    anywhere = nn.initializers.normal(sharpness)
    first = Dense(width, kernel_init=steep, bias_init=anywhere, dtype=dtype)
    x = jnp.tanh(first(x, train=train))
    return jnp.tanh(Dense(width, dtype=dtype)(x, train=train))


class _Points(nn.Module):
    width: int
    outputs: int
    sharpness: float
    kernels: int = 0
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        x = steep_layers(x, self.width, self.sharpness, train=train, dtype=self.dtype)
        if self.kernels:
            x = MinibatchDiscrimination(self.kernels)(x)
        wide = jnp.promote_types(self.dtype, jnp.float32)
        return Dense(self.outputs, dtype=wide)(x, train=train)


def point_generator(
    shape: Sequence[int], width: int = 128, *, size: float = 1.0, dtype: Any = "float32"
) -> Network:
    """Latents ``(B, d)`` to points ``(B, *shape)``, ``shape`` being ``(n,)``.

    Args:
      shape: of one point.
      width: of both hidden layers.
      size: standard deviation of the points' coordinates.
      dtype: of the computation, "float32" or "bfloat16"; the last layer is float32 throughout.
    """
    inner = from_linen(_Points(width, shape[0], GENERATOR_SHARPNESS, dtype=compute_dtype(dtype)))

    def apply(collections: Any, *latents: Any, key: Any = None, train: bool = False) -> Any:
        points, state = inner.apply(collections, *latents, key=key, train=train)
        return size * points, state

    return Network(inner.init, apply)


def point_discriminator(
    width: int = 128,
    *,
    size: float = 1.0,
    sharpness: float = SHARPNESS,
    kernels: int = 0,
    dtype: Any = "float32",
) -> Network:
    """Points ``(B, n)`` to logits ``(B,)``.

    Args:
      width: of both hidden layers.
      size: standard deviation of the points' coordinates.
      sharpness: sharpness of the first layer's steps: their width is its inverse in units of ``size``.
      kernels: of minibatch discrimination in front of the last layer; 0 for none.
      dtype: as for `point_generator`.
    """
    inner = from_linen(_Points(width, 1, sharpness, kernels, compute_dtype(dtype)))

    def apply(collections: Any, *points: Any, key: Any = None, train: bool = False) -> Any:
        logits, state = inner.apply(collections, points[0] / size, key=key, train=train)
        return logits[:, 0], state

    return Network(inner.init, apply)
