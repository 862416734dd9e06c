"""PatchGAN: a discriminator that judges every patch of a picture by itself."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.arguments import check_count
from jgan.networks.dcgan import WEIGHTS
from jgan.networks.image_norm import ImageNorm, check_image_norm
from jgan.networks.layers import Conv, compute_dtype, leaky_relu
from jgan.networks.network import Network, from_linen

FIELDS = {1: 0, 16: 1, 34: 2, 70: 3, 142: 4, 286: 5}
"""Convolutions of stride 2 by the side of the patch that decides a logit, in pixels."""


def smallest_side(field: int) -> int:
    """The smallest side of pictures that a discriminator of this receptive field can judge.

    >>> smallest_side(70), smallest_side(16), smallest_side(1)
    (24, 6, 1)
    """
    return 3 * 2 ** FIELDS[field] if FIELDS[field] else 1


def check_field(field: int) -> None:
    """Raise ValueError unless ``field`` is one of `FIELDS`."""
    if field not in FIELDS:
        raise ValueError(
            f"field is {field!r}, but the side of a patch must be one of {', '.join(map(str, FIELDS))}."
        )


class _Patches(nn.Module):
    field: int
    width: int
    norm: str
    affine: bool
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        least = smallest_side(self.field)
        if min(x.shape[1:3]) < least:
            others = ", ".join(str(f) for f in FIELDS if smallest_side(f) <= min(x.shape[1:3]))
            raise ValueError(
                f"the pictures are {x.shape[1]}x{x.shape[2]}, but patches of {self.field} pixels need sides of "
                f"at least {least}; use a field of {others}."
            )
        strides = [2] * FIELDS[self.field] + [1]
        sizes = {"size": 4, "padding": 1}
        if self.field == 1:
            strides, sizes = [1, 1], {"size": 1}
        common: dict[str, Any] = {**sizes, "kernel_init": WEIGHTS, "dtype": self.dtype}
        # Where the normalisation has a bias of its own, another in front of it has no effect.
        bias = self.norm == "none" or not self.affine
        for layer, stride in enumerate(strides):
            features = self.width * 2 ** min(layer, 3)
            x = Conv(features, stride=stride, bias=bias or layer == 0, **common)(x, train=train)
            if layer:
                x = ImageNorm(self.norm, self.affine)(x, train=train)
            x = leaky_relu(x)
        return Conv(1, **{**common, "dtype": jnp.float32})(x, train=train)[..., 0]


def patch_discriminator(
    field: int = 70,
    *,
    width: int = 64,
    norm: str = "batch",
    affine: bool = True,
    dtype: Any = "float32",
) -> Network:
    """Pictures ``(B, H, W, C)`` to logits ``(B, h, w)``, each of a patch (Isola et al. 2017, appendix 6.1.2).

    4x4 convolutions with a padding of 1: some of stride 2, then two of stride 1, leaky ReLU of slope 0.2,
    normalisation except behind the first and the last; of field 1, three 1x1 convolutions. Channels double
    from ``width`` up to 8 ``width``; weights N(0, 0.02). At 256 pixels a field of 70 gives 30 x 30 logits; with
    6 channels it has 2,768,705 parameters.

    Instance normalisation lets a logit also depend on the means and variances of the whole picture.

    Args:
      field: side of the patches, one of `FIELDS`.
      width: channels behind the first layer.
      norm: "batch" as in pix2pix, "instance" as in CycleGAN, or "none".
      affine: whether instance normalisation has scales and biases; CycleGAN's has none.
      dtype: of the computation, "float32" or "bfloat16"; the last layer is float32.

    Raises:
      ValueError: if an argument is out of range; and when it is applied, if pictures are too small for a logit.
    """
    check_field(field)
    check_image_norm(norm)
    check_count("width", width)
    return from_linen(_Patches(field, width, norm, affine or norm == "batch", compute_dtype(dtype)))
