"""A generator and a discriminator that fit the shape of the data."""

from collections.abc import Sequence
from typing import Any

from jgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.networks.network import Network
from jgan.networks.remat import rematerialised


def pair(
    shape: Sequence[int],
    *,
    width: int = 32,
    generator_norm: str = "auto",
    discriminator_norm: str = "auto",
    dtype: Any = "float32",
    remat: bool = False,
) -> tuple[Network, Network]:
    """DCGAN networks for images ``(H, W, C)``, perceptrons of two hidden layers for points ``(d,)``.

    Args:
      shape: of one example.
      width: channels of DCGAN's outermost hidden layers; perceptrons are four times as wide.
      generator_norm: a name in `jgan.networks.layers.NORMS`, or "auto": "batch" for images, "none" for points.
      discriminator_norm: likewise.
      dtype: of both networks' computation, "float32" or "bfloat16"; `jgan.networks.layers` says what is
        float32 in either. XLA computes bfloat16 no faster than float32 on a CPU. Points are rounded to 8
        bits on their way into a bfloat16 discriminator: to 1/128 near 1, which is coarse for narrow modes.
      remat: whether both are `rematerialised`: less memory for computing activations twice.

    Raises:
      ValueError: if a name is not one of those allowed, or images are smaller than 5 pixels.
    """
    usual = "batch" if len(shape) == 3 else "none"
    making = usual if generator_norm == "auto" else generator_norm
    judging = usual if discriminator_norm == "auto" else discriminator_norm
    if len(shape) == 3:
        networks = (
            dcgan_generator(shape, width=width, norm=making, dtype=dtype),
            dcgan_discriminator(width=width, norm=judging, dtype=dtype),
        )
    else:
        widths = (4 * width, 4 * width)
        networks = (
            mlp_generator(shape, widths, norm=making, dtype=dtype),
            mlp_discriminator(widths, norm=judging, dtype=dtype),
        )
    return (rematerialised(networks[0]), rematerialised(networks[1])) if remat else networks
