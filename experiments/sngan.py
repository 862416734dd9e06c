"""SNGAN: spectral normalisation on Fashion-MNIST (Miyato et al. 2018, arXiv 1802.05957).

jgan train experiments/sngan.py
"""

from typing import Literal

from jgan import (
    Adam,
    Dataset,
    DiscriminatorAugmentation,
    Experiment,
    NetworkPair,
    gan,
    get_loss,
    normal,
)
from jgan.claims.shared import SETTLING, SETTLING_STEPS, covers_ring
from jgan.networks import rematerialised, sngan_discriminator, sngan_generator

RING = {**SETTLING, "latent": 2}
CLAIMS = (covers_ring(setting=RING, control={"norm": "none"}, steps=SETTLING_STEPS),)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "hinge",
    norm: Literal["spectral", "none"] = "spectral",
    network: Literal["dcgan", "resnet"] = "dcgan",
    latent: int = 128,
    pair: NetworkPair = NetworkPair(),
    augmentation: DiscriminatorAugmentation = DiscriminatorAugmentation(),
    adam: Adam = Adam(beta1=0.0, beta2=0.9),
    discriminator_steps: int = 1,
) -> Experiment:
    """Hinge loss and spectral normalisation; ``--network resnet`` is the paper's for 32 and 64 pixels.

    Args:
      loss: Name of the loss, one of jgan.losses.LOSSES.
      norm: Normalisation of the discriminator, spectral or for the control none.
      network: Kind of the networks; resnet is of full size and needs sides that are divisible by 8.
      width: Channels of DCGAN's outermost hidden layers; perceptrons are four times as wide.
      discriminator_steps: Steps of the discriminator for each step of the generator; 5 in the paper.
      latent: Dimension of the standard normal latents.
    """
    source = data.load()
    if network == "resnet":
        generator = sngan_generator(source.shape, dtype=pair.dtype)
        discriminator = sngan_discriminator(source.shape, norm=norm, dtype=pair.dtype)
        if pair.remat:
            generator, discriminator = rematerialised(generator), rematerialised(discriminator)
    else:
        generator, discriminator = pair.networks(source, discriminator_norm=norm)
    game = gan(generator, discriminator, get_loss(loss), normal(latent))
    game = augmentation.applied(game, source)
    rule = adam.alternating(game, discriminator_steps)
    return Experiment(game, rule, source, steps=2000, claims=CLAIMS)
