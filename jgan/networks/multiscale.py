"""Discriminators of patches at several scales, whose layers are answers too."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.arguments import check_count
from jgan.networks.dcgan import WEIGHTS
from jgan.networks.image_norm import InstanceNorm
from jgan.networks.layers import Conv, Initializer, compute_dtype, leaky_relu
from jgan.networks.network import Network, from_linen


def half_size(x: jax.Array) -> jax.Array:
    """Pictures ``(B, H, W, C)`` at half their size, rounded up, by means over 3x3 pixels, fewer at the border.

    >>> half_size(jnp.asarray([0.0, 3.0, 6.0, 6.0]).reshape(1, 1, 4, 1)).ravel().tolist()
    [1.5, 5.0]
    """
    return nn.avg_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)), count_include_pad=False)


class _Scale(nn.Module):
    halvings: int
    width: int
    spectral: bool
    weights: Initializer
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> tuple[jax.Array, tuple[jax.Array, ...]]:
        common: dict[str, Any] = {"size": 4, "padding": 2, "kernel_init": self.weights}
        found = []
        for layer in range(self.halvings + 1):
            conv = Conv(
                self.width * 2 ** min(layer, 3),
                stride=2 if layer < self.halvings else 1,
                bias=layer == 0,  # instance normalisation would take any other away
                spectral=self.spectral and layer > 0,
                dtype=self.dtype,
                **common,
            )
            x = conv(x, train=train)
            if layer:
                x = InstanceNorm(affine=False)(x)
            x = leaky_relu(x)
            found.append(x)
        return Conv(1, dtype=jnp.float32, **common)(x, train=train)[..., 0], tuple(found)


class _Scales(nn.Module):
    scales: int
    halvings: int
    width: int
    spectral: bool
    weights: Initializer
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> dict[str, Any]:
        logits, features = [], []
        for number in range(self.scales):
            x = half_size(x) if number else x
            scale = _Scale(self.halvings, self.width, self.spectral, self.weights, self.dtype)
            logit, own = scale(x, train=train)
            logits.append(logit)
            features.append(own)
        return {"logit": tuple(logits), "features": tuple(features)}


def multiscale_discriminator(
    scales: int = 2,
    *,
    halvings: int = 3,
    width: int = 64,
    spectral: bool = False,
    weights: Initializer = WEIGHTS,
    dtype: Any = "float32",
) -> Network:
    """Pictures ``(B, H, W, C)`` to logits ``(B, h, w)`` and features ``(B, h, w, F)``, in tuples.

    The answer ``"logit"`` has one array a scale, ``"features"`` a tuple of those of the layers before it.
    pix2pixHD's (Wang et al. 2018, section 3.2) and, with ``spectral``, GauGAN's (Park et al. 2019, appendix A):
    for each scale a discriminator of 4x4 convolutions with a padding of 2, ``halvings`` of stride 2 and two of
    stride 1, instance normalisation without scales behind all but the first and the last, leaky ReLU. Each
    scale sees the pictures half as large as the one before, by means over 3x3 pixels.

    Args:
      scales: number of discriminators: 3 in pix2pixHD's paper, 2 in both codes.
      halvings: convolutions of stride 2 of each.
      width: channels behind the first layer; they double up to eight times as many.
      spectral: whether kernels between the first and the last are spectrally normalised.
      weights: how kernels begin.
      dtype: of the computation, "float32" or "bfloat16"; the last layer is float32.

    Raises:
      ValueError: if a number is below 1.
    """
    for name, value in (("scales", scales), ("halvings", halvings), ("width", width)):
        check_count(name, value)
    return from_linen(_Scales(scales, halvings, width, spectral, weights, compute_dtype(dtype)))
