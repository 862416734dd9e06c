"""VAE: the evidence lower bound (Kingma & Welling 2014, arXiv 1312.6114).

jgan train experiments/vae.py
"""

from typing import Literal

import optax

from jgan.claims.measures import image_distance
from jgan.data import load
from jgan.game import PLAYERS
from jgan.gans.vae import vae
from jgan.networks.heads import generator_for
from jgan.networks.variational import encoder
from jgan.rules import averaged, simultaneous
from jgan.terms.reconstruction import bernoulli, gaussian
from jgan.training.experiment import Claim, Experiment

SMALL = {"body": "mlp", "width": 16}
CLAIMS = (
    Claim(
        "samples from the prior look like the data (random-feature distance)",
        image_distance,
        at_most=4.5,
        steps=800,
        setting=SMALL,
        control={"beta": 0.0},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    beta: float = 1.0,
    latent: int = 16,
    std: float = 0.0,
    body: Literal["dcgan", "mlp"] = "dcgan",
    width: int = 32,
    lr: float = 1e-3,
    beta1: float = 0.9,
    decay: float = 0.999,
) -> Experiment:
    """One player, the generator, owns encoder and decoder.

    Args:
      data: a source by name or path, see jgan.data.load.
      beta: weight of the divergence from the prior; 1 for the bound, 0 for an autoencoder.
      latent: size of the latents.
      std: of a Gaussian likelihood; 0 for Bernoulli's, with points 0.1.
      body: of both networks; points always get perceptrons.
      width: channels of the outermost hidden layers; perceptrons are eight times as wide.
      lr: learning rate of Adam.
      beta1: Adam's first decay.
      decay: of the exponential average, from which samples are drawn.
    """
    source = load(data)
    points = len(source.shape) == 1
    likelihood = gaussian(std or 0.1) if std or points else bernoulli
    decoder = generator_for(source.shape, body=body, width=width)
    judge = encoder(latent, body=body, width=width)
    game = vae(judge, decoder, latent, likelihood=likelihood, beta=beta)
    rule = simultaneous(game, dict.fromkeys(PLAYERS, optax.adam(lr, b1=beta1)))
    return Experiment(game, averaged(rule, decay), source, steps=2000, claims=CLAIMS)
