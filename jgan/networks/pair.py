"""A generator and a discriminator that fit the shape of the data."""

from collections.abc import Sequence

from jgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.networks.network import Network


def pair(
    shape: Sequence[int],
    *,
    width: int = 32,
    generator_norm: str = "batch",
    discriminator_norm: str = "batch",
) -> tuple[Network, Network]:
    """DCGAN networks for images ``(H, W, C)``, perceptrons of two hidden layers for points ``(d,)``.

    Args:
      shape: of one example.
      width: channels of DCGAN's outermost hidden layers; perceptrons are four times as wide.
      generator_norm: a name in `jgan.networks.layers.NORMS`; perceptrons for points have none.
      discriminator_norm: likewise, except that "spectral" applies to perceptrons too.
    """
    if len(shape) == 3:
        return (
            dcgan_generator(shape, width=width, norm=generator_norm),
            dcgan_discriminator(width=width, norm=discriminator_norm),
        )
    widths = (4 * width, 4 * width)
    spectral = "spectral" if discriminator_norm == "spectral" else "none"
    return mlp_generator(shape, widths), mlp_discriminator(widths, norm=spectral)
