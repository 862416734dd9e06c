"""Encoders that answer with a diagonal Gaussian, for variational autoencoders."""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.networks.heads import Trunk, check_body
from jgan.networks.infogan import WEIGHTS, infogan_discriminator
from jgan.networks.layers import Dense, check_norm, check_resampling
from jgan.networks.mlp import mlp
from jgan.networks.network import Network, from_linen
from jgan.players import Collections

SMALLEST_STD = 1e-6


def posterior(network: Network) -> Network:
    """``(B, 2d)`` outputs read as ``{"mean": (B, d), "std": (B, d)}``, std = 1e-6 + softplus (compare_gan)."""

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        values, state = network.apply(collections, *inputs, key=key, train=train)
        mean, raw = jnp.split(values.astype(jnp.float32), 2, axis=-1)
        return {"mean": mean, "std": SMALLEST_STD + jax.nn.softplus(raw)}, state

    return Network(network.init, apply)


class _Encoder(nn.Module):
    outputs: int
    width: int
    body: str
    norm: str
    resampling: str

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        features = Trunk(self.width, self.body, self.norm, self.resampling)(x, train=train)
        return Dense(self.outputs, name="posterior", kernel_init=WEIGHTS)(features, train=train)


def encoder(
    latent: int,
    *,
    width: int = 32,
    body: str = "dcgan",
    norm: str = "none",
    resampling: str = "strided",
) -> Network:
    """Examples ``(B, ...)`` to ``{"mean": (B, latent), "std": (B, latent)}`` through a trunk.

    Args:
      latent: d.
      width: channels of the first convolution; dense trunks are eight times as wide.
      body: "dcgan" or "mlp" (`jgan.networks.heads.Trunk`); points always get the dense trunk.
      norm: "batch", "layer", "spectral" or "none".
      resampling: of the trunk, "strided" or "smooth", see `jgan.networks.heads`.
    """
    check_norm(norm)
    check_body(body)
    check_resampling(resampling)
    return posterior(from_linen(_Encoder(2 * latent, width, body, norm, resampling)))


def mlp_encoder(latent: int, widths: Sequence[int] = (128, 128), **options: Any) -> Network:
    """The same through the perceptron `jgan.networks.mlp.mlp` of hidden layers ``widths``."""
    return posterior(mlp(widths, 2 * latent, **options))


def infogan_encoder(latent: int, *, norm: str = "batch", **options: Any) -> Network:
    """Images ``(B, H, W, C)`` to ``{"mean": (B, latent), "std": (B, latent)}`` (compare_gan v1.0's VAE).

    The layers of `jgan.networks.infogan.infogan_discriminator` up to the last, which gives 2·latent numbers.

    Args:
      latent: d; 64 in Lucic et al. 2018.
      norm: behind the second convolution and the first dense layer.
      options: further ones of `infogan_discriminator`.
    """
    return posterior(infogan_discriminator(outputs=2 * latent, norm=norm, **options))
