"""R3GAN's networks (Huang et al. 2024, section 4, configuration E), for images of any base size.

Both are ResNets of inverted bottlenecks with grouped convolutions, without normalisation, equalised learning
rates or noise. What normalisation would do, initialisation does (Zhang et al. 2019, "Fixup").
"""

import math
from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.arguments import check_count
from jgan.convolution.convolution import conv
from jgan.convolution.filtering import downsample_filtered, upsample_filtered
from jgan.networks.conditional import label_vectors
from jgan.networks.network import Network, from_linen
from jgan.networks.parameter import parameter
from jgan.networks.stylegan2 import check_widths, doubled_sizes, widths

SLOPE = 0.2
GAIN = math.sqrt(2 / (1 + SLOPE**2))
"""What leaky rectifiers take from a mean square, as a factor of the kernels before them."""


def groups_of(channels: int, size: int) -> int:
    """Into how many groups of about ``size`` channels, and not fewer, a convolution's channels fall.

    >>> groups_of(1536, 16), groups_of(8, 16), groups_of(56, 16)
    (96, 1, 1)
    """
    return math.gcd(channels, max(1, channels // size))


class _Conv(nn.Module):
    """Convolution of an odd ``size`` without bias, whose kernels have a variance of ``gain``² / fan-in."""

    features: int
    size: int = 1
    groups: int = 1
    gain: float = 1.0

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        inputs = x.shape[-1] // self.groups
        start = nn.initializers.normal(self.gain / math.sqrt(self.size**2 * inputs))
        shape = (self.size, self.size, inputs, self.features)
        kernel = parameter(self, "kernel", start, shape)
        return conv(x, kernel.astype(x.dtype), groups=self.groups)


class _Linear(nn.Module):
    """``(B, in) -> (B, features)`` without bias, likewise."""

    features: int
    gain: float = 1.0

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        start = nn.initializers.normal(self.gain / math.sqrt(x.shape[-1]))
        kernel = parameter(self, "kernel", start, (x.shape[-1], self.features))
        return x @ kernel.astype(x.dtype)


class _BiasedRectifier(nn.Module):
    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        bias = parameter(self, "bias", nn.initializers.zeros_init(), (x.shape[-1],))
        return jax.nn.leaky_relu(x + bias.astype(x.dtype), SLOPE)


class _Block(nn.Module):
    """Adds to its input what 1 x 1, grouped 3 x 3 and 1 x 1 convolutions make of it, 0 at the start."""

    expansion: int
    group: int
    gain: float

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        channels = self.expansion * x.shape[-1]
        groups = groups_of(channels, self.group)
        h = _Conv(channels, gain=self.gain, name="widen")(x)
        h = _Conv(channels, 3, groups, self.gain, name="grouped")(_BiasedRectifier(name="first")(h))
        return x + _Conv(x.shape[-1], gain=0.0, name="narrow")(_BiasedRectifier(name="second")(h))


class _Blocks(nn.Module):
    """The blocks of one size, of a network that has ``of`` blocks in all."""

    count: int
    of: int
    expansion: int
    group: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        # Fixup: of a block's three layers the last begins at 0, and the others share the factor of^(-1/2).
        gain = GAIN * self.of ** (-1 / 4)
        for number in range(self.count):
            x = _Block(self.expansion, self.group, gain, name=f"block_{number}")(x)
        return x


class _Generator(nn.Module):
    shape: tuple[int, ...]
    width: int
    most: int
    group: int
    blocks: int
    expansion: int
    classes: int
    embedding: int

    @nn.compact
    def __call__(self, z: jax.Array, label: Any = None, *, train: bool) -> jax.Array:
        sizes = doubled_sizes(self.shape)
        features = widths(len(sizes), self.width, self.most)
        if self.classes:
            embed = _Linear(self.embedding, name="embedding")
            z = jnp.concatenate(
                [z, embed(label_vectors(label, self.classes)).astype(z.dtype)], axis=1
            )
        basis = parameter(self, "basis", nn.initializers.normal(1.0), (*sizes[0], features[0]))
        x = basis.astype(z.dtype) * _Linear(features[0], name="linear")(z)[:, None, None]
        for size, channels in zip(sizes, features, strict=True):
            # Layers are named by their height, so that a larger network finds those of a smaller one.
            if size != sizes[0]:
                if channels != x.shape[-1]:
                    x = _Conv(channels, name=f"to_{size[0]}")(x)
                x = upsample_filtered(x)
            blocks = _Blocks(
                self.blocks,
                self.blocks * len(sizes),
                self.expansion,
                self.group,
                name=f"at_{size[0]}",
            )
            x = blocks(x)
        return _Conv(self.shape[2], name="image")(x)


class _Discriminator(nn.Module):
    width: int
    most: int
    group: int
    blocks: int
    expansion: int
    classes: int

    @nn.compact
    def __call__(self, x: jax.Array, label: Any = None, *, train: bool) -> jax.Array:
        sizes = doubled_sizes(x.shape[1:])[::-1]
        features = widths(len(sizes), self.width, self.most)[::-1]
        x = _Conv(features[0], name=f"image_{sizes[0][0]}")(x)
        for size, channels in zip(sizes, [*features[1:], None], strict=True):
            blocks = _Blocks(
                self.blocks,
                self.blocks * len(sizes),
                self.expansion,
                self.group,
                name=f"at_{size[0]}",
            )
            x = blocks(x)
            if channels is not None:
                x = downsample_filtered(x)
                if channels != x.shape[-1]:
                    x = _Conv(channels, name=f"from_{size[0]}")(x)
        start = nn.initializers.normal(1 / math.sqrt(math.prod(sizes[-1])))
        basis = parameter(self, "basis", start, (*sizes[-1], features[-1]))
        x = jnp.einsum("nhwc,hwc->nc", x, basis.astype(x.dtype))
        x = _Linear(features[-1] if self.classes else 1, name="linear")(x)
        if not self.classes:
            return x[:, 0]
        embed = _Linear(features[-1], 1 / math.sqrt(features[-1]), name="embedding")
        return jnp.sum(x * embed(label_vectors(label, self.classes)).astype(x.dtype), axis=1)


def r3gan_generator(
    shape: Sequence[int],
    *,
    width: int = 768,
    most: int = 768,
    group: int = 16,
    blocks: int = 2,
    expansion: int = 2,
    classes: int = 0,
    embedding: int = 64,
) -> Network:
    """Latents ``(B, d)``, and labels, to images ``(B, *shape)``, which are not confined to [-1, 1].

    A learned basis times a linear function of the latents, then residual blocks at each size, and one output
    layer. Between two sizes images are doubled through the binomial filter of four taps: the code convolves
    the paper's [1, 2, 1] with [1, 1]. The paper's latents have 64 numbers.

    Args:
      shape: ``(height, width, channels)``; see `jgan.networks.stylegan2.doubled_sizes`.
      width: channels at the image's size. They double with every halving.
      most: channels at most. 768 and 768 are the paper's for CIFAR-10, 384 and 768 for FFHQ at 64 pixels, 96
        and 768 at 256, 1536 and 1536 for ImageNet.
      group: channels of each group of the 3 x 3 convolutions; 32 for ImageNet. All channels are one group where
        they are fewer, and no group has fewer. The paper counts groups ("cardinality"), 96 of 1536 channels.
      blocks: residual blocks at each size.
      expansion: how many times as many channels as outside a block there are within it.
      classes: number K of classes of labels ``(B,)``, or of attributes of labels ``(B, K)``; 0 for a network
        without labels.
      embedding: of a label beside the latents, how many numbers.

    Raises:
      ValueError: if there are no sizes that lead to ``shape``, or a number is out of its range.
    """
    doubled_sizes(shape)
    _check(width, most, group, blocks, expansion, classes)
    check_count("embedding", embedding)
    return from_linen(
        _Generator(tuple(shape), width, most, group, blocks, expansion, classes, embedding)
    )


def r3gan_discriminator(
    *,
    width: int = 768,
    most: int = 768,
    group: int = 16,
    blocks: int = 2,
    expansion: int = 2,
    classes: int = 0,
) -> Network:
    """Images ``(B, H, W, C)``, and labels, to logits ``(B,)``.

    The generator's mirror image: its last layers are a learned weighting of all positions, for every channel by
    itself, and a linear one. With labels the answer is projected on the label's embedding (Miyato & Koyama
    2018).

    Args:
      width: as for `r3gan_generator`, and so are the others.
      most: likewise.
      group: likewise.
      blocks: likewise.
      expansion: likewise.
      classes: likewise.

    Raises:
      ValueError: if a number is out of its range; when it is applied, as `r3gan_generator` for the shape.
    """
    _check(width, most, group, blocks, expansion, classes)
    return from_linen(_Discriminator(width, most, group, blocks, expansion, classes))


def _check(width: int, most: int, group: int, blocks: int, expansion: int, classes: int) -> None:
    check_widths(width, most)
    for name, count in (("group", group), ("blocks", blocks), ("expansion", expansion)):
        check_count(name, count)
    check_count("classes", classes, 0)
