"""A residual network from picture to picture, as CycleGAN and StarGAN have it."""

from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.arguments import check_count
from jgan.networks.dcgan import WEIGHTS
from jgan.networks.image_norm import ImageNorm, check_image_norm
from jgan.networks.layers import Conv, ConvTranspose, Initializer, compute_dtype
from jgan.networks.network import Network, from_linen

PADDINGS = ("reflect", "zero")
SMALLEST = 8
"""Sides of the smallest pictures: a quarter of them must be reflected by one pixel, and all by three."""


FAN_IN = nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
"""Uniform within ± 1 / sqrt(fan in), with which PyTorch begins where nothing else is asked for."""


class Style(NamedTuple):
    """What differs between the residual networks of two papers.

    Attributes:
      padding: how the borders of convolutions of stride 1 are filled, "reflect" or "zero".
      resampling: side of the kernels that halve and double.
      affine: whether instance normalisation has scales and biases, in place of the convolutions' own biases.
      weights: how kernels begin.
    """

    padding: str = "reflect"
    resampling: int = 3
    affine: bool = False
    weights: Initializer = WEIGHTS


CYCLEGAN = Style()
STARGAN = Style("zero", 4, affine=True, weights=FAN_IN)
"""Zeros around the borders, without which instance normalisation would remove a label's constant planes."""


class _ResNet(nn.Module):
    channels: int
    blocks: int
    width: int
    style: Style
    norm: str
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        _check_sides(x.shape[1:])
        style = self.style
        common: dict[str, Any] = {"kernel_init": style.weights, "dtype": self.dtype}
        bias = self.norm == "none" or not (style.affine or self.norm == "batch")
        norm = lambda x: ImageNorm(self.norm, style.affine)(x, train=train)

        def conv(x: jax.Array, features: int, size: int, bias: bool = bias) -> jax.Array:
            border = size // 2
            if style.padding == "reflect":
                pads = ((0, 0), (border, border), (border, border), (0, 0))
                x, border = jnp.pad(x, pads, mode="reflect"), 0
            layer = Conv(features, size=size, padding=border, bias=bias, **common)
            return layer(x, train=train)

        resampled = {"size": style.resampling, "stride": 2, "padding": 1, "bias": bias, **common}
        sizes = []
        x = nn.relu(norm(conv(x, self.width, 7)))
        for times in (2, 4):
            sizes.append(x.shape[1:3])
            x = nn.relu(norm(Conv(times * self.width, **resampled)(x, train=train)))
        for _ in range(self.blocks):
            inner = nn.relu(norm(conv(x, 4 * self.width, 3)))
            x = x + norm(conv(inner, 4 * self.width, 3))
        for times in (2, 1):
            up = ConvTranspose(times * self.width, output_size=sizes.pop(), **resampled)
            x = nn.relu(norm(up(x, train=train)))
        last = conv(x, self.channels, 7, bias=not style.affine)
        return jnp.tanh(last.astype(jnp.float32))


def _check_sides(shape: tuple[int, ...]) -> None:
    if min(shape[:2]) < SMALLEST:
        raise ValueError(
            f"the pictures are {shape[0]}x{shape[1]}, but a residual network of two halvings needs sides of at "
            f"least {SMALLEST} pixels."
        )


def resnet_generator(
    channels: int,
    *,
    blocks: int = 9,
    width: int = 64,
    style: Style = CYCLEGAN,
    norm: str = "instance",
    dtype: Any = "float32",
) -> Network:
    """Pictures ``(B, H, W, C)`` to pictures ``(B, H, W, channels)`` in [-1, 1].

    CycleGAN's (Zhu et al. 2017, appendix 7.2, after Johnson et al. 2016): a 7x7 convolution, two of stride 2,
    ``blocks`` residual blocks of two 3x3 convolutions, two transposed ones, a 7x7 convolution and tanh, with
    ReLU and normalisation in between; weights N(0, 0.02) by default. With 9 blocks and 3 channels it has
    11,378,179 parameters. ``style=STARGAN`` is that of Choi et al. 2018.

    Args:
      channels: of the pictures that are made.
      blocks: residual blocks; the paper has 6 for 128 pixels and 9 for 256.
      width: channels behind the first layer, a quarter of those of the blocks.
      style: what differs between the papers.
      norm: "instance", "batch" or "none".
      dtype: of the computation, "float32" or "bfloat16".

    Raises:
      ValueError: if an argument is out of range; and when it is applied, if sides have fewer than 8 pixels.
    """
    check_image_norm(norm)
    check_count("blocks", blocks, 0)
    check_count("width", width)
    if style.padding not in PADDINGS:
        raise ValueError(f"padding is {style.padding!r}, but must be one of {', '.join(PADDINGS)}.")
    return from_linen(_ResNet(channels, blocks, width, style, norm, compute_dtype(dtype)))
