"""A small network that names the label of every pixel, for measuring what a generator draws."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.networks.layers import Conv
from jgan.networks.network import Network, from_linen

LAYERS = 4


class _Segmenter(nn.Module):
    labels: int
    width: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        common: dict[str, Any] = {"kernel_init": nn.initializers.he_normal()}
        for _ in range(LAYERS):
            x = nn.relu(Conv(self.width, **common)(x, train=train))
        return Conv(self.labels, size=1, **common)(x, train=train).astype(jnp.float32)


def small_segmenter(labels: int, *, width: int = 16) -> Network:
    """Pictures ``(B, H, W, C)`` to logits of every pixel's label ``(B, H, W, labels)``.

    Four 3x3 convolutions with ReLU and a 1x1 convolution, so that a label is named by 9x9 pixels.

    Args:
      labels: how many there are, at least 2.
      width: channels of the convolutions.

    Raises:
      ValueError: if there are fewer than two labels or no channels.
    """
    if labels < 2 or width < 1:
        raise ValueError(
            f"labels is {labels} and width {width}, but must be at least 2 and at least 1."
        )
    return from_linen(_Segmenter(labels, width))
