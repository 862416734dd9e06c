"""EBGAN with the pull-away term (Zhao, Mathieu & LeCun 2017, arXiv 1609.03126).

jgan train experiments/ebgan.py
"""

from typing import Literal

import optax

from jgan.claims.measures import metric
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.ebgan import ebgan
from jgan.latents import normal
from jgan.networks.autoencoder import autoencoder
from jgan.networks.heads import generator_for
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment, Trained

SMALL = {"body": "mlp", "width": 16}


def energy_gap(trained: Trained) -> float:
    """Energy of the fakes less that of the data, at the end."""
    return metric("discriminator/real_logit", 3)(trained) - metric("discriminator/fake_logit", 3)(
        trained
    )


CLAIMS = (
    Claim(
        "fakes are held above the data's energy",
        energy_gap,
        at_least=0.2,
        steps=1000,
        setting=SMALL,
        control={"margin": 0.0},
    ),
    Claim(
        "the pull-away term turns codes apart (mean squared cosine)",
        metric("generator/cosine_squared", last=3),
        at_most=0.18,
        steps=1000,
        setting={**SMALL, "pull": 10.0},
        control={"pull": 0.0},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    margin: float = 10.0,
    pull: float = 0.1,
    code: int = 64,
    body: Literal["dcgan", "mlp"] = "dcgan",
    width: int = 32,
    lr: float = 1e-3,
    beta1: float = 0.5,
    decay: float = 0.999,
) -> Experiment:
    """The margin and learning rate of the paper's search on MNIST, whose networks are perceptrons.

    Args:
      data: a source by name or path, see jgan.data.load.
      margin: m, the energy up to which fakes are pushed.
      pull: weight of the pull-away term; 0.1 in the paper.
      code: size of the autoencoder's code.
      body: of both networks; points always get perceptrons.
      width: channels of the outermost hidden layers; perceptrons are eight times as wide.
      lr: learning rate of both Adam optimizers.
      beta1: Adam's first decay.
      decay: of the generator's exponential average, from which samples are drawn.
    """
    source = load(data)
    generator = generator_for(source.shape, body=body, width=width)
    judge = autoencoder(code=code, body=body, width=width)
    game = ebgan(generator, judge, normal(100), margin=margin, pull=pull)
    adam = optax.adam(lr, b1=beta1)
    rule = averaged(alternating(game, {GENERATOR: adam, DISCRIMINATOR: adam}), decay)
    return Experiment(game, rule, source, steps=2000, claims=CLAIMS)
