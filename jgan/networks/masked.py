"""Gated PixelCNN: logits of each pixel's level from the pixels before it."""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jgan.convolution.convolution import conv
from jgan.networks.layers import Dense, _Kernel
from jgan.networks.network import Network, from_linen
from jgan.networks.parameter import parameter


def mask(height: int, width: int, visible: str) -> np.ndarray:
    """Which places of a kernel ``(height, width)`` may be seen from its middle, 0 or 1.

    Args:
      height: odd.
      width: odd.
      visible: "above", the rows above; "upto row", those and the middle row; "before", the places left of the
        middle (mask A); "upto place", those and the middle (mask B).

    >>> mask(1, 5, "before").tolist(), mask(3, 1, "upto row").tolist()
    ([[1, 1, 0, 0, 0]], [[1], [1], [0]])
    """
    rows, columns = np.indices((height, width))
    kept = {
        "above": rows < height // 2,
        "upto row": rows <= height // 2,
        "before": columns < width // 2,
        "upto place": columns <= width // 2,
    }
    return kept[visible].astype(np.int32)


class MaskedConv(_Kernel):
    """``(B, H, W, in) -> (B, H, W, features)`` by a kernel of which only what is ``visible`` counts."""

    size: tuple[int, int] = (3, 3)
    visible: str = "upto place"

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Apply the layer."""
        kernel = self.kernel((*self.size, x.shape[-1], self.features), train=False)
        shown = jnp.asarray(mask(*self.size, self.visible), kernel.dtype)[..., None, None]
        return self.biased(conv(x, kernel * shown))


def _gate(x: jax.Array) -> jax.Array:
    value, gate = jnp.split(x, 2, axis=-1)
    return jnp.tanh(value) * jax.nn.sigmoid(gate)


class _PixelCNN(nn.Module):
    levels: int
    layers: int
    width: int
    size: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        shape = x.shape[1:]
        # Channels side by side, points as one line: a place sees all values that come before its own.
        lines = (1, *shape) if x.ndim == 2 else (shape[0], math.prod(shape[1:]))
        x = x.reshape(-1, *lines, 1)
        zeros = nn.initializers.zeros_init()
        logits = parameter(self, "places", zeros, (*lines, self.levels))
        logits = jnp.broadcast_to(logits, (x.shape[0], *logits.shape))
        if self.layers:
            common: dict[str, Any] = {"train": train}
            vertical, here = x, x
            for layer in range(self.layers):
                rows, before = ("upto row", "upto place") if layer else ("above", "before")
                square, line = (self.size, self.size), (1, self.size)
                vertical = MaskedConv(2 * self.width, size=square, visible=rows)(vertical)
                row = MaskedConv(2 * self.width, size=line, visible=before)(here)
                row = _gate(row + Dense(2 * self.width)(vertical, **common))
                row = Dense(self.width)(row, **common)
                here = here + row if layer else row
                vertical = _gate(vertical)
            here = nn.relu(Dense(2 * self.width)(nn.relu(here), **common))
            logits = logits + Dense(self.levels, kernel_init=zeros)(here, **common)
        return logits.reshape(-1, *shape, self.levels)


def pixelcnn_network(levels: int, *, layers: int = 5, width: int = 16, size: int = 5) -> Network:
    """``(B, ...)`` to logits ``(B, ..., levels)`` of every element (van den Oord et al. 2016, figure 2).

    Elements are ordered by rows, then columns, then channels; a logit depends on the elements before its own
    only. Each layer has a vertical stack, which sees the rows above, and a horizontal one, which sees its own
    row and the vertical stack: no place is left blind. Beyond the paper, each place has logits of its own, so
    that without layers this is the model of independent pixels.

    Args:
      levels: of an element.
      layers: gated layers; 0 for independent pixels.
      width: channels of both stacks.
      size: side of the kernels, odd.

    Raises:
      ValueError: if ``size`` is even, or ``levels`` is less than 2.
    """
    if size % 2 == 0:
        raise ValueError(f"size is {size}, but a masked kernel has a middle: it must be odd.")
    if levels < 2:
        raise ValueError(f"levels is {levels}, but must be at least 2.")
    return from_linen(_PixelCNN(levels, layers, width, size))
