"""StyleGAN3's synthesis network (Karras et al. 2021), for square images of any size."""

from collections.abc import Sequence

import flax.linen as nn
import jax

from jgan.arguments import check_count, check_number
from jgan.networks.alias_free import Band, FilteredConv, ToImage, bands
from jgan.networks.fourier import FourierInput
from jgan.networks.network import Network, from_linen
from jgan.networks.stylegan2 import check_widths

SMALLEST = 8
OUTPUT = 0.25
"""What images are multiplied by at the end, so that they begin with a standard deviation near it."""


def stylegan3_style_count(layers: int = 14) -> int:
    """The number of styles that a synthesis network of so many layers takes: input, layers, image.

    >>> stylegan3_style_count()
    16
    """
    return layers + 2


def channels_of(band: Band, side: int, width: int, most: int) -> int:
    """Channels of a layer: ``width`` at the image's band, more in inverse proportion to the cutoff.

    >>> [channels_of(band, 1024, 32, 512) for band in bands(1024, 14)[6:11]]
    [512, 323, 203, 128, 81]
    """
    return round(min(width * side / 2 / band.cutoff, most))


class _Synthesis(nn.Module):
    shape: tuple[int, ...]
    width: int
    most: int
    layers: int
    critical: int
    margin: int
    size: int
    radial: bool
    filtered: bool
    decay: float

    @nn.compact
    def __call__(
        self,
        styles: jax.Array,
        shift: jax.Array | None = None,
        angle: jax.Array | None = None,
        *,
        train: bool,
    ) -> jax.Array:
        side = self.shape[0]
        each = bands(side, self.layers, critical=self.critical, margin=self.margin)
        channels = [channels_of(band, side, self.width, self.most) for band in each]
        first = each[0]
        made = FourierInput(channels[0], first.size, first.rate, first.cutoff, name="input")
        x = made(styles[:, 0], shift, angle)
        for layer in range(self.layers):
            convolve = FilteredConv(
                channels[layer],
                each[max(layer - 1, 0)],
                each[layer],
                size=self.size,
                # Radial filters lose the corners of a critically sampled layer's square of frequencies.
                radial=self.radial and layer < self.layers - self.critical,
                filtered=self.filtered,
                decay=self.decay,
                name=f"layer_{layer}",
            )
            x = convolve(x, styles[:, layer + 1], train=train)
        to_image = ToImage(self.shape[2], self.decay, name="image")
        return OUTPUT * to_image(x, styles[:, -1], train=train)


def stylegan3_synthesis(
    shape: Sequence[int],
    *,
    width: int = 32,
    most: int = 512,
    layers: int = 14,
    critical: int = 2,
    margin: int = 10,
    size: int = 3,
    radial: bool = False,
    filtered: bool = True,
    decay: float = 0.999,
) -> Network:
    """Styles ``(B, layers + 2, d)`` to images ``(B, *shape)``, which are not confined to [-1, 1].

    Waves on the plane, then modulated convolutions whose nonlinearities are filtered, so that the images are
    those of continuous signals: where the waves are moved by a second input (``shift``, in sides of the image,
    down and right) the images move with them, by any fraction of a pixel. With ``size=1`` and ``radial=True``
    they also turn with a third one (``angle``, counter-clockwise, in radians): with these and twice as many
    channels the network is StyleGAN3-R, with the defaults StyleGAN3-T.

    Args:
      shape: ``(side, side, channels)`` with a side of at least 8 pixels; the paper's are powers of two.
      width: channels at the image's band; see `channels_of`. 32 (-R: 64) is the paper's at 1024 pixels.
      most: channels at most. 512 (-R: 1024) is the paper's.
      layers: between the waves and the image.
      critical: how many of them have the image's whole band, at the end.
      margin: pixels by which maps reach beyond the image.
      size: side of the kernels, 3 or, for rotations, 1.
      radial: whether the filters behind nonlinearities have no directions.
      filtered: whether there are filters; without them images stick to the grid.
      decay: of the running means of magnitudes.

    Raises:
      ValueError: if the shape is no square or a number is out of its range.
    """
    if len(shape) != 3 or shape[0] != shape[1] or shape[0] < SMALLEST:
        raise ValueError(
            f"shape is {tuple(shape)}, but must be (side, side, channels) with a side of at least {SMALLEST}."
        )
    check_widths(width, most)
    check_count("critical", critical, 0)
    check_count("layers", layers, critical + 1)
    check_count("margin", margin, 0)
    if size % 2 == 0:
        raise ValueError(f"size is {size}, but must be odd.")
    check_number("decay", decay, least=0, below=1)
    return from_linen(
        _Synthesis(
            tuple(shape), width, most, layers, critical, margin, size, radial, filtered, decay
        )
    )
