"""DCGAN (Radford, Metz & Chintala 2016, figure 1), for images of any size."""

import math
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.networks.layers import (
    ENLARGING,
    HALVING_SIZE,
    Conv,
    Dense,
    Norm,
    check_norm,
    check_resampling,
    compute_dtype,
    leaky_relu,
)
from jgan.networks.network import Network, from_linen

WEIGHTS = nn.initializers.normal(0.02)


def _scales(key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32) -> jax.Array:
    """N(1, 0.02) for the scales of batch normalisation, as in the authors' code."""
    return 1 + 0.02 * jax.random.normal(key, tuple(shape), dtype)


def image_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """Sizes from the image down to a shorter side of at most 4, halved and rounded up each time.

    >>> image_sizes(28, 28)
    [(28, 28), (14, 14), (7, 7), (4, 4)]
    >>> image_sizes(64, 48)
    [(64, 48), (32, 24), (16, 12), (8, 6), (4, 3)]
    """
    sizes = [(height, width)]
    while min(sizes[-1]) > 4:
        sizes.append((math.ceil(sizes[-1][0] / 2), math.ceil(sizes[-1][1] / 2)))
    return sizes


def check_sides(shape: Sequence[int]) -> None:
    """Raise ValueError unless images of this shape can be halved at least once."""
    if len(shape) != 3 or min(shape[:2]) < 5:
        raise ValueError(
            f"shape is {tuple(shape)}, but must be (height, width, channels) with sides of at least 5."
        )


class _Generator(nn.Module):
    shape: tuple[int, ...]
    width: int
    size: int
    norm: str
    resampling: str
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        height, width, channels = self.shape
        sizes = image_sizes(height, width)
        normed = self.norm in ("batch", "layer")
        common: dict[str, Any] = {
            "bias": not normed,
            "spectral": self.norm == "spectral",
            "kernel_init": WEIGHTS,
            "dtype": self.dtype,
        }
        features = self.width * 2 ** (len(sizes) - 2)
        smallest = sizes.pop()
        x = Dense(math.prod(smallest) * features, **common)(z, train=train)
        x = x.reshape(-1, *smallest, features)
        while sizes:
            x = nn.relu(Norm(self.norm, scale_init=_scales)(x, train=train))
            last = len(sizes) == 1
            features = channels if last else features // 2
            options = {**common, "bias": True} if last else common
            enlarge = ENLARGING[self.resampling]
            x = enlarge(features, size=self.size, output_size=sizes.pop(), **options)(
                x, train=train
            )
        return jnp.tanh(x.astype(jnp.float32))


class _Discriminator(nn.Module):
    width: int
    size: int
    norm: str
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        normed = self.norm in ("batch", "layer")
        common: dict[str, Any] = {
            "spectral": self.norm == "spectral",
            "kernel_init": WEIGHTS,
            "dtype": self.dtype,
        }
        for stage in range(len(image_sizes(*x.shape[1:3])) - 1):
            first = stage == 0
            x = Conv(
                self.width * 2**stage, size=self.size, stride=2, bias=first or not normed, **common
            )(x, train=train)
            if not first:
                x = Norm(self.norm, scale_init=_scales)(x, train=train)
            x = leaky_relu(x)
        head = {**common, "dtype": jnp.float32}
        return Dense(1, **head)(x.reshape(x.shape[0], -1), train=train)[:, 0]


def dcgan_generator(
    shape: Sequence[int],
    *,
    width: int = 128,
    size: int | None = None,
    norm: str = "batch",
    resampling: str = "strided",
    dtype: Any = "float32",
) -> Network:
    """Latents ``(B, d)`` to images ``(B, *shape)`` in [-1, 1].

    A dense layer to 4x4 (or what halving leaves), then stride-2 transposed convolutions that halve the
    channels, ReLU, batch normalisation except at the output, tanh; weights N(0, 0.02).

    Args:
      shape: ``(height, width, channels)``, not necessarily square.
      width: channels of the last hidden layer. 128 is the paper's: 1024-512-256-128 at 64 pixels.
      size: of the kernels; 4 in PyTorch's well-known example. None for 5, the paper's, or 3 under "smooth".
      norm: "batch", "layer", "spectral" or "none".
      resampling: "strided", the paper's transposed convolutions, or "smooth", which leaves no checkerboards
        (`jgan.networks.layers.ResizeConv`).
      dtype: of the computation, "float32" or "bfloat16"; parameters, statistics and images are float32.
    """
    check_norm(norm)
    check_resampling(resampling)
    check_sides(shape)
    size = ENLARGING[resampling].size if size is None else size
    made = _Generator(tuple(shape), width, size, norm, resampling, compute_dtype(dtype))
    return from_linen(made)


def dcgan_discriminator(
    *,
    width: int = 128,
    size: int | None = None,
    norm: str = "batch",
    resampling: str = "strided",
    dtype: Any = "float32",
) -> Network:
    """Images ``(B, H, W, C)`` to logits ``(B,)``: stride-2 convolutions that double the channels.

    Leaky ReLU of slope 0.2, batch normalisation except at the input, a dense layer at the end; weights
    N(0, 0.02). Arguments as for `dcgan_generator`; ``width`` is that of the first layer. ``size`` is 5 by
    default or, under "smooth", 4, a multiple of the stride, whose gradients have no checkerboards. The last
    layer is float32 throughout.
    """
    check_norm(norm)
    check_resampling(resampling)
    size = HALVING_SIZE[resampling] if size is None else size
    return from_linen(_Discriminator(width, size, norm, compute_dtype(dtype)))
