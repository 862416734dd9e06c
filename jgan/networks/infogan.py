"""The InfoGAN networks as compare_gan used them (Lucic et al. 2018), layer for layer."""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.networks.layers import Conv, ConvTranspose, Dense, Norm, check_norm, leaky_relu
from jgan.networks.network import Network, from_linen

WEIGHTS = nn.initializers.normal(0.02)


def _norm(kind: str) -> Norm:
    return Norm(kind, momentum=0.999, epsilon=1e-3)


class _Generator(nn.Module):
    shape: tuple[int, ...]
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        height, width, channels = self.shape
        common: dict[str, Any] = {"kernel_init": WEIGHTS, "dtype": self.dtype}
        x = leaky_relu(_norm("batch")(Dense(1024, **common)(z, train=train), train=train))
        x = Dense(128 * (height // 4) * (width // 4), **common)(x, train=train)
        x = leaky_relu(_norm("batch")(x, train=train))
        x = x.reshape(-1, height // 4, width // 4, 128)
        x = ConvTranspose(64, size=4, **common)(x, train=train)
        x = leaky_relu(_norm("batch")(x, train=train))
        x = ConvTranspose(channels, size=4, **common)(x, train=train)
        return 2 * nn.sigmoid(x.astype(jnp.float32)) - 1


class _Discriminator(nn.Module):
    norm: str
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        common: dict[str, Any] = {
            "kernel_init": WEIGHTS,
            "dtype": self.dtype,
            "spectral": self.norm == "spectral",
        }
        x = (x + 1) / 2
        x = leaky_relu(Conv(64, size=4, stride=2, **common)(x, train=train))
        x = Conv(128, size=4, stride=2, **common)(x, train=train)
        x = leaky_relu(_norm(self.norm)(x, train=train))
        x = Dense(1024, **common)(x.reshape(x.shape[0], -1), train=train)
        x = leaky_relu(_norm(self.norm)(x, train=train))
        return Dense(1, **common)(x, train=train)[:, 0].astype(jnp.float32)


def infogan_generator(shape: Sequence[int], *, dtype: Any = jnp.float32) -> Network:
    """Latents ``(B, d)`` to images ``(B, *shape)`` (compare_gan v1.0, ``InfoGANGenerator``).

    FC 1024, FC 128·H/4·W/4, two 4x4 stride-2 transposed convolutions (64, channels); batch
    normalisation (decay 0.999, epsilon 1e-3) and leaky ReLU 0.2; weights N(0, 0.02). The reference ends
    in a sigmoid over [0, 1]; its output is mapped to [-1, 1] here. InfoGAN itself has ReLU in this place.
    """
    if len(shape) != 3 or shape[0] % 4 or shape[1] % 4:
        raise ValueError(
            f"shape is {tuple(shape)}, but must be (height, width, channels) with sides divisible by 4."
        )
    return from_linen(_Generator(tuple(shape), dtype))


def infogan_discriminator(*, norm: str = "batch", dtype: Any = jnp.float32) -> Network:
    """Images ``(B, H, W, C)`` to logits ``(B,)`` (compare_gan v1.0, ``InfoGANDiscriminator``).

    4x4 stride-2 convolutions 64 and 128, FC 1024, FC 1, with leaky ReLU 0.2; ``norm`` follows all but the
    first and last. Images are mapped to [0, 1] first, which is what the reference sees. InfoGAN's own
    slope is 0.01.
    """
    check_norm(norm)
    return from_linen(_Discriminator(norm, dtype))
