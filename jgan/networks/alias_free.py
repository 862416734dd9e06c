"""Layers whose maps stand for continuous signals: what each may hold, and how a nonlinearity keeps to it.

A pointwise nonlinearity makes frequencies that the maps' grid cannot hold, and which then depend on where the
grid lies. So it is applied to maps of twice the rate, between two low-pass filters (Karras et al. 2021,
section 3).
"""

from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jgan.batch_axis import whole_mean
from jgan.convolution.filtering import resample
from jgan.convolution.geometry import Pair
from jgan.convolution.lowpass import kaiser_lowpass, radial_lowpass
from jgan.convolution.radial import filter_radially
from jgan.networks.equalized import scaled_leaky_relu
from jgan.networks.modulated import ModulatedConv
from jgan.networks.parameter import parameter

LOWEST = 2.0, 2**2.1
"""Cutoff and stopband of a network's input, in cycles an image."""
BEYOND = 2**0.3
"""The last layer's stopband as a multiple of its cutoff."""
TAPS = 6
"""Taps of a filter for each sample of the lower rate between which and the higher it lies."""


class Band(NamedTuple):
    """What the maps of a layer hold.

    Attributes:
      cutoff: the highest frequency that is kept, in cycles an image.
      half_width: of the transition band, likewise, half of which lies beyond the cutoff.
      rate: pixels of an image's side.
      size: pixels of the maps' side, which may reach beyond the image.
    """

    cutoff: float
    half_width: float
    rate: int
    size: int


def bands(side: int, layers: int, *, critical: int = 2, margin: int = 10) -> list[Band]:
    """The bands of an input, which are those of the first layer, and of the layers up to the image.

    Cutoffs and stopbands grow geometrically over the layers that are not critically sampled, from 2 and 2^2.1
    to ``side / 2`` and 2^0.3 times that; the rate is the image's, halved as often as it holds the stopband
    (Karras et al. 2021, section 3.2 and appendix C). The paper has powers of two; other sides are halved as
    long as they are even.

    Args:
      side: of the image, in pixels.
      layers: between the input and the image, 14 in the paper.
      critical: how many layers at the end have the image's whole band, so that nothing of it is lost.
      margin: pixels by which maps reach beyond the image on every side; those of the last layer do not.

    Returns:
      ``layers + 1`` bands, the last one the image's.

    Raises:
      ValueError: if a number is out of its range.
    """
    last = side / 2, side / 2 * BEYOND
    found = []
    for layer in range(layers + 1):
        share = min(layer / (layers - critical), 1)
        cutoff, stopband = (
            low * (high / low) ** share for low, high in zip(LOWEST, last, strict=True)
        )
        rate = side
        while rate % 2 == 0 and rate / 2 >= 2 * stopband:
            rate //= 2
        size = rate + 2 * margin if layer < layers - 1 else side
        found.append(Band(cutoff, max(stopband, rate / 2) - cutoff, rate, size))
    return found


class Resampling(NamedTuple):
    """From maps of one band to those of the next, the nonlinearity in between.

    Attributes:
      up: how many times larger the maps are for the nonlinearity.
      down: how many times smaller they become behind it.
      before: taps of the filter before it, whose sum is 1.
      behind: taps of the filter behind it, or a radial filter.
      padding: of the enlarged maps; negative numbers crop.
    """

    up: int
    down: int
    before: tuple[float, ...]
    behind: tuple[float, ...] | np.ndarray
    padding: Pair


def resampling(here: Band, there: Band, size: int, *, radial: bool, filtered: bool) -> Resampling:
    """How maps of ``size`` pixels a side and of the band ``here`` become those of the band ``there``.

    Args:
      here: the band of the maps.
      there: that of the result, of the same rate or of a multiple.
      size: the maps' side, which a convolution may have changed.
      radial: whether the filter behind the nonlinearity has no directions.
      filtered: whether there are filters; without them pixels are repeated where the rate grows.
    """
    up = (2 if filtered else 1) * max(there.rate // here.rate, 1)
    down = 2 if filtered else 1
    fast = up * here.rate
    before: tuple[float, ...] = (1 / up,) * up
    behind: tuple[float, ...] | np.ndarray = (1.0,)
    if filtered:
        before = kaiser_lowpass(TAPS * up, here.cutoff, 2 * here.half_width, fast)
        lowpass = radial_lowpass if radial else kaiser_lowpass
        behind = lowpass(TAPS * down, there.cutoff, 2 * there.half_width, fast)
    total = (there.size - 1) * down + 1 - size * up + len(before) + len(behind) - 2
    first = (total + up) // 2
    return Resampling(up, down, before, behind, (first, total - first))


def filtered_leaky_relu(x: jax.Array, way: Resampling) -> jax.Array:
    """`jgan.networks.equalized.scaled_leaky_relu` of maps that are enlarged, filtered, and brought back.

    Args:
      x: feature maps, (B, H, W, C).
      way: by `resampling`.
    """
    taps = [way.up * tap for tap in way.before]
    x = scaled_leaky_relu(resample(x, taps, up=way.up, padding=way.padding))
    if way.down == 1:
        return x
    if isinstance(way.behind, np.ndarray):
        return filter_radially(x, way.behind, down=way.down)
    return resample(x, way.behind, down=way.down)


class FilteredConv(nn.Module):
    """Modulated convolution, bias, and the filtered nonlinearity.

    Maps are divided by the root of a running mean of their square, the collection ``"average"``, so that
    every layer's are of one magnitude. A pass is divided by the mean so far and takes part in the next;
    the authors' code takes a pass into its own mean, as a constant. It also normalises kernels and styles
    before they are modulated, which demodulation undoes, and confines the result to ±256, which half precision
    needs.

    Attributes:
      features: channels of the result.
      here: band of the maps.
      there: band of the result.
      size: side of the kernel.
      radial: as for `resampling`.
      filtered: likewise.
      decay: of the running mean.
    """

    features: int
    here: Band
    there: Band
    size: int = 3
    radial: bool = False
    filtered: bool = True
    decay: float = 0.999

    @nn.compact
    def __call__(self, x: jax.Array, w: jax.Array, *, train: bool) -> jax.Array:
        """Feature maps ``(B, H, W, in)`` and styles ``(B, d)`` to ``(B, H', W', features)``."""
        x = equal_magnitude(self, x, self.decay, train=train)
        conv = ModulatedConv(self.features, size=self.size, margin=self.size - 1)
        x = with_bias(self, conv(x, w))
        way = resampling(
            self.here, self.there, x.shape[1], radial=self.radial, filtered=self.filtered
        )
        return filtered_leaky_relu(x, way)


class ToImage(nn.Module):
    """The last layer: a modulated convolution of single pixels without demodulation, and a bias.

    Attributes:
      channels: of the image.
      decay: as for `FilteredConv`.
    """

    channels: int
    decay: float = 0.999

    @nn.compact
    def __call__(self, x: jax.Array, w: jax.Array, *, train: bool) -> jax.Array:
        """Feature maps ``(B, H, W, in)`` and styles ``(B, d)`` to images."""
        x = equal_magnitude(self, x, self.decay, train=train)
        return with_bias(self, ModulatedConv(self.channels, size=1, demodulate=False)(x, w))


def equal_magnitude(module: nn.Module, x: jax.Array, decay: float, *, train: bool) -> jax.Array:
    """``x`` over the root of the module's running mean of its square, which takes it in if ``train``."""
    mean = module.variable("average", "square", lambda: jnp.ones((), jnp.float32))
    so_far = mean.value
    if train:
        present = jax.lax.stop_gradient(whole_mean(jnp.mean(jnp.square(x))))
        mean.value = decay * so_far + (1 - decay) * present.astype(so_far.dtype)
    return x * jax.lax.rsqrt(so_far).astype(x.dtype)


def with_bias(module: nn.Module, x: jax.Array) -> jax.Array:
    """``x`` and the module's bias, one number for each channel, which starts at 0."""
    bias = parameter(module, "bias", nn.initializers.zeros_init(), (x.shape[-1],))
    return x + bias.astype(x.dtype)
