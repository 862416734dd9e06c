"""Spatially adaptive normalisation (SPADE): a map of labels decides the scale and the bias of every pixel."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.arguments import check_count
from jgan.networks.image_norm import InstanceNorm
from jgan.networks.layers import Conv, Dense, compute_dtype, leaky_relu, standardized, upsample
from jgan.networks.network import Network, from_linen
from jgan.players import Collections

WEIGHTS = nn.initializers.variance_scaling(0.02**2, "fan_avg", "normal")
"""N(0, 0.02² · 2 / (fan in + fan out)), with which the authors' networks begin."""
NORMS = ("batch", "instance")


def nearest(maps: jax.Array, height: int, width: int) -> jax.Array:
    """Maps ``(B, H, W, ...)`` at another size, each pixel that of the place at which its corner lies.

    >>> nearest(jnp.arange(6).reshape(1, 1, 6), 1, 3).tolist()
    [[[0, 2, 4]]]
    """
    rows = jnp.arange(height) * maps.shape[1] // height
    columns = jnp.arange(width) * maps.shape[2] // width
    return maps[:, rows][:, :, columns]


class Spade(nn.Module):
    """Activations without mean and variance, times 1 + γ(m) plus β(m), γ and β being convolutions of a map m.

    Park et al. 2019 (eq. 1 and appendix A). Where plain normalisation would take away what all pixels have in
    common, a uniform map included, it comes back in with the scale and the bias.

    Attributes:
      hidden: channels of the layer between the map and γ and β, 128 in the paper.
      norm: what takes mean and variance away: "batch" or "instance".
      dtype: of the convolutions.
    """

    hidden: int = 128
    norm: str = "batch"
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, maps: jax.Array, *, train: bool) -> jax.Array:
        """Normalise ``x`` ``(B, h, w, C)`` under ``maps`` ``(B, H, W, L)``."""
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        of_pictures = InstanceNorm(affine=False)
        plain = of_pictures(wide) if self.norm == "instance" else standardized(wide, train=train)
        common: dict[str, Any] = {"kernel_init": WEIGHTS, "dtype": self.dtype}
        small = nearest(maps, *x.shape[1:3])
        shared = nn.relu(Conv(self.hidden, name="shared", **common)(small, train=train))
        gamma, beta = (
            Conv(x.shape[-1], name=name, **common)(shared, train=train).astype(wide.dtype)
            for name in ("gamma", "beta")
        )
        return (plain * (1 + gamma) + beta).astype(x.dtype)


class SpadeBlock(nn.Module):
    """A residual block of two convolutions, each behind `Spade` and leaky ReLU (Park et al. 2019, figure 4).

    Attributes:
      features: channels that come out; where others come in, the shortcut is a convolution behind `Spade`.
      hidden: of `Spade`.
      norm: of `Spade`.
      dtype: of the convolutions.
    """

    features: int
    hidden: int = 128
    norm: str = "batch"
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, maps: jax.Array, *, train: bool) -> jax.Array:
        """Apply the block to ``x`` ``(B, h, w, C)`` under ``maps`` ``(B, H, W, L)``."""
        middle = min(x.shape[-1], self.features)
        common: dict[str, Any] = {"spectral": True, "kernel_init": WEIGHTS, "dtype": self.dtype}

        def spade(x: jax.Array, name: str) -> jax.Array:
            return Spade(self.hidden, self.norm, self.dtype, name=f"spade_{name}")(
                x, maps, train=train
            )

        shortcut = x
        if x.shape[-1] != self.features:
            layer = Conv(self.features, size=1, bias=False, name="conv_shortcut", **common)
            shortcut = layer(spade(x, "shortcut"), train=train)
        for number, features in enumerate((middle, self.features)):
            layer = Conv(features, name=f"conv_{number}", **common)
            x = layer(leaky_relu(spade(x, str(number))), train=train)
        return shortcut + x


class _Generator(nn.Module):
    channels: int
    width: int
    levels: int
    hidden: int
    norm: str
    dtype: Any

    @nn.compact
    def __call__(self, maps: jax.Array, *style: jax.Array, train: bool) -> jax.Array:
        sizes = [maps.shape[1:3]]
        for _ in range(self.levels):
            height, width = sizes[-1]
            sizes.append((-(-height // 2), -(-width // 2)))
        common: dict[str, Any] = {"kernel_init": WEIGHTS, "dtype": self.dtype}
        block = lambda features, name: SpadeBlock(
            features, self.hidden, self.norm, self.dtype, name=name
        )
        most = self.width * 2 ** (self.levels - 1)
        small = nearest(maps, *sizes.pop())
        x = Conv(most, name="start", **common)(small, train=train)
        for z in style:
            spread = Dense(most, name="style", **common)(z, train=train)
            x = x + spread[:, None, None, :]
        x = block(most, "block_start")(x, maps, train=train)
        for level in reversed(range(self.levels)):
            height, width = sizes.pop()
            x = upsample(x)[:, :height, :width]
            if level == self.levels - 1:
                x = block(most, "block_middle")(x, maps, train=train)
            x = block(self.width * 2**level, f"block_{level}")(x, maps, train=train)
        last = Conv(self.channels, name="last", **common)(leaky_relu(x), train=train)
        return jnp.tanh(last.astype(jnp.float32))


def spade_generator(
    channels: int,
    *,
    width: int = 64,
    levels: int = 5,
    hidden: int = 128,
    norm: str = "batch",
    dtype: Any = "float32",
) -> Network:
    """``(maps (B, H, W, L)[, style (B, d)])`` to pictures ``(B, H, W, channels)`` in [-1, 1], of any H and W.

    GauGAN's generator (Park et al. 2019, figure 11): from a map halved ``levels`` times, residual blocks under
    the whole map, with the nearest upsampling between them, whose channels are halved at every doubling. With
    ``levels=5`` there are seven blocks. Convolutions are spectrally normalised but for those of the map, the
    first and the last.

    A style begins, in the authors' code, as a dense layer of a grid of fixed size, and without one the first
    layer is a convolution of the small map. Here it is that convolution, to which a style adds a dense layer's
    channels, the same everywhere, so that the size of the pictures is free.

    Args:
      channels: of the pictures.
      width: channels of the last block.
      levels: how often the map is halved.
      hidden: channels between the map and each normalisation's scale and bias.
      norm: "batch" or "instance", what is normalised over.
      dtype: of the computation, "float32" or "bfloat16".

    Raises:
      ValueError: if an argument is out of range.
    """
    for name, value in (("width", width), ("levels", levels), ("hidden", hidden)):
        check_count(name, value)
    if norm not in NORMS:
        raise ValueError(f"norm is {norm!r}, but must be one of {', '.join(NORMS)}.")
    return from_linen(_Generator(channels, width, levels, hidden, norm, compute_dtype(dtype)))


def map_at_input(network: Network) -> Network:
    """The network of ``(maps[, style])`` whose map enters at the input alone, as pix2pixHD's does.

    Args:
      network: pictures ``(B, H, W, L + d)`` to pictures; it is given the maps and d constant planes.
    """

    def joined(maps: jax.Array, *style: jax.Array) -> jax.Array:
        planes = [jnp.broadcast_to(z[:, None, None], (*maps.shape[:3], z.shape[-1])) for z in style]
        return jnp.concatenate([maps, *planes], axis=-1)

    def init(key: jax.Array, *inputs: Any) -> Collections:
        return network.init(key, joined(*inputs))

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        return network.apply(collections, joined(*inputs), key=key, train=train)

    return Network(init, apply)


def map_hidden(network: Network) -> Network:
    """The network of ``(maps[, style])`` that is given zeros in place of the maps."""

    def init(key: jax.Array, maps: jax.Array, *style: jax.Array) -> Collections:
        return network.init(key, jnp.zeros_like(maps), *style)

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        maps, *style = inputs
        return network.apply(collections, jnp.zeros_like(maps), *style, key=key, train=train)

    return Network(init, apply)
