"""InfoGAN: interpretable codes by mutual information (Chen et al. 2016, arXiv 1606.03657).

jgan train experiments/infogan.py
"""

from typing import Literal

import optax

from jgan.claims.class_measures import code_error
from jgan.claims.measures import metric
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.infogan import Codes, infogan
from jgan.losses import get_loss
from jgan.networks.heads import generator_for, heads
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment

CLAIMS = (
    Claim(
        "the categorical code is known from the image: bound in nats, of log 10 = 2.303",
        metric("discriminator/bound", last=3),
        at_least=2.2,
        steps=1000,
        setting={"body": "mlp", "width": 16},
        control={"information": 0.0},
    ),
    Claim(
        "the code names the class (share wrong under the best assignment)",
        code_error(10),
        at_most=0.5,
        steps=1000,
        setting={"body": "mlp", "width": 16},
        control={"information": 0.0},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    loss: str = "non_saturating",
    information: float = 1.0,
    categories: int = 10,
    continuous: int = 2,
    noise: int = 62,
    body: Literal["dcgan", "mlp"] = "dcgan",
    width: int = 32,
    norm: str = "none",
    lr: float = 2e-4,
    generator_lr: float = 1e-3,
    beta1: float = 0.5,
    decay: float = 0.999,
) -> Experiment:
    """Codes, Q's head and learning rates of the authors' MNIST experiment.

    Args:
      data: a source by name or path, see jgan.data.load.
      loss: a name in jgan.losses.LOSSES.
      information: lambda of the generator; Q always learns to read the codes.
      categories: of the categorical code.
      continuous: number of codes U(-1, 1).
      noise: dimensions of the rest of the latent.
      body: of both networks; points always get perceptrons.
      width: channels of the outermost hidden layers; perceptrons are eight times as wide.
      norm: of the discriminator.
      lr: learning rate of the discriminator's Adam, with which Q moves.
      generator_lr: learning rate of the generator's.
      beta1: Adam's first decay.
      decay: of the generator's exponential average, from which samples are drawn.
    """
    source = load(data)
    codes = Codes(categories, continuous, noise)
    outputs = {"logit": 1, "code": categories + continuous}
    discriminator = heads(outputs, body=body, width=width, norm=norm, hidden=128)
    generator = generator_for(source.shape, body=body, width=width)
    game = infogan(generator, discriminator, get_loss(loss), codes, weight=information)
    optimizers = {
        GENERATOR: optax.adam(generator_lr, b1=beta1),
        DISCRIMINATOR: optax.adam(lr, b1=beta1),
    }
    rule = averaged(alternating(game, optimizers), decay)
    return Experiment(game, rule, source, steps=2000, claims=CLAIMS)
