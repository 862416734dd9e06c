"""The InfoGAN networks as compare_gan used them (Lucic et al. 2018), layer for layer, at any width."""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.networks.layers import (
    Conv,
    ConvTranspose,
    Dense,
    Norm,
    check_norm,
    compute_dtype,
    leaky_relu,
)
from jgan.networks.network import Network, from_linen

WEIGHTS = nn.initializers.normal(0.02)
WIDTH = 64
DECAY = 0.999
RECTIFIERS = {"leaky_relu": leaky_relu, "relu": nn.relu}


class _Normed(nn.Module):
    """A normalisation with compare_gan's epsilon, and the leaky rectifier behind it."""

    kind: str
    decay: float
    rectifier: str = "leaky_relu"

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        normed = Norm(self.kind, momentum=self.decay, epsilon=1e-3)(x, train=train)
        return RECTIFIERS[self.rectifier](normed)


class _Generator(nn.Module):
    shape: tuple[int, ...]
    width: int
    decay: float
    rectifier: str
    dtype: Any

    @nn.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        height, width, channels = self.shape
        common: dict[str, Any] = {"kernel_init": WEIGHTS, "dtype": self.dtype}
        norm = lambda y: _Normed("batch", self.decay, self.rectifier)(y, train=train)
        x = norm(Dense(16 * self.width, **common)(z, train=train))
        inner = 2 * self.width
        x = norm(Dense(inner * (height // 4) * (width // 4), **common)(x, train=train))
        x = x.reshape(-1, height // 4, width // 4, inner)
        x = norm(ConvTranspose(self.width, size=4, **common)(x, train=train))
        x = ConvTranspose(channels, size=4, **common)(x, train=train)
        return _over_minus_one_to_one(x)


class _Discriminator(nn.Module):
    norm: str
    width: int
    decay: float
    outputs: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        common: dict[str, Any] = {
            "kernel_init": WEIGHTS,
            "dtype": self.dtype,
            "spectral": self.norm == "spectral",
        }
        norm = lambda y: _Normed(self.norm, self.decay)(y, train=train)
        x = (x + 1) / 2
        x = leaky_relu(Conv(self.width, size=4, stride=2, **common)(x, train=train))
        x = norm(Conv(2 * self.width, size=4, stride=2, **common)(x, train=train))
        x = norm(Dense(16 * self.width, **common)(x.reshape(x.shape[0], -1), train=train))
        x = Dense(self.outputs, **{**common, "dtype": jnp.float32})(x, train=train)
        return x[:, 0] if self.outputs == 1 else x


class _Autoencoder(nn.Module):
    code: int
    norm: str
    width: int
    decay: float

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> dict[str, jax.Array]:
        height, width, channels = x.shape[1:]
        _check_shape((height, width, channels))
        common: dict[str, Any] = {"kernel_init": WEIGHTS}
        norm = lambda y: _Normed(self.norm, self.decay)(y, train=train)
        inner = 2 * self.width
        x = (x + 1) / 2
        x = leaky_relu(Conv(self.width, size=4, stride=2, **common)(x, train=train))
        x = Conv(inner, size=4, stride=2, **common)(x, train=train)
        code = norm(Dense(self.code, **common)(x.reshape(x.shape[0], -1), train=train))
        x = norm(Dense(inner * (height // 4) * (width // 4), **common)(code, train=train))
        x = x.reshape(-1, height // 4, width // 4, inner)
        x = norm(ConvTranspose(self.width, size=4, **common)(x, train=train))
        x = ConvTranspose(channels, size=4, **common)(x, train=train)
        return {"features": code, "reconstruction": _over_minus_one_to_one(x)}


def _over_minus_one_to_one(x: jax.Array) -> jax.Array:
    return 2 * nn.sigmoid(x.astype(jnp.float32)) - 1


def _check_shape(shape: Sequence[int]) -> None:
    if len(shape) != 3 or shape[0] % 4 or shape[1] % 4:
        raise ValueError(
            f"shape is {tuple(shape)}, but must be (height, width, channels) with sides divisible by 4."
        )


def infogan_generator(
    shape: Sequence[int],
    *,
    width: int = WIDTH,
    decay: float = DECAY,
    rectifier: str = "leaky_relu",
    dtype: Any = "float32",
) -> Network:
    """Latents ``(B, d)`` to images ``(B, *shape)`` (compare_gan v1.0, ``InfoGANGenerator``).

    FC 1024, FC 128·H/4·W/4, two 4x4 stride-2 transposed convolutions (64, channels); batch
    normalisation (epsilon 1e-3) and leaky ReLU 0.2; weights N(0, 0.02). The reference ends in a sigmoid
    over [0, 1]; its output is mapped to [-1, 1] here. InfoGAN itself has ReLU in this place.

    Args:
      shape: ``(height, width, channels)``, sides divisible by 4.
      width: w channels of the last hidden layer; the others are 2w and 16w. 64 is the reference's.
      decay: of the running statistics. The reference's 0.999 needs thousands of updates.
      rectifier: "leaky_relu", or "relu" as in compare_gan's VAE decoder.
      dtype: of the computation, "float32" or "bfloat16"; parameters, statistics and images are float32.
    """
    _check_shape(shape)
    if rectifier not in RECTIFIERS:
        allowed = ", ".join(RECTIFIERS)
        raise ValueError(f"rectifier is {rectifier!r}, but must be one of {allowed}.")
    return from_linen(_Generator(tuple(shape), width, decay, rectifier, compute_dtype(dtype)))


def infogan_discriminator(
    *,
    norm: str = "batch",
    width: int = WIDTH,
    decay: float = DECAY,
    outputs: int = 1,
    dtype: Any = "float32",
) -> Network:
    """Images ``(B, H, W, C)`` to logits ``(B,)`` (compare_gan v1.0, ``InfoGANDiscriminator``).

    4x4 stride-2 convolutions 64 and 128, FC 1024, FC 1, with leaky ReLU 0.2; ``norm`` follows all but the
    first and last. Images are mapped to [0, 1] first, which is what the reference sees. InfoGAN's own
    slope is 0.01.

    Args:
      norm: "batch", "layer", "spectral" (of all weights) or "none".
      width: w channels of the first convolution; the other layers have 2w and 16w.
      decay: of running statistics.
      outputs: of the last layer; with more than 1 the answer is ``(B, outputs)``, as for an encoder.
      dtype: of the computation, as for `infogan_generator`; the last layer is float32 throughout.
    """
    check_norm(norm)
    return from_linen(_Discriminator(norm, width, decay, outputs, compute_dtype(dtype)))


def infogan_autoencoder(
    *, code: int = 64, norm: str = "none", width: int = WIDTH, decay: float = DECAY
) -> Network:
    """Images to ``{"features": (B, code), "reconstruction": like the images}``: compare_gan's BEGAN critic.

    4x4 stride-2 convolutions 64 and 128 (the second without activation), FC ``code``,
    FC 128·H/4·W/4, transposed convolutions 64 and C, sigmoid; leaky ReLU 0.2. Images are mapped to [0, 1]
    first and reconstructions back to [-1, 1].

    Args:
      code: size of the code.
      norm: behind the code and the decoder's hidden layers: "batch", "layer" or "none".
      width: w channels of the first convolution; the others have 2w.
      decay: of running statistics.

    Raises:
      ValueError: if ``norm`` is another; from ``init``, if the images' sides are not divisible by 4.
    """
    if norm not in ("batch", "layer", "none"):
        raise ValueError(f"norm is {norm!r}, but an autoencoder must have batch, layer or none.")
    return from_linen(_Autoencoder(code, norm, width, decay))
