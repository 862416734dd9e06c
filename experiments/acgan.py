"""AC-GAN: an auxiliary classifier in the discriminator (Odena, Olah & Shlens 2017, arXiv 1610.09585).

jgan train experiments/acgan.py
"""

from typing import Literal

import optax

from jgan.claims.class_measures import class_accuracy, classes_of
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.acgan import acgan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks.conditional import conditional_generator
from jgan.networks.heads import heads
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment

RING = {"data": "ring", "lr": 1e-3, "width": 16}
SMALL = {"body": "mlp", "lr": 5e-4, "width": 16}
CLAIMS = (
    Claim(
        "samples on the ring lie at the mode asked for",
        class_accuracy,
        at_least=0.95,
        steps=4000,
        setting=RING,
        control={"weight": 0.0},
    ),
    Claim(
        "an independent classifier sees the garment asked for",
        class_accuracy,
        at_least=0.95,
        steps=1500,
        setting=SMALL,
        control={"weight": 0.0},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    loss: str = "hinge",
    weight: float = 1.0,
    body: Literal["dcgan", "mlp"] = "dcgan",
    width: int = 32,
    norm: str = "spectral",
    lr: float = 2e-4,
    beta1: float = 0.0,
    beta2: float = 0.9,
    decay: float = 0.999,
) -> Experiment:
    """One pair of networks for all classes, not a hundred for ten each, and today's loss and norms.

    The paper has the non-saturating loss, Adam 2e-4 with beta1 0.5 and the label joined to the latent.

    Args:
      data: a source with labels by name or path, see jgan.data.load.
      loss: a name in jgan.losses.LOSSES.
      weight: of the classification in the generator's loss; the discriminator always learns classes.
      body: of both networks; points always get perceptrons.
      width: channels of the outermost hidden layers; perceptrons are eight times as wide.
      norm: of the discriminator.
      lr: learning rate of both Adam optimizers.
      beta1: Adam's first decay.
      beta2: Adam's second decay.
      decay: of the generator's exponential average, from which samples are drawn.
    """
    source = load(data)
    classes = classes_of(source)
    generator = conditional_generator(source.shape, classes, body=body, width=width)
    discriminator = heads({"logit": 1, "class": classes}, body=body, width=width, norm=norm)
    game = acgan(generator, discriminator, get_loss(loss), normal(128), generator_weight=weight)
    adam = optax.adam(lr, b1=beta1, b2=beta2)
    rule = averaged(alternating(game, {GENERATOR: adam, DISCRIMINATOR: adam}), decay)
    return Experiment(game, rule, source, steps=2000, claims=CLAIMS)
