"""BiGAN and ALI (Donahue et al. 2017, arXiv 1605.09782; Dumoulin et al. 2017, arXiv 1606.00704).

jgan train experiments/bigan.py
"""

from typing import Any, Literal

import optax

from jgan.claims.encoder_measures import neighbour_accuracy, reconstruction_ratio
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.bigan import bigan
from jgan.latents import normal, uniform
from jgan.losses import get_loss
from jgan.networks.combined import answer_of
from jgan.networks.heads import generator_for, heads
from jgan.networks.joint import joint_discriminator, reparameterized
from jgan.networks.variational import encoder as gaussian_encoder
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment

SMALL = {"latent": 10}
CLAIMS = (
    Claim(
        "reconstructions lie nearer than those of other garments (ratio of distances)",
        reconstruction_ratio,
        at_most=0.7,
        steps=1200,
        setting=SMALL,
        control={"judged": "image"},
    ),
    Claim(
        "ten numbers keep the class (accuracy of the nearest neighbour by codes)",
        neighbour_accuracy,
        at_least=0.65,
        steps=1200,
        setting=SMALL,
        control={"judged": "image"},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    loss: str = "non_saturating",
    encoder: Literal["point", "gaussian"] = "point",
    judged: Literal["pair", "image"] = "pair",
    latent: int = 50,
    prior: Literal["uniform", "normal"] = "uniform",
    body: Literal["dcgan", "mlp"] = "mlp",
    width: int = 32,
    norm: str = "batch",
    judge_norm: str = "none",
    lr: float = 2e-4,
    generator_lr: float = 2e-4,
    beta1: float = 0.5,
    decay: float = 0.999,
) -> Experiment:
    """Perceptrons and u-50 noise as in BiGAN's permutation-invariant MNIST, a quarter as wide.

    Args:
      data: a source by name or path, see jgan.data.load.
      loss: a name in jgan.losses.LOSSES.
      encoder: BiGAN's gives a point, ALI's draws from a Gaussian that it gives.
      judged: what the discriminator sees; with images alone nothing teaches the encoder.
      latent: dimensions of the latent.
      prior: U(-1, 1), or N(0, 1).
      body: of all networks; points always get perceptrons.
      width: channels of the outermost hidden layers; perceptrons are eight times as wide.
      norm: of the encoder.
      judge_norm: of the discriminator.
      lr: learning rate of the discriminator's Adam.
      generator_lr: learning rate of generator and encoder.
      beta1: Adam's first decay.
      decay: of the exponential average of generator and encoder.
    """
    source = load(data)
    generator = generator_for(source.shape, body=body, width=width)
    options: dict[str, Any] = {"body": body, "width": width, "norm": norm}
    if encoder == "gaussian":
        inverse = reparameterized(gaussian_encoder(latent, **options))
    else:
        inverse = answer_of(heads({"code": latent}, **options), "code")
    judge = joint_discriminator(body=body, width=width, norm=judge_norm, latent=judged == "pair")
    noise = uniform(latent) if prior == "uniform" else normal(latent)
    game = bigan(generator, inverse, judge, get_loss(loss), noise)
    optimizers = {
        GENERATOR: optax.adam(generator_lr, b1=beta1),
        DISCRIMINATOR: optax.adam(lr, b1=beta1),
    }
    rule = averaged(alternating(game, optimizers), decay)
    return Experiment(game, rule, source, steps=1500, claims=CLAIMS)
