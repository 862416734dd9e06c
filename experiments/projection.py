"""Projection discriminator and conditional batch normalisation (Miyato & Koyama 2018, arXiv 1802.05637).

jgan train experiments/projection.py
"""

from typing import Literal

import optax

from jgan.claims.class_measures import class_accuracy, classes_of, spread_within_classes
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.acgan import acgan
from jgan.gans.conditional import conditional
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks.conditional import (
    conditional_generator,
    labelled,
    projection_discriminator,
    unlabelled,
)
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
        control={"discriminator": "none"},
    ),
    Claim(
        "an independent classifier sees the garment asked for",
        class_accuracy,
        at_least=0.75,
        steps=1500,
        setting=SMALL,
        control={"discriminator": "none"},
    ),
    Claim(
        "samples vary within their class more than AC-GAN's (share of the data's variance)",
        spread_within_classes,
        at_least=0.7,
        steps=1500,
        setting=SMALL,
        control={"discriminator": "auxiliary"},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    loss: str = "hinge",
    discriminator: Literal["projection", "concatenation", "auxiliary", "none"] = "projection",
    body: Literal["dcgan", "mlp"] = "dcgan",
    width: int = 32,
    norm: str = "spectral",
    lr: float = 2e-4,
    beta1: float = 0.0,
    beta2: float = 0.9,
    decay: float = 0.999,
) -> Experiment:
    """Hinge loss, spectral normalisation, and the label by projection; the paper's are residual networks.

    Args:
      data: a source with labels by name or path, see jgan.data.load.
      loss: a name in jgan.losses.LOSSES.
      discriminator: how it uses the label: by projection, joined to the image, as a class to be told
        (AC-GAN's auxiliary classifier), or not at all.
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
    trunk = heads({"logit": 1, "class": classes}, body=body, width=width, norm=norm)
    judges = {
        "projection": projection_discriminator(classes, body=body, width=width, norm=norm),
        "concatenation": labelled(trunk, classes),
        "none": unlabelled(trunk),
    }
    if discriminator == "auxiliary":
        game = acgan(generator, trunk, get_loss(loss), normal(128))
    else:
        game = conditional(generator, judges[discriminator], get_loss(loss), normal(128))
    adam = optax.adam(lr, b1=beta1, b2=beta2)
    rule = averaged(alternating(game, {GENERATOR: adam, DISCRIMINATOR: adam}), decay)
    return Experiment(game, rule, source, steps=2000, claims=CLAIMS)
