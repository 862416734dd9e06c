"""StyleGAN's synthesis network (Karras et al. 2019, section 2), for images of any base size."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.networks.equalized import EqualizedConv, EqualizedDense, scaled_leaky_relu
from jgan.networks.image_norm import instance_norm
from jgan.networks.modulated import Noise
from jgan.networks.network import Network, from_linen
from jgan.networks.parameter import parameter
from jgan.networks.stylegan2 import check_widths, doubled_sizes, widths

EPSILON = 1e-8


def adaptive_instance_norm(x: jax.Array, scale: jax.Array, bias: jax.Array) -> jax.Array:
    """AdaIN: y_s (x - μ(x)) / σ(x) + y_b for each map (Karras et al. 2019, equation 1).

    Args:
      x: feature maps, (B, H, W, C).
      scale: y_s, (B, C), the maps' standard deviations afterwards.
      bias: y_b, (B, C), their means.
    """
    return _scaled(instance_norm(x, EPSILON), scale, bias)


def _scaled(x: jax.Array, scale: jax.Array, bias: jax.Array) -> jax.Array:
    return x * scale[:, None, None, :] + bias[:, None, None, :]


class _Epilogue(nn.Module):
    """Noise, bias, leaky rectifier, and the maps' moments from the style."""

    normalize: bool

    @nn.compact
    def __call__(self, x: jax.Array, w: jax.Array, noise: Any, *, train: bool) -> jax.Array:
        channels = x.shape[-1]
        x = Noise(by_channel=True)(x, noise, train=train)
        bias = parameter(self, "bias", nn.initializers.zeros_init(), (channels,))
        x = scaled_leaky_relu(x + bias.astype(x.dtype))
        scale, shift = jnp.split(EqualizedDense(2 * channels, name="style")(w), 2, axis=1)
        styled = adaptive_instance_norm if self.normalize else _scaled
        return styled(x, 1 + scale, shift)


class _Synthesis(nn.Module):
    shape: tuple[int, ...]
    width: int
    most: int
    normalize: bool

    @nn.compact
    def __call__(self, styles: jax.Array, noise: Any = 1.0, *, train: bool) -> jax.Array:
        sizes = doubled_sizes(self.shape)
        features = widths(len(sizes), self.width, self.most)
        start = nn.initializers.ones_init()
        first = parameter(self, "constant", start, (*sizes[0], features[0]))
        x = jnp.broadcast_to(first.astype(styles.dtype), (styles.shape[0], *first.shape))
        for level, (channels, size) in enumerate(zip(features, sizes, strict=True)):
            convolve = partial(EqualizedConv, channels, bias=False)
            if level:
                x = convolve(resample="up", name=f"up_{size[0]}")(x)
            epilogue = _Epilogue(self.normalize, name=f"first_{size[0]}")
            x = epilogue(x, styles[:, 2 * level], noise, train=train)
            x = convolve(name=f"conv_{size[0]}")(x)
            epilogue = _Epilogue(self.normalize, name=f"second_{size[0]}")
            x = epilogue(x, styles[:, 2 * level + 1], noise, train=train)
        return EqualizedConv(self.shape[2], size=1, name=f"image_{sizes[-1][0]}")(x)


def stylegan1_synthesis(
    shape: Sequence[int], *, width: int = 16, most: int = 512, normalize: bool = True
) -> Network:
    """Styles ``(B, style_count(shape), d)`` to images ``(B, *shape)``, which are not confined to [-1, 1].

    A learned constant, then two convolutions at each size, each followed by noise with a strength for each
    channel, a rectifier, and AdaIN. A second input multiplies the noise; 1 by default. It plays against
    `jgan.networks.stylegan2_discriminator` with ``residual=False``, which is the paper's.

    The paper doubles images by repeating pixels and blurs them by [1, 2, 1], and its discriminator blurs and
    then averages; both are the filter [1, 3, 3, 1] but at the borders, and so they are computed here. The
    activation's gain is as in `jgan.networks.stylegan2.style_mapping`. Images are made at their full size from
    the beginning; progressive growing is left out.

    Args:
      shape: ``(height, width, channels)``; see `jgan.networks.stylegan2.doubled_sizes`.
      width: channels at the image's size. They double with every halving.
      most: channels at most. 16 and 512 are the paper's at 1024 pixels.
      normalize: whether the maps' own moments are removed before they get those of the style; without this the
        style only scales and shifts them.

    Raises:
      ValueError: if there are no sizes that lead to ``shape``.
    """
    doubled_sizes(shape)
    check_widths(width, most)
    return from_linen(_Synthesis(tuple(shape), width, most, normalize))
