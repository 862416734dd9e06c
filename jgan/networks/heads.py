"""Discriminators with several answers: one trunk, a dense head for each."""

from collections.abc import Mapping
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.batch_axis import normal_like
from jgan.networks.dcgan import WEIGHTS, dcgan_generator, image_sizes
from jgan.networks.layers import (
    HALVING_SIZE,
    Conv,
    Dense,
    Norm,
    check_norm,
    check_resampling,
    leaky_relu,
)
from jgan.networks.minibatch import MinibatchDiscrimination
from jgan.networks.mlp import mlp_generator
from jgan.networks.network import Network, from_linen

BODIES = ("dcgan", "mlp")


def check_body(body: str) -> None:
    """Raise ValueError unless ``body`` is one of `BODIES`."""
    if body not in BODIES:
        raise ValueError(f"body is {body!r}, but must be one of {', '.join(BODIES)}.")


def generator_for(
    shape: tuple[int, ...],
    *,
    body: str = "dcgan",
    width: int = 32,
    resampling: str = "strided",
) -> Network:
    """Latents ``(B, d)`` to examples ``(B, *shape)``: DCGAN's, or a perceptron of the same trunk width.

    Args:
      shape: of one example; points always get the perceptron, which has no normalisation for them.
      body: "dcgan" or "mlp".
      width: channels of DCGAN's last hidden layer; the perceptron's layers are eight times as wide.
      resampling: of DCGAN's layers, "strided" or "smooth", see `jgan.networks.dcgan_generator`.
    """
    check_body(body)
    if body == "dcgan" and len(shape) == 3:
        return dcgan_generator(shape, width=width, resampling=resampling)
    norm = "batch" if len(shape) == 3 else "none"
    return mlp_generator(shape, (8 * width, 8 * width), norm=norm)


class Trunk(nn.Module):
    """Examples to features ``(B, F)``: DCGAN's convolutions, or two dense layers of ``8 width``.

    Attributes:
      width: channels of the first convolution.
      body: "dcgan" or "mlp"; points always get the dense layers.
      norm: a name in `jgan.networks.layers.NORMS`; it follows every layer but the first.
      resampling: of DCGAN's layers: a name in `jgan.networks.layers.HALVING_SIZE`.
      noise: standard deviation of Gaussian noise in front of every dense layer while training.
    """

    width: int
    body: str = "dcgan"
    norm: str = "batch"
    resampling: str = "strided"
    noise: float = 0.0

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Apply the trunk."""
        spectral, size = self.norm == "spectral", HALVING_SIZE[self.resampling]
        if self.body == "dcgan" and x.ndim == 4:
            for stage in range(len(image_sizes(*x.shape[1:3])) - 1):
                features = self.width * 2**stage
                layer = Conv(features, size=size, stride=2, spectral=spectral, kernel_init=WEIGHTS)
                x = layer(x, train=train)
                x = leaky_relu(Norm(self.norm if stage else "none")(x, train=train))
            return x.reshape(x.shape[0], -1)
        x = x.reshape(x.shape[0], -1)
        init = nn.initializers.he_normal()
        for stage in range(2):
            if self.noise and train:
                x = x + self.noise * normal_like(self.make_rng("dropout"), x)
            x = Dense(8 * self.width, spectral=spectral, kernel_init=init)(x, train=train)
            x = leaky_relu(Norm(self.norm if stage else "none")(x, train=train))
        return x


class _Heads(nn.Module):
    outputs: tuple[tuple[str, int], ...]
    width: int
    body: str
    norm: str
    resampling: str
    noise: float
    hidden: int
    kernels: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> dict[str, jax.Array]:
        features = Trunk(self.width, self.body, self.norm, self.resampling, self.noise)(
            x, train=train
        )
        if self.kernels:
            features = MinibatchDiscrimination(self.kernels)(features)
        answers = {"features": features}
        common: dict[str, Any] = {"spectral": self.norm == "spectral", "kernel_init": WEIGHTS}
        for name, size in self.outputs:
            inputs = features
            if self.hidden and name != "logit":
                inputs = Dense(self.hidden, name=f"{name}_hidden", **common)(inputs, train=train)
                inputs = leaky_relu(Norm(self.norm, name=f"{name}_norm")(inputs, train=train))
            answer = Dense(size, name=name, **common)(inputs, train=train).astype(jnp.float32)
            answers[name] = answer[:, 0] if size == 1 else answer
        return answers


def heads(
    outputs: Mapping[str, int],
    *,
    width: int = 32,
    body: str = "dcgan",
    norm: str = "batch",
    resampling: str = "strided",
    noise: float = 0.0,
    hidden: int = 0,
    kernels: int = 0,
) -> Network:
    """Examples ``(B, ...)`` to ``{"features": (B, F), name: (B, size), ...}``.

    Args:
      outputs: size of each head by name; a head of size 1 gives ``(B,)``.
      width: channels of the first convolution; dense trunks are eight times as wide.
      body: "dcgan" or "mlp".
      norm: "batch", "layer", "spectral" or "none".
      resampling: of the convolutions, "strided" or "smooth", see `jgan.networks.dcgan_discriminator`.
      noise: standard deviation of the noise in front of dense trunk layers while training; 0 for none.
      hidden: width of a dense layer, normalised, in front of every head but ``"logit"``; 0 for none.
      kernels: of minibatch discrimination behind the trunk, its statistics joining the features; 0 for none.
    """
    check_norm(norm)
    check_body(body)
    check_resampling(resampling)
    sizes = tuple(sorted(outputs.items()))
    return from_linen(_Heads(sizes, width, body, norm, resampling, noise, hidden, kernels))
