"""BEGAN: boundary equilibrium (Berthelot, Schumm & Metz 2017, arXiv 1703.10717).

jgan train experiments/began.py
"""

from typing import Literal

import optax

from jgan.claims.measures import metric
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.began import began
from jgan.latents import uniform
from jgan.networks.autoencoder import autoencoder
from jgan.networks.heads import generator_for
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment

SMALL = {"body": "mlp", "width": 16, "gamma": 0.75, "rate": 0.1, "lr": 5e-4}
CLAIMS = (
    Claim(
        "the ratio L(fake)/L(real) is held at gamma = 0.75",
        metric("discriminator/ratio", last=5),
        at_least=0.7,
        at_most=0.8,
        steps=2000,
        setting=SMALL,
        control={"rate": 0.0},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    gamma: float = 0.5,
    rate: float = 1e-3,
    code: int = 64,
    body: Literal["dcgan", "mlp"] = "dcgan",
    width: int = 32,
    lr: float = 2e-4,
    beta1: float = 0.5,
    decay: float = 0.999,
) -> Experiment:
    """The paper's balance and controller; its networks are deeper and end without tanh.

    Args:
      data: a source by name or path, see jgan.data.load.
      gamma: the ratio L(fake)/L(real) that is held; lower for sharper and less diverse samples.
      rate: lambda_k of the controller.
      code: size of the autoencoder's code and of the latent.
      body: of both networks; points always get perceptrons.
      width: channels of the outermost hidden layers; perceptrons are eight times as wide.
      lr: learning rate of both Adam optimizers.
      beta1: Adam's first decay.
      decay: of the generator's exponential average, from which samples are drawn.
    """
    source = load(data)
    generator = generator_for(source.shape, body=body, width=width)
    judge = autoencoder(code=code, body=body, width=width)
    game = began(generator, judge, uniform(code), gamma=gamma, rate=rate)
    adam = optax.adam(lr, b1=beta1)
    rule = averaged(alternating(game, {GENERATOR: adam, DISCRIMINATOR: adam}), decay)
    return Experiment(game, rule, source, steps=2000, claims=CLAIMS)
