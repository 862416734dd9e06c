"""DCGAN on Fashion-MNIST (Radford, Metz & Chintala 2016, arXiv 1511.06434).

jgan train experiments/dcgan.py
"""

from jgan import (
    Adam,
    Claim,
    Dataset,
    DiscriminatorAugmentation,
    Experiment,
    NetworkPair,
    gan,
    get_loss,
    uniform,
)
from jgan.claims.measures import image_distance

CLAIMS = (
    Claim(
        "samples lie near the garments (random-feature distance)",
        image_distance,
        at_most=2.0,
        steps=600,
        control={"norm": "none"},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "non_saturating",
    norm: str = "auto",
    pair: NetworkPair = NetworkPair(),
    augmentation: DiscriminatorAugmentation = DiscriminatorAugmentation(),
    adam: Adam = Adam(),
) -> Experiment:
    """The paper's networks, initialisation and optimizer, a quarter as wide; batches of 64, not 128.

    Args:
      loss: Name of the loss, one of jgan.losses.LOSSES.
      norm: Normalisation of both networks: batch, layer, spectral or none; auto is batch for images and none
        for points.
      width: Channels of the outermost hidden layers; 128 in the paper.
    """
    source = data.load()
    networks = pair.networks(source, generator_norm=norm, discriminator_norm=norm)
    game = gan(*networks, get_loss(loss), uniform(100))
    game = augmentation.applied(game, source)
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
