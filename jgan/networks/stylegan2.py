"""StyleGAN2's networks (Karras et al. 2020, section 3 and figure 7), for images of any base size."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.arguments import check_count, check_number
from jgan.convolution.filtering import upsample_filtered
from jgan.networks.equalized import NORMAL, EqualizedConv, EqualizedDense, scaled_leaky_relu
from jgan.networks.mapping import Mapping, StyleMapping
from jgan.networks.minibatch import with_group_deviation
from jgan.networks.modulated import ModulatedConv, Noise
from jgan.networks.network import Network, from_linen
from jgan.networks.parameter import parameter

Sizes = list[tuple[int, int]]
SMALLEST, LARGEST = 4, 7


def doubled_sizes(shape: Sequence[int]) -> Sizes:
    """The sizes of a network's feature maps, each twice the one before, up to the image's.

    The first is the smallest whose shorter side has at least 4 pixels: 4 to 7 of them, as doubling must lead
    to the image.

    Raises:
      ValueError: if images of this shape have no such sizes.

    >>> doubled_sizes((28, 28, 1))
    [(7, 7), (14, 14), (28, 28)]
    >>> doubled_sizes((64, 48, 3))
    [(8, 6), (16, 12), (32, 24), (64, 48)]
    """
    if len(shape) == 3:
        height, width = shape[:2]
        sizes = [(height, width)]
        while height % 2 == 0 and width % 2 == 0 and min(height, width) >= 2 * SMALLEST:
            height, width = height // 2, width // 2
            sizes.insert(0, (height, width))
        if len(sizes) > 1 and SMALLEST <= min(sizes[0]) <= LARGEST:
            return sizes
    raise ValueError(
        f"shape is {tuple(shape)}, but must be (height, width, channels) with a shorter side of 4, 5, 6 or 7 "
        "times a power of two, such as 28, 32 or 48, and a longer one that can be halved as often."
    )


def widths(count: int, width: int, most: int) -> list[int]:
    """Channels at each of ``count`` sizes, smallest size first: halved with every doubling, down to ``width``.

    >>> widths(4, 16, 64)
    [64, 64, 32, 16]
    """
    return [min(width * 2**k, most) for k in reversed(range(count))]


class _StyledConv(nn.Module):
    """Modulated convolution, noise, bias, leaky rectifier."""

    features: int
    resample: str
    demodulate: bool

    @nn.compact
    def __call__(self, x: jax.Array, w: jax.Array, noise: Any, *, train: bool) -> jax.Array:
        conv = ModulatedConv(self.features, resample=self.resample, demodulate=self.demodulate)
        x = Noise()(conv(x, w), noise, train=train)
        bias = parameter(self, "bias", nn.initializers.zeros_init(), (self.features,))
        return scaled_leaky_relu(x + bias.astype(x.dtype))


class _ToImage(nn.Module):
    channels: int

    @nn.compact
    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        image = ModulatedConv(self.channels, size=1, demodulate=False)(x, w)
        bias = parameter(self, "bias", nn.initializers.zeros_init(), (self.channels,))
        return image + bias.astype(x.dtype)


class _Synthesis(nn.Module):
    shape: tuple[int, ...]
    width: int
    most: int
    demodulate: bool

    @nn.compact
    def __call__(self, styles: jax.Array, noise: Any = 1.0, *, train: bool) -> jax.Array:
        sizes = doubled_sizes(self.shape)
        features = widths(len(sizes), self.width, self.most)
        first = parameter(self, "constant", NORMAL, (*sizes[0], features[0]))
        x = jnp.broadcast_to(first.astype(styles.dtype), (styles.shape[0], *first.shape))
        image = jnp.zeros((), x.dtype)
        for level, (channels, size) in enumerate(zip(features, sizes, strict=True)):
            convolve = partial(_StyledConv, channels, demodulate=self.demodulate)
            # Layers are named by their height, so that a larger network finds those of a smaller one.
            if level:
                layer = convolve("up", name=f"up_{size[0]}")
                x = layer(x, styles[:, 2 * level - 1], noise, train=train)
                image = upsample_filtered(image)
            layer = convolve("none", name=f"conv_{size[0]}")
            x = layer(x, styles[:, 2 * level], noise, train=train)
            to_image = _ToImage(self.shape[2], name=f"image_{size[0]}")
            # It shares its style with the next size's first convolution.
            image = image + to_image(x, styles[:, 2 * level + 1])
        return image


class _Down(nn.Module):
    """Two convolutions, the second to half the size, and a shortcut beside them if it is residual."""

    features: int
    residual: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        h = scaled_leaky_relu(EqualizedConv(x.shape[-1], name="conv")(x))
        h = scaled_leaky_relu(EqualizedConv(self.features, resample="down", name="down")(h))
        if not self.residual:
            return h
        skip = EqualizedConv(self.features, size=1, resample="down", bias=False, name="skip")
        return (h + skip(x)) / math.sqrt(2)


class _Discriminator(nn.Module):
    width: int
    most: int
    group: int
    residual: bool
    classes: int
    mapping_layers: int

    @nn.compact
    def __call__(self, x: jax.Array, label: Any = None, *, train: bool) -> jax.Array:
        sizes = doubled_sizes(x.shape[1:])[::-1]
        features = widths(len(sizes), self.width, self.most)[::-1]
        x = scaled_leaky_relu(EqualizedConv(features[0], size=1, name=f"image_{sizes[0][0]}")(x))
        for size, channels in zip(sizes, features[1:], strict=False):
            x = _Down(channels, self.residual, name=f"down_{size[0]}")(x)
        if self.group > 1:
            x = with_group_deviation(x, self.group)
        x = scaled_leaky_relu(EqualizedConv(features[-1], name="conv")(x))
        x = EqualizedDense(features[-1], name="dense")(x.reshape(x.shape[0], -1))
        x = scaled_leaky_relu(x)
        x = EqualizedDense(features[-1] if self.classes else 1, name="logit")(x)
        if not self.classes:
            return x[:, 0]
        mapping = Mapping(features[-1], self.mapping_layers, self.classes, name="mapping")
        return jnp.sum(x * mapping(None, label), axis=1) / math.sqrt(features[-1])


def style_mapping(
    inputs: int,
    *,
    features: int = 512,
    layers: int = 8,
    classes: int = 0,
    mixing: float = 0.9,
    decay: float = 0.995,
) -> Network:
    """Latents ``(B, d)``, and labels, to ``{"styles": (B, inputs, features), "mean": (features,)}``.

    The mapping network of StyleGAN and StyleGAN2 (Karras et al. 2019, section 2), with style mixing in
    training and the running mean of w (`jgan.networks.mapping.StyleMapping`). The activation's gain of √2 comes
    after the rectifier, as in StyleGAN2's code; StyleGAN's has it in the kernels.

    Args:
      inputs: styles that the synthesis network takes, `style_count`.
      features: of w and of all layers.
      layers: 8 in the papers, 2 in the authors' setting for CIFAR-10.
      classes: number K of classes of labels ``(B,)``, or of attributes of labels ``(B, K)``; 0 for a network
        without labels.
      mixing: share of examples whose style is mixed in training.
      decay: of the running mean.

    Raises:
      ValueError: if a number is out of its range.
    """
    check_count("inputs", inputs, 2)
    for name, count in (("features", features), ("layers", layers)):
        check_count(name, count)
    check_count("classes", classes, 0)
    check_number("mixing", mixing, least=0, most=1)
    check_number("decay", decay, least=0, below=1)
    mapping = Mapping(features, layers, classes)
    return from_linen(StyleMapping(mapping, inputs, mixing, decay))


def style_count(shape: Sequence[int]) -> int:
    """The number of styles that a synthesis network of images ``shape`` takes: 18 at 1024 pixels.

    >>> style_count((1024, 1024, 3)), style_count((28, 28, 1))
    (18, 6)
    """
    return 2 * len(doubled_sizes(shape))


def stylegan2_synthesis(
    shape: Sequence[int], *, width: int = 32, most: int = 512, demodulate: bool = True
) -> Network:
    """Styles ``(B, style_count(shape), d)`` to images ``(B, *shape)``, which are not confined to [-1, 1].

    A learned constant, then two modulated convolutions at each size, noise, and an output at each size whose
    sum, upsampled, is the image ("skip"). A second input multiplies the noise; 1 by default.

    Args:
      shape: ``(height, width, channels)``; see `doubled_sizes`.
      width: channels at the image's size. They double with every halving.
      most: channels at most. 32 and 512 are config F of the paper at 1024 pixels.
      demodulate: whether the modulated convolutions demodulate.

    Raises:
      ValueError: if there are no sizes that lead to ``shape``.
    """
    doubled_sizes(shape)
    check_widths(width, most)
    return from_linen(_Synthesis(tuple(shape), width, most, demodulate))


def stylegan2_discriminator(
    *,
    width: int = 32,
    most: int = 512,
    group: int = 4,
    residual: bool = True,
    classes: int = 0,
    mapping_layers: int = 8,
) -> Network:
    """Images ``(B, H, W, C)``, and labels, to logits ``(B,)``.

    Two convolutions at each size, the deviation of groups of examples, a convolution and two dense layers. With
    labels the last layer's answer is projected on the label's mapping (Miyato & Koyama 2018).

    Args:
      width: as for `stylegan2_synthesis`.
      most: likewise.
      group: examples in a group of the minibatch standard deviation; 1 leaves it out.
      residual: whether halvings have a shortcut. Not so in the authors' setting for CIFAR-10.
      classes: as for `style_mapping`.
      mapping_layers: layers of the labels' mapping.

    Raises:
      ValueError: if a number is out of its range; when it is applied, as `doubled_sizes`.
    """
    check_widths(width, most)
    check_count("group", group)
    check_count("classes", classes, 0)
    check_count("mapping_layers", mapping_layers)
    return from_linen(_Discriminator(width, most, group, residual, classes, mapping_layers))


def check_widths(width: int, most: int) -> None:
    """Raise ValueError unless both numbers of channels are at least 1."""
    check_count("width", width)
    check_count("most", most)
