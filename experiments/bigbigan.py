"""BigBiGAN at small size: unary and joint scores (Donahue & Simonyan 2019, arXiv 1907.02544).

jgan train experiments/bigbigan.py
"""

from typing import Any, Literal

import optax

from jgan.claims.encoder_measures import reconstruction_ratio
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.bigbigan import bigbigan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks.heads import generator_for
from jgan.networks.joint import joint_discriminator, reparameterized
from jgan.networks.variational import encoder
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment

SMALL = {"latent": 10, "width": 16}
CLAIMS = (
    Claim(
        "reconstructions lie nearer than those of other garments (ratio of distances)",
        reconstruction_ratio,
        at_most=0.7,
        steps=800,
        setting=SMALL,
        control={"joint": "without"},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    loss: str = "hinge",
    unary: float = 1.0,
    joint: Literal["with", "without"] = "with",
    latent: int = 50,
    body: Literal["dcgan", "mlp"] = "mlp",
    width: int = 32,
    norm: str = "batch",
    judge_norm: str = "none",
    lr: float = 2e-4,
    generator_lr: float = 1e-3,
    beta1: float = 0.5,
    beta2: float = 0.999,
    decay: float = 0.999,
) -> Experiment:
    """Hinge loss and an encoder that draws, as in the paper, on perceptrons without spectral normalisation.

    Args:
      data: a source by name or path, see jgan.data.load.
      loss: of one score, a name in jgan.losses.LOSSES.
      unary: weight of the scores of the image alone and of the latent alone.
      joint: whether the joint score sees the latent; without, nothing ties the encoder to the generator.
      latent: dimensions of the latent N(0, I).
      body: of all networks; points always get perceptrons.
      width: channels of the outermost hidden layers; perceptrons are eight times as wide.
      norm: of the encoder.
      judge_norm: of the discriminator.
      lr: learning rate of the discriminator's Adam.
      generator_lr: learning rate of generator and encoder.
      beta1: Adam's first decay.
      beta2: Adam's second decay.
      decay: of the exponential average of generator and encoder.
    """
    source = load(data)
    options: dict[str, Any] = {"body": body, "width": width}
    judge = joint_discriminator(norm=judge_norm, unary=True, latent=joint == "with", **options)
    game = bigbigan(
        generator_for(source.shape, **options),
        reparameterized(encoder(latent, norm=norm, **options)),
        judge,
        get_loss(loss),
        normal(latent),
        unary=unary,
    )
    optimizers = {
        GENERATOR: optax.adam(generator_lr, b1=beta1, b2=beta2),
        DISCRIMINATOR: optax.adam(lr, b1=beta1, b2=beta2),
    }
    rule = averaged(alternating(game, optimizers), decay)
    return Experiment(game, rule, source, steps=800, claims=CLAIMS)
