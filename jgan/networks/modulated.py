"""Convolutions whose kernels a style scales, example by example (Karras et al. 2020, section 2.2).

Scaling the kernel's input channels is scaling the images' channels, and demodulation divides the result's
channels, so every example is convolved with the same kernel: no grouped convolution with a kernel
for each example is needed, and the result is the same to rounding.
"""

import math
from collections.abc import Callable
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.batch_axis import normal_like
from jgan.convolution.convolution import conv
from jgan.networks.equalized import NORMAL, RESAMPLING, EqualizedDense
from jgan.networks.parameter import parameter


def modulated_conv(
    x: jax.Array,
    kernel: jax.Array,
    style: jax.Array,
    *,
    demodulate: bool = True,
    convolve: Callable[[jax.Array, jax.Array], jax.Array] = conv,
    epsilon: float = 1e-8,
) -> jax.Array:
    """Convolve each example with its own kernel w'_i = s_i w_i, demodulated: w'' = w' / sqrt(Σ w'² + ε).

    The sum runs over positions and input channels, so that independent inputs of variance 1 give outputs of
    variance 1, whatever the style (Karras et al. 2020, equations 1 and 3).

    Args:
      x: feature maps, (B, H, W, Ci).
      kernel: (kh, kw, Ci, Co).
      style: s, (B, Ci).
      demodulate: whether outputs are brought back to variance 1.
      convolve: ``(maps, kernel) -> maps``, one of `jgan.networks.equalized.RESAMPLING`. Filters are not part
        of the norm.
      epsilon: ε.

    Returns:
      (B, H', W', Co).

    >>> x, kernel = jnp.ones((1, 1, 1, 2)), jnp.array([3.0, 4.0]).reshape(1, 1, 2, 1)
    >>> [round(float(modulated_conv(x, kernel, s * jnp.ones((1, 2)))[0, 0, 0, 0]), 4) for s in (1, 9)]
    [1.4, 1.4]
    """
    y = convolve(x * style[:, None, None, :], kernel)
    if not demodulate:
        return y
    power = jnp.sum(jnp.square(kernel), axis=(0, 1))
    # It decides a scale, for which TF32's three digits are too few.
    norm = jnp.matmul(jnp.square(style), power, precision="highest")
    return y * jax.lax.rsqrt(norm + epsilon)[:, None, None, :]


class ModulatedConv(nn.Module):
    """`modulated_conv` with a kernel of N(0, 1) and a style by an affine layer of w, which starts at 1.

    Without demodulation the kernel is scaled by its fan-in instead, as an equalised one.

    Attributes:
      features: Co.
      size: odd side of the kernel.
      resample: as for `jgan.networks.equalized.EqualizedConv`.
      demodulate: as for `modulated_conv`.
      margin: zeros around the maps where nothing is resampled; by default as many as keep their size.
    """

    features: int
    size: int = 3
    resample: str = "none"
    demodulate: bool = True
    margin: int | None = None

    @nn.compact
    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        """Feature maps ``(B, H, W, in)`` and styles ``(B, d)`` to ``(B, H', W', features)``."""
        inputs = x.shape[-1]
        style = EqualizedDense(inputs, bias=1.0, name="style")(w)
        shape = (self.size, self.size, inputs, self.features)
        kernel = parameter(self, "kernel", NORMAL, shape).astype(x.dtype)
        if not self.demodulate:
            style = style / math.sqrt(self.size**2 * inputs)
        convolve = RESAMPLING[self.resample]
        if self.margin is not None:
            convolve = partial(conv, padding=self.margin)
        return modulated_conv(x, kernel, style, demodulate=self.demodulate, convolve=convolve)


class Noise(nn.Module):
    """Feature maps ``(B, H, W, C)`` plus noise of one channel times a learned strength, which starts at 0.

    In training the noise is fresh for every example; else it is one map for all, of the collection
    ``"noise"``, so that an example is a function of its latent.

    Attributes:
      by_channel: whether each channel has a strength of its own, as in StyleGAN; StyleGAN2 has one for all.
    """

    by_channel: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, amount: jax.Array | float, *, train: bool) -> jax.Array:
        """Add the noise, ``amount`` times; 0 leaves it out."""
        count, height, width, channels = x.shape
        start = nn.initializers.zeros_init()
        shape = (channels,) if self.by_channel else ()
        strength = parameter(self, "strength", start, shape).astype(x.dtype)
        draw = lambda: jax.random.normal(self.make_rng("params"), (height, width, 1))
        fixed = self.variable("noise", "map", draw).value.astype(x.dtype)
        noise = fixed
        if train and self.has_rng("dropout"):
            plane = jnp.zeros((count, height, width, 1), x.dtype)
            noise = normal_like(self.make_rng("dropout"), plane)
        return x + jnp.asarray(amount, x.dtype) * strength * noise
