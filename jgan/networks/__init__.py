"""Networks as pure ``(init, apply)`` pairs. Flax Linen is imported in this room only."""

from jgan.networks.autoencoder import autoencoder
from jgan.networks.conditional import (
    conditional_generator,
    labelled,
    projection_discriminator,
    unlabelled,
)
from jgan.networks.dcgan import dcgan_discriminator, dcgan_generator
from jgan.networks.heads import generator_for, heads
from jgan.networks.infogan import infogan_discriminator, infogan_generator
from jgan.networks.mlp import mlp, mlp_discriminator, mlp_generator
from jgan.networks.network import Network, count_parameters, from_linen
from jgan.networks.pair import pair
from jgan.networks.points import point_discriminator, point_generator
from jgan.networks.remat import rematerialised
from jgan.networks.sngan import sngan_discriminator, sngan_generator
from jgan.networks.virtual import virtual_generator

__all__ = [
    "Network",
    "autoencoder",
    "conditional_generator",
    "count_parameters",
    "dcgan_discriminator",
    "dcgan_generator",
    "from_linen",
    "generator_for",
    "heads",
    "infogan_discriminator",
    "infogan_generator",
    "labelled",
    "mlp",
    "mlp_discriminator",
    "mlp_generator",
    "pair",
    "point_discriminator",
    "point_generator",
    "projection_discriminator",
    "rematerialised",
    "sngan_discriminator",
    "sngan_generator",
    "unlabelled",
    "virtual_generator",
]
