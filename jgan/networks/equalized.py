"""Equalised layers: weights are N(0, 1) and scaled as they are used, so that all learn at one rate.

The scale of a layer's initialisation is a constant factor of the computation instead of a property of the
parameters. Adam's steps do not depend on the scale of a gradient, so every weight changes at the
same relative speed (Karras et al. 2018, section 4.1). Layers compute in the dtype of their input.
"""

import math
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jgan.convolution.convolution import conv
from jgan.convolution.filtering import filtered_downsample_conv, filtered_upsample_conv
from jgan.networks.parameter import parameter

Convolve = Callable[..., jax.Array]
RESAMPLING: dict[str, Convolve] = {
    "none": conv,
    "up": filtered_upsample_conv,
    "down": filtered_downsample_conv,
}
NORMAL = nn.initializers.normal(1.0)


def scaled_leaky_relu(x: jax.Array) -> jax.Array:
    """Leaky rectifier of slope 0.2 times the square root of 2, which about keeps a mean square of 1."""
    return math.sqrt(2) * jax.nn.leaky_relu(x, 0.2)


def unit_mean_square(x: jax.Array, epsilon: float = 1e-8) -> jax.Array:
    """``(..., C)`` divided by the root of the mean square over the last axis (Karras et al. 2018, section 4.2).

    >>> [round(float(value), 4) for value in unit_mean_square(jnp.array([3.0, 4.0]))]
    [0.8485, 1.1314]
    """
    return x * jax.lax.rsqrt(jnp.mean(jnp.square(x), axis=-1, keepdims=True) + epsilon)


class EqualizedDense(nn.Module):
    """``(..., in) -> (..., features)``.

    Attributes:
      features: of the result.
      gain: the result's standard deviation for unit input, at the start.
      rate: the learning rate relative to the optimizer's, for kernel and bias; 0.01 in mapping networks.
      bias: what the bias starts at, one number or one for each feature.
      start: the kernel's standard deviation at the start, before it is scaled.
    """

    features: int
    gain: float = 1.0
    rate: float = 1.0
    bias: float | tuple[float, ...] = 0.0
    start: float = 1.0

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Apply the layer."""
        start = nn.initializers.normal(self.start / self.rate)
        kernel = parameter(self, "kernel", start, (x.shape[-1], self.features))
        first = nn.initializers.constant(np.asarray(self.bias) / self.rate)
        bias = parameter(self, "bias", first, (self.features,))
        scale = self.rate * self.gain / math.sqrt(x.shape[-1])
        return x @ (scale * kernel.astype(x.dtype)) + self.rate * bias.astype(x.dtype)


class EqualizedConv(nn.Module):
    """Convolution ``(B, H, W, in) -> (B, H', W', features)`` of an odd ``size``.

    Attributes:
      features: of the result.
      size: side of the kernel.
      resample: "none", or "up" or "down" for images twice as large or half as large, by
        `jgan.convolution.filtering`.
      gain: as for `EqualizedDense`.
      bias: whether there is one, which starts at 0.
      taps: of the filter; StyleGAN2's if there are none.
    """

    features: int
    size: int = 3
    resample: str = "none"
    gain: float = 1.0
    bias: bool = True
    taps: tuple[float, ...] = ()

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Apply the layer."""
        shape = (self.size, self.size, x.shape[-1], self.features)
        kernel = parameter(self, "kernel", NORMAL, shape)
        scale = self.gain / math.sqrt(self.size**2 * x.shape[-1])
        filtered: dict[str, Any] = {"taps": self.taps} if self.taps else {}
        y = RESAMPLING[self.resample](x, scale * kernel.astype(x.dtype), **filtered)
        if not self.bias:
            return y
        bias = parameter(self, "bias", nn.initializers.zeros_init(), (self.features,))
        return y + bias.astype(x.dtype)
