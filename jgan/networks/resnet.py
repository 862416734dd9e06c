"""A residual network from picture to picture, as CycleGAN, StarGAN, pix2pixHD and talking heads have it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.arguments import check_count
from jgan.networks.dcgan import WEIGHTS
from jgan.networks.image_norm import ImageNorm, check_image_norm
from jgan.networks.layers import Conv, ConvTranspose, Initializer, compute_dtype
from jgan.networks.network import Network, from_linen
from jgan.networks.stylegan1 import adaptive_instance_norm

PADDINGS = ("reflect", "zero")
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
    halvings: int = 2
    answers: bool = False
    styled: bool = False

    @nn.compact
    def __call__(self, x: jax.Array, *inner: jax.Array, train: bool) -> Any:
        _check_sides(x.shape[1:], self.halvings)
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
        for level in range(1, self.halvings + 1):
            sizes.append(x.shape[1:3])
            x = nn.relu(norm(Conv(self.width * 2**level, **resampled)(x, train=train)))
        most = self.width * 2**self.halvings
        if self.styled:
            vector, inner = _style_of(inner, style_size(self.width, self.blocks, self.halvings))
            norm = _adaptive(vector)
        for features in inner:
            _check_inner(x, features)
            x = x + features
        for _ in range(self.blocks):
            hidden = nn.relu(norm(conv(x, most, 3)))
            x = x + norm(conv(hidden, most, 3))
        for level in reversed(range(self.halvings)):
            up = ConvTranspose(self.width * 2**level, output_size=sizes.pop(), **resampled)
            x = nn.relu(norm(up(x, train=train)))
        last = conv(x, self.channels, 7, bias=not style.affine)
        picture = jnp.tanh(last.astype(jnp.float32))
        return {"picture": picture, "features": x} if self.answers else picture


def style_size(width: int, blocks: int, halvings: int) -> int:
    """How many numbers a style of `resnet_generator` has: scale and bias of each map that they normalise."""
    most = width * 2**halvings
    return 2 * (2 * blocks * most + sum(width * 2**level for level in range(halvings)))


def _adaptive(style: jax.Array) -> Callable[[jax.Array], jax.Array]:
    """Adaptive instance normalisation that takes a style's numbers one after the other."""
    taken = 0

    def take(count: int) -> jax.Array:
        nonlocal taken
        taken += count
        return style[:, taken - count : taken]

    def norm(x: jax.Array) -> jax.Array:
        scale, bias = take(x.shape[-1]), take(x.shape[-1])
        return adaptive_instance_norm(x, 1 + scale, bias)

    return norm


def _style_of(inner: tuple[jax.Array, ...], size: int) -> tuple[jax.Array, tuple[jax.Array, ...]]:
    found = inner[-1].shape[1:] if inner else ()
    if found != (size,):
        raise ValueError(f"a style has the shape {found}, but must have ({size},).")
    return inner[-1], inner[:-1]


def _check_sides(shape: tuple[int, ...], halvings: int) -> None:
    # The smallest map is reflected by one pixel, the picture itself by three.
    least = max(4, 2 ** (halvings + 1))
    if min(shape[:2]) < least:
        raise ValueError(
            f"the pictures are {shape[0]}x{shape[1]}, but a residual network of {halvings} halvings needs "
            f"sides of at least {least} pixels."
        )


def _check_inner(x: jax.Array, features: jax.Array) -> None:
    if x.shape != features.shape:
        raise ValueError(
            f"features of shape {features.shape[1:]} are to be added to maps of {x.shape[1:]}; they agree "
            "where the network that makes them has twice the width of the other, and pictures half as large."
        )


def resnet_generator(
    channels: int,
    *,
    blocks: int = 9,
    width: int = 64,
    style: Style = CYCLEGAN,
    norm: str = "instance",
    halvings: int = 2,
    answers: bool = False,
    styled: bool = False,
    dtype: Any = "float32",
) -> Network:
    """Pictures ``(B, H, W, C)`` to pictures ``(B, H, W, channels)`` in [-1, 1].

    CycleGAN's (Zhu et al. 2017, appendix 7.2, after Johnson et al. 2016): a 7x7 convolution, two of stride 2,
    ``blocks`` residual blocks of two 3x3 convolutions, two transposed ones, a 7x7 convolution and tanh, with
    ReLU and normalisation in between; weights N(0, 0.02) by default. With 9 blocks and 3 channels it has
    11,378,179 parameters. ``style=STARGAN`` is that of Choi et al. 2018.

    pix2pixHD's two generators (Wang et al. 2018, section 3.1) are of the same make. The global one has
    ``halvings=4``, ``blocks=9`` and ``answers=True``. The local enhancer, ``halvings=1``, ``blocks=3`` and half
    the width, is a network of ``(pictures, features)``: what the global one says of the pictures at half their
    size is added where it is itself smallest.

    With ``styled`` there is one more input, a style ``(B, style_size)``, whose numbers are the scales, less 1,
    and the biases of the normalisation in the residual blocks and behind them (AdaIN). So Zakharov et al. 2019
    (section 3.1) make persons of landmarks.

    Args:
      channels: of the pictures that are made.
      blocks: residual blocks; the paper has 6 for 128 pixels and 9 for 256.
      width: channels behind the first layer, a quarter of those of the blocks.
      style: what differs between the papers.
      norm: "instance", "batch" or "none".
      halvings: convolutions of stride 2, at each of which the channels double.
      answers: whether it answers ``{"picture": (B, H, W, channels), "features": (B, H, W, width)}``, the latter
        being what the last convolution takes.
      styled: whether there is a style.
      dtype: of the computation, "float32" or "bfloat16".

    Raises:
      ValueError: if an argument is out of range; and when it is applied, if sides are shorter than 2 to the
        power of ``halvings + 1``, or 4, pixels, or a style has another size.
    """
    check_image_norm(norm)
    check_count("blocks", blocks, 0)
    check_count("width", width)
    check_count("halvings", halvings)
    if style.padding not in PADDINGS:
        raise ValueError(f"padding is {style.padding!r}, but must be one of {', '.join(PADDINGS)}.")
    dtype = compute_dtype(dtype)
    module = _ResNet(channels, blocks, width, style, norm, dtype, halvings, answers, styled)
    return from_linen(module)
