"""AttGAN's encoder, which knows nothing of attributes, and its decoder, to which they are given."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.arguments import check_count
from jgan.networks.conditional import label_vectors
from jgan.networks.image_norm import ImageNorm, check_image_norm
from jgan.networks.layers import Conv, ConvTranspose, compute_dtype, leaky_relu
from jgan.networks.network import Network, from_linen
from jgan.networks.resnet import FAN_IN

Code = tuple[jax.Array, ...]
"""The maps of the encoder's layers, the largest first; the last is the code proper."""


class _Encoder(nn.Module):
    layers: int
    width: int
    norm: str
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> Code:
        if min(x.shape[1:3]) < 2**self.layers:
            raise ValueError(
                f"the pictures are {x.shape[1]}x{x.shape[2]}, but an encoder of {self.layers} halvings needs "
                f"sides of at least {2**self.layers} pixels."
            )
        bias = self.norm == "none"
        maps = []
        for layer in range(self.layers):
            features = self.width * 2**layer
            conv = Conv(features, size=4, stride=2, bias=bias, kernel_init=FAN_IN, dtype=self.dtype)
            x = leaky_relu(ImageNorm(self.norm)(conv(x, train=train), train=train))
            maps.append(x)
        return tuple(maps)


class _Decoder(nn.Module):
    channels: int
    attributes: int
    width: int
    shortcuts: int
    norm: str
    dtype: Any

    @nn.compact
    def __call__(self, code: Code, label: jax.Array, like: jax.Array, *, train: bool) -> jax.Array:
        vectors = label_vectors(label, self.attributes)
        sizes = [like.shape[1:3], *(one.shape[1:3] for one in code[:-1])]
        layers = len(code)
        common: dict[str, Any] = {"size": 4, "stride": 2, "kernel_init": FAN_IN}
        common |= {"dtype": self.dtype}
        x = self._joined(code[-1], vectors)
        for layer in reversed(range(1, layers)):
            bias = self.norm == "none"
            up = ConvTranspose(self.width * 2**layer, output_size=sizes[layer], bias=bias, **common)
            x = nn.relu(ImageNorm(self.norm)(up(x, train=train), train=train))
            if layer >= layers - self.shortcuts:
                x = self._joined(jnp.concatenate([x, code[layer - 1]], axis=-1), vectors)
        last = ConvTranspose(self.channels, output_size=sizes[0], **common)
        return jnp.tanh(last(x, train=train).astype(jnp.float32))

    @staticmethod
    def _joined(x: jax.Array, vectors: jax.Array) -> jax.Array:
        planes = vectors[:, None, None].astype(x.dtype)
        return jnp.concatenate([x, jnp.broadcast_to(planes, (*x.shape[:3], vectors.shape[1]))], -1)


def attribute_encoder(
    *, layers: int = 5, width: int = 64, norm: str = "batch", dtype: Any = "float32"
) -> Network:
    """Pictures ``(B, H, W, C)`` to the maps of every layer (He et al. 2019, table I).

    4x4 convolutions of stride 2 whose channels double, batch normalisation and leaky ReLU.

    Args:
      layers: halvings of the picture.
      width: channels behind the first layer.
      norm: "batch", "instance" or "none".
      dtype: of the computation, "float32" or "bfloat16".

    Raises:
      ValueError: if an argument is out of range; and when it is applied, if pictures are too small.
    """
    check_image_norm(norm)
    check_count("layers", layers)
    check_count("width", width)
    return from_linen(_Encoder(layers, width, norm, compute_dtype(dtype)))


def attribute_decoder(
    channels: int,
    attributes: int,
    *,
    width: int = 64,
    shortcuts: int = 1,
    norm: str = "batch",
    dtype: Any = "float32",
) -> Network:
    """``(maps, label, like)`` to pictures ``(B, H, W, channels)`` in [-1, 1] (He et al. 2019, table I).

    Transposed 4x4 convolutions back to the size of ``like``, the pictures that the maps were made of, of which
    nothing but the shape is looked at. The
    attributes join the code, and each map of the encoder that a shortcut brings along, as constant planes.

    Args:
      channels: of the pictures that are made.
      attributes: number of attributes, or of classes.
      width: channels of the encoder's first layer, of which its own are multiples.
      shortcuts: how many maps of the encoder, the smallest first, join the decoder; 1 in the paper.
      norm: "batch", "instance" or "none".
      dtype: of the computation, "float32" or "bfloat16"; the picture is float32.

    Raises:
      ValueError: if an argument is out of range; and when it is applied, if the label does not fit.
    """
    check_image_norm(norm)
    for name, value, least in (("attributes", attributes, 1), ("shortcuts", shortcuts, 0)):
        check_count(name, value, least)
    check_count("width", width)
    return from_linen(_Decoder(channels, attributes, width, shortcuts, norm, compute_dtype(dtype)))
