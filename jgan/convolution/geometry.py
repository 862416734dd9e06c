"""What a two-dimensional convolution is, apart from its numbers."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

Pair = tuple[int, int]


class Geometry(NamedTuple):
    """What fixes the trilinear form apart from batch size and channels."""

    image: Pair
    window: Pair
    stride: Pair
    padding: tuple[Pair, Pair]
    groups: int
    precision: Any

    @property
    def output(self) -> Pair:
        """The spatial size of the convolution's result."""
        rows, cols = (
            (size + sum(pad) - window) // stride + 1
            for size, pad, window, stride in zip(
                self.image, self.padding, self.window, self.stride, strict=True
            )
        )
        return rows, cols


def resize(x: jax.Array, rows: Pair, cols: Pair) -> jax.Array:
    """Pads, or crops where negative, the two spatial axes."""
    return lax.pad(x, jnp.zeros((), x.dtype), ((0, 0, 0), (*rows, 0), (*cols, 0), (0, 0, 0)))
