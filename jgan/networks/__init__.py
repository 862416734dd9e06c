"""Networks as pure ``(init, apply)`` pairs. Flax Linen is imported in this room only."""

from jgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from jgan.networks.infogan import infogan_discriminator, infogan_generator
from jgan.networks.mlp import mlp, mlp_discriminator, mlp_generator
from jgan.networks.network import Network, count_parameters, from_linen
from jgan.networks.pair import pair
from jgan.networks.sngan import sngan_discriminator, sngan_generator

__all__ = [
    "Network",
    "count_parameters",
    "dcgan_discriminator",
    "dcgan_generator",
    "from_linen",
    "infogan_discriminator",
    "infogan_generator",
    "mlp",
    "mlp_discriminator",
    "mlp_generator",
    "pair",
    "sngan_discriminator",
    "sngan_generator",
]
