"""Creative adversarial network: garments of no known kind (Elgammal et al. 2017, arXiv 1706.07068).

jgan train experiments/can.py
"""

from typing import Literal

import optax

from jgan.claims.class_measures import classes_of
from jgan.claims.measures import metric
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.can import Ambiguity, can
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks.heads import generator_for, heads
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment

SMALL = {"body": "mlp", "width": 16, "weight": 3.0}
CLAIMS = (
    Claim(
        "the discriminator cannot name a sample's kind (entropy, share of log K)",
        metric("generator/entropy", last=3),
        at_least=0.9,
        steps=1000,
        setting=SMALL,
        control={"weight": 0.0},
    ),
    Claim(
        "while it names that of a real garment",
        metric("discriminator/class_accuracy", last=3),
        at_least=0.8,
        steps=1000,
        setting=SMALL,
        control={"styles": 0.0},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    loss: str = "non_saturating",
    weight: float = 1.0,
    styles: float = 1.0,
    kind: Ambiguity = "binary",
    body: Literal["dcgan", "mlp"] = "dcgan",
    width: int = 32,
    norm: str = "none",
    lr: float = 2e-4,
    generator_lr: float = 1e-3,
    beta1: float = 0.5,
    decay: float = 0.999,
) -> Experiment:
    """Kinds of garments in the place of the paper's 25 styles of paintings.

    Args:
      data: a source with labels by name or path, see jgan.data.load.
      loss: a name in jgan.losses.LOSSES.
      weight: of the ambiguity in the generator's loss.
      styles: of the classification in the discriminator's loss.
      kind: of ambiguity: the paper's, or the cross-entropy of the uniform distribution.
      body: of both networks; points always get perceptrons.
      width: channels of the outermost hidden layers; perceptrons are eight times as wide.
      norm: of the discriminator.
      lr: learning rate of the discriminator's Adam.
      generator_lr: learning rate of the generator's.
      beta1: Adam's first decay.
      decay: of the generator's exponential average, from which samples are drawn.
    """
    source = load(data)
    generator = generator_for(source.shape, body=body, width=width)
    outputs = {"logit": 1, "class": classes_of(source)}
    discriminator = heads(outputs, body=body, width=width, norm=norm)
    game = can(
        generator,
        discriminator,
        get_loss(loss),
        normal(100),
        weight=weight,
        styles=styles,
        kind=kind,
    )
    optimizers = {
        GENERATOR: optax.adam(generator_lr, b1=beta1),
        DISCRIMINATOR: optax.adam(lr, b1=beta1),
    }
    rule = averaged(alternating(game, optimizers), decay)
    return Experiment(game, rule, source, steps=1000, claims=CLAIMS)
