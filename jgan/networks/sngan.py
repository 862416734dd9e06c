"""SNGAN's residual networks for 32 and 64 pixels (Miyato et al. 2018, tables 4 and 5)."""

import math
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.networks.layers import (
    Conv,
    Dense,
    Norm,
    average_pool,
    check_norm,
    compute_dtype,
    upsample,
)
from jgan.networks.network import Network, from_linen

XAVIER = nn.initializers.xavier_uniform()
# Gain sqrt(2) inside the residual branches, as in the reference code; 1 for shortcuts and linear layers.
XAVIER_RESIDUAL = nn.initializers.variance_scaling(2.0, "fan_avg", "uniform")


class _Up(nn.Module):
    features: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        common: dict[str, Any] = {"dtype": self.dtype}
        h = nn.relu(Norm("batch")(x, train=train))
        h = Conv(self.features, resample="upsample", kernel_init=XAVIER_RESIDUAL, **common)(
            h, train=train
        )
        h = nn.relu(Norm("batch")(h, train=train))
        h = Conv(self.features, kernel_init=XAVIER_RESIDUAL, **common)(h, train=train)
        # A 1x1 convolution commutes with nearest upsampling; first is four times cheaper.
        return h + upsample(
            Conv(self.features, size=1, kernel_init=XAVIER, **common)(x, train=train)
        )


class _Down(nn.Module):
    features: int
    hidden: int
    downsample: bool
    spectral: bool
    dtype: Any
    first: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        common: dict[str, Any] = {"spectral": self.spectral, "dtype": self.dtype}
        residual: dict[str, Any] = {"kernel_init": XAVIER_RESIDUAL, **common}
        h = x if self.first else nn.relu(x)
        h = nn.relu(Conv(self.hidden, **residual)(h, train=train))
        resample = "pool" if self.downsample else "none"
        h = Conv(self.features, resample=resample, **residual)(h, train=train)
        if self.downsample:
            # Pooling first is the same sum, since a 1x1 convolution commutes with it.
            x = average_pool(x)
        if self.downsample or x.shape[-1] != self.features:
            x = Conv(self.features, size=1, kernel_init=XAVIER, **common)(x, train=train)
        return h + x


class _Generator(nn.Module):
    shape: tuple[int, ...]
    widths: tuple[int, ...]
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        height, width, channels = self.shape
        factor = 2 ** (len(self.widths) - 1)
        size = (height // factor, width // factor, self.widths[0])
        x = Dense(math.prod(size), kernel_init=XAVIER, dtype=self.dtype)(z, train=train)
        x = x.reshape(-1, *size)
        for features in self.widths[1:]:
            x = _Up(features, self.dtype)(x, train=train)
        x = nn.relu(Norm("batch")(x, train=train))
        x = Conv(channels, kernel_init=XAVIER, dtype=self.dtype)(x, train=train)
        return jnp.tanh(x.astype(jnp.float32))


class _Discriminator(nn.Module):
    widths: tuple[int, ...]
    downsamples: int
    spectral: bool
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        common: dict[str, Any] = {"spectral": self.spectral, "dtype": self.dtype}
        hidden = self.widths[0]
        for index, features in enumerate(self.widths):
            x = _Down(
                features, hidden, downsample=index < self.downsamples, first=index == 0, **common
            )(x, train=train)
            hidden = features
        x = nn.relu(x).astype(jnp.float32).sum(axis=(1, 2))
        head = {**common, "dtype": jnp.float32}
        return Dense(1, kernel_init=XAVIER, **head)(x, train=train)[:, 0]


def _check_shape(shape: Sequence[int], factor: int) -> None:
    if len(shape) != 3 or shape[0] % factor or shape[1] % factor:
        raise ValueError(
            f"shape is {tuple(shape)}, but must be (height, width, channels) "
            f"with sides divisible by {factor}."
        )


def sngan_generator(
    shape: Sequence[int], *, width: int | None = None, dtype: Any = "float32"
) -> Network:
    """Latents ``(B, d)`` to images ``(B, *shape)`` in [-1, 1].

    Sides up to 48: three residual blocks of ``width`` (256) channels from a size of H/8 x W/8. Larger: four
    blocks whose channels halve from ``width`` (1024). Nearest upsampling as in the paper; mimicry's code
    interpolates bilinearly. ``dtype`` is that of the computation, "float32" or "bfloat16"; parameters,
    statistics and images are float32.
    """
    small = max(shape[:2]) <= 48
    width = width or (256 if small else 1024)
    widths = (width,) * 4 if small else tuple(width // 2**k for k in range(5))
    _check_shape(shape, 2 ** (len(widths) - 1))
    return from_linen(_Generator(tuple(shape), widths, compute_dtype(dtype)))


def sngan_discriminator(
    shape: Sequence[int],
    *,
    width: int | None = None,
    norm: str = "spectral",
    dtype: Any = "float32",
) -> Network:
    """Images ``(B, *shape)`` to logits ``(B,)``; ReLU, global sum pooling, a linear layer.

    Sides up to 48: blocks of ``width`` (128) channels, the first two halving the size. Larger: five
    halving blocks whose channels double up to ``width`` (1024). ``norm`` is "spectral", or "none" for the
    same network without it (WGAN-GP). ``dtype`` as for `sngan_generator`; the pooling's sum and the linear
    layer are float32 throughout.
    """
    check_norm(norm)
    if norm not in ("spectral", "none"):
        raise ValueError(
            f"norm is {norm!r}, but this discriminator has only 'spectral' and 'none'."
        )
    small = max(shape[:2]) <= 48
    width = width or (128 if small else 1024)
    widths = (width,) * 4 if small else tuple(width // 2**k for k in (4, 3, 2, 1, 0))
    downsamples = 2 if small else 5
    _check_shape(shape, 2**downsamples)
    module = _Discriminator(widths, downsamples, norm == "spectral", compute_dtype(dtype))
    return from_linen(module)
