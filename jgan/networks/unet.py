"""The U-Net of pix2pix: an encoder, a decoder, and a bridge between them at every size."""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.arguments import check_count
from jgan.batch_axis import draw_rows
from jgan.networks.dcgan import WEIGHTS
from jgan.networks.image_norm import ImageNorm, check_image_norm
from jgan.networks.layers import Conv, ConvTranspose, compute_dtype, leaky_relu
from jgan.networks.network import Network, from_linen
from jgan.threefry import unrolled

DROPPED = 0.5


def dropped(key: jax.Array, x: jax.Array) -> jax.Array:
    """``x`` with half of its elements set to 0, the others doubled, each example with its own choice."""
    kept = draw_rows(
        lambda rows: jax.random.bernoulli(unrolled(key), 1 - DROPPED, (rows, *x.shape[1:])),
        x.shape[0],
    )
    return jnp.where(kept, x / (1 - DROPPED), 0)


def halvings(height: int, width: int) -> int:
    """How often a picture can be halved, rounded up, until its shorter side is 1.

    >>> halvings(256, 256), halvings(28, 28)
    (8, 5)
    """
    return math.ceil(math.log2(min(height, width)))


def check_depth(shape: tuple[int, ...], depth: int) -> None:
    """Raise ValueError unless pictures ``(H, W, C)`` can be halved so often."""
    side = min(shape[:2])
    if side <= 2 ** (depth - 1):
        raise ValueError(
            f"the pictures are {shape[0]}x{shape[1]}, but a U-Net that halves them {depth} times needs sides "
            f"of at least {2 ** (depth - 1) + 1} pixels."
        )


class _UNet(nn.Module):
    channels: int
    width: int
    depth: int | None
    dropouts: int
    norm: str
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        depth = self.depth or self._initialised_depth() or halvings(*x.shape[1:3])
        check_depth(x.shape[1:], depth)
        common: dict[str, Any] = {"size": 4, "stride": 2, "kernel_init": WEIGHTS}
        common |= {"bias": self.norm == "none", "dtype": self.dtype}
        sizes = [x.shape[1:3]]
        skips: list[jax.Array] = []
        for level in range(depth):
            features = self.width * 2 ** min(level, 3)
            x = leaky_relu(x) if level else x
            x = Conv(features, name=f"down_{level}", **common)(x, train=train)
            if 0 < level < depth - 1:
                x = ImageNorm(self.norm, name=f"down_norm_{level}")(x, train=train)
            skips.append(x)
            sizes.append(x.shape[1:3])
        x = skips.pop()
        for level in reversed(range(1, depth)):
            features, size = skips[-1].shape[-1], sizes[level]
            up = ConvTranspose(features, output_size=size, name=f"up_{level}", **common)
            x = up(nn.relu(x), train=train)
            x = ImageNorm(self.norm, name=f"up_norm_{level}")(x, train=train)
            if level >= depth - self.dropouts and self.has_rng("dropout"):
                x = dropped(self.make_rng("dropout"), x)
            x = jnp.concatenate([skips.pop(), x], axis=-1)
        last = {**common, "bias": True, "output_size": sizes[0], "name": "up_0"}
        x = ConvTranspose(self.channels, **last)(nn.relu(x), train=train)
        return jnp.tanh(x.astype(jnp.float32))

    def _initialised_depth(self) -> int:
        """The depth that it has begun with, whatever the size of the pictures now; 0 before that."""
        names = self.variables.get("params", {})
        return sum(name.removeprefix("down_").isdecimal() for name in names)


def unet(
    channels: int,
    *,
    width: int = 64,
    depth: int | None = None,
    dropouts: int = 3,
    norm: str = "batch",
    dtype: Any = "float32",
) -> Network:
    """Pictures ``(B, H, W, C)`` to pictures ``(B, H, W, channels)`` in [-1, 1].

    The generator of Isola et al. 2017 (appendix 6.1.1), after Ronneberger, Fischer & Brox 2015: 4x4
    convolutions of stride 2 down to one pixel and transposed ones back, channels doubling up to 8 ``width``;
    the map of each size on the way down joins that on the way up; weights N(0, 0.02). Sides that are no powers
    of 2 are halved and rounded up. 54,413,955 parameters for 256 pixels and 3 channels.

    Noise is dropout of one half behind the first ``dropouts`` layers of the decoder, in training and wherever
    else a key is given; without a key there is none. The authors' code and the paper drop behind the innermost
    layer and the next two; their PyTorch port behind the three that follow the innermost.

    Args:
      channels: of the pictures that are made.
      width: channels behind the first layer.
      depth: how often the picture is halved; None for as often as those can be that it is initialised with,
        which is 8 times at 256 pixels. Larger pictures are halved as often, and then to more than one pixel.
      dropouts: layers of the decoder with dropout.
      norm: "batch", whose statistics in use are running ones, where the reference takes those of the batch at
        hand, one picture; "instance", which is the same as theirs for batches of one; or "none".
      dtype: of the computation, "float32" or "bfloat16".

    Raises:
      ValueError: if an argument is out of range; and when it is applied, if pictures are too small for the
        depth.
    """
    check_image_norm(norm)
    for name, value, least in (("width", width, 1), ("dropouts", dropouts, 0)):
        check_count(name, value, least)
    if depth is not None:
        check_count("depth", depth, 2)
    return from_linen(_UNet(channels, width, depth, dropouts, norm, compute_dtype(dtype)))
