"""Conditional GAN on Fashion-MNIST (Mirza & Osindero 2014, arXiv 1411.1784).

jgan train experiments/cgan.py
"""

from typing import Literal

import optax

from jgan.claims.class_measures import class_accuracy, classes_of
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.conditional import conditional
from jgan.latents import uniform
from jgan.losses import get_loss
from jgan.networks.conditional import labelled, unlabelled
from jgan.networks.heads import generator_for, heads
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
        control={"label": "none"},
    ),
    Claim(
        "an independent classifier sees the garment asked for",
        class_accuracy,
        at_least=0.75,
        steps=2000,
        setting=SMALL,
        control={"label": "none"},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    loss: str = "non_saturating",
    label: Literal["one-hot", "embedding", "none"] = "one-hot",
    body: Literal["dcgan", "mlp"] = "dcgan",
    width: int = 32,
    norm: str = "none",
    lr: float = 2e-4,
    beta1: float = 0.5,
    decay: float = 0.999,
) -> Experiment:
    """The label joined to the input of both networks, as in the paper; its networks are perceptrons.

    Args:
      data: a source with labels by name or path, see jgan.data.load.
      loss: a name in jgan.losses.LOSSES.
      label: one-hot vectors, a learned embedding of 16, or none for the control.
      body: of both networks; points always get perceptrons.
      width: channels of the outermost hidden layers; perceptrons are eight times as wide.
      norm: of the discriminator.
      lr: learning rate of both Adam optimizers.
      beta1: Adam's first decay.
      decay: of the generator's exponential average, from which samples are drawn.
    """
    source = load(data)
    classes = classes_of(source)
    generator = generator_for(source.shape, body=body, width=width)
    discriminator = heads({"logit": 1}, body=body, width=width, norm=norm)
    size = 16 if label == "embedding" else 0
    told = unlabelled if label == "none" else lambda network: labelled(network, classes, size)
    game = conditional(told(generator), told(discriminator), get_loss(loss), uniform(100))
    adam = optax.adam(lr, b1=beta1)
    rule = averaged(alternating(game, {GENERATOR: adam, DISCRIMINATOR: adam}), decay)
    return Experiment(game, rule, source, steps=2000, claims=CLAIMS)
