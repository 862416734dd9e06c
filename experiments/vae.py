"""VAE: the evidence lower bound (Kingma & Welling 2014, arXiv 1312.6114).

jgan train experiments/vae.py
"""

import math

from jgan import Adam, Architecture, Claim, Dataset, Experiment, Trained
from jgan.claims.held_out_measures import held_out_loss
from jgan.claims.measures import image_distance
from jgan.evaluation.beside import put_beside
from jgan.gans.vae import vae
from jgan.terms.quantized import discretized_logistic
from jgan.terms.reconstruction import bernoulli, gaussian


def distance(trained: Trained) -> float:
    """`image_distance`, beside the loss on test images in bits, which with beta 1 bounds their code length."""
    bits = held_out_loss(trained) / math.prod(trained.experiment.source.shape) / math.log(2)
    put_beside(f"loss on test images: {bits:.3f} bits a pixel")
    return image_distance(trained)


CLAIMS = (
    Claim(
        "samples from the prior look like the data (random-feature distance)",
        distance,
        at_most=4.5,
        steps=1500,
        setting={"levels": 16},
        control={"beta": 0.0},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    beta: float = 1.0,
    latent: int = 16,
    std: float = 0.0,
    levels: int = 0,
    architecture: Architecture = Architecture(),
    adam: Adam = Adam(lr=1e-3, beta1=0.9),
) -> Experiment:
    """One player, the generator, owns encoder and decoder.

    Args:
      beta: Weight of the divergence from the prior; 1 for the bound, 0 for an autoencoder.
      latent: Dimensions of the latent.
      std: Deviation of a Gaussian likelihood; 0 for Bernoulli's, with points 0.1.
      levels: Levels of a pixel, whose probabilities a logistic likelihood gives; 0 for another likelihood.
      norm: Normalisation of the encoder: batch, layer, spectral or none.
    """
    source = data.load()
    points = len(source.shape) == 1
    likelihood = gaussian(std or 0.1) if std or points else bernoulli
    if levels:
        likelihood = discretized_logistic(levels, std or 0.1)
    networks = architecture.encoder(latent), architecture.generator(source)
    game = vae(*networks, latent, likelihood=likelihood, beta=beta)
    return Experiment(game, adam.simultaneous(game), source, steps=2000, claims=CLAIMS)
