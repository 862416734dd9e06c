"""BiGAN and ALI (Donahue et al. 2017, arXiv 1605.09782; Dumoulin et al. 2017, arXiv 1606.00704).

jgan train experiments/bigan.py
"""

from functools import partial
from typing import Literal

from jgan import Architecture, Claim, Dataset, Experiment, TwoRateAdam, get_loss, normal, uniform
from jgan.claims.encoder_measures import neighbour_accuracy, reconstruction_ratio
from jgan.gans.bigan import bigan
from jgan.networks.combined import answer_of
from jgan.networks.joint import joint_discriminator, reparameterized

claim = partial(Claim, steps=2500, control={"judged": "image"})
CLAIMS = (
    claim(
        "reconstructions lie nearer than those of other garments (ratio of distances)",
        reconstruction_ratio,
        at_most=0.7,
    ),
    claim(
        "codes keep the class (accuracy of the nearest neighbour)",
        neighbour_accuracy,
        at_least=0.7,
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "non_saturating",
    encoder: Literal["point", "gaussian"] = "gaussian",
    judged: Literal["pair", "image"] = "pair",
    latent: int = 16,
    prior: Literal["uniform", "normal"] = "normal",
    architecture: Architecture = Architecture(width=24, norm="batch"),
    judge_norm: str = "spectral",
    adam: TwoRateAdam = TwoRateAdam(),
) -> Experiment:
    """ALI's encoder and prior; without a spectrally normalised discriminator the encoder lags behind.

    Args:
      loss: Name of the loss, one of jgan.losses.LOSSES.
      encoder: Kind of encoder: BiGAN's gives a point, ALI's samples from a Gaussian that it gives.
      judged: What the discriminator is shown; with images alone nothing teaches the encoder.
      latent: Dimensions of the latent.
      prior: Distribution of the latent, U(-1, 1) or N(0, 1).
      norm: Normalisation of the encoder: batch, layer, spectral or none.
      judge_norm: Normalisation of the discriminator, likewise.
      generator_lr: Learning rate of the Adam of generator and encoder.
    """
    source = data.load()
    if encoder == "gaussian":
        inverse = reparameterized(architecture.encoder(latent))
    else:
        inverse = answer_of(architecture.heads({"code": latent}), "code")
    judge = joint_discriminator(norm=judge_norm, latent=judged == "pair", **architecture.options)
    noise = uniform(latent) if prior == "uniform" else normal(latent)
    game = bigan(architecture.generator(source), inverse, judge, get_loss(loss), noise)
    return Experiment(game, adam.alternating(game), source, steps=2500, claims=CLAIMS)
