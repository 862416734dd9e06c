"""BigBiGAN at small size: unary and joint scores (Donahue & Simonyan 2019, arXiv 1907.02544).

jgan train experiments/bigbigan.py
"""

from typing import Literal

from jgan import Architecture, Claim, Dataset, Experiment, TwoRateAdam, get_loss, normal
from jgan.claims.encoder_measures import reconstruction_ratio
from jgan.gans.bigbigan import bigbigan
from jgan.networks.joint import joint_discriminator, reparameterized

CLAIMS = (
    Claim(
        "reconstructions lie nearer than those of other garments (ratio of distances)",
        reconstruction_ratio,
        at_most=0.8,
        steps=2000,
        control={"joint": "without"},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "hinge",
    unary: float = 1.0,
    joint: Literal["with", "without"] = "with",
    latent: int = 16,
    architecture: Architecture = Architecture(width=24, norm="batch"),
    judge_norm: str = "spectral",
    adam: TwoRateAdam = TwoRateAdam(),
) -> Experiment:
    """Hinge loss and an encoder that samples, as in the paper, on smaller networks.

    Args:
      loss: Name of the loss of one score, one of jgan.losses.LOSSES.
      unary: Weight of the scores that judge the image or the latent only.
      joint: Whether the joint score sees the latent; without, nothing ties the encoder to the generator.
      latent: Dimensions of the latent, which is N(0, I).
      norm: Normalisation of the encoder: batch, layer, spectral or none.
      judge_norm: Normalisation of the discriminator, likewise.
      generator_lr: Learning rate of the Adam of generator and encoder.
    """
    source = data.load()
    generator, encoder = (
        architecture.generator(source),
        reparameterized(architecture.encoder(latent)),
    )
    judge = joint_discriminator(
        norm=judge_norm, unary=True, latent=joint == "with", **architecture.options
    )
    game = bigbigan(generator, encoder, judge, get_loss(loss), normal(latent), unary=unary)
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
