"""DCGAN on Fashion-MNIST (Radford, Metz & Chintala 2016, arXiv 1511.06434).

jgan train experiments/dcgan.py
"""

import optax

from jgan.claims.measures import image_distance
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.gan import gan
from jgan.latents import uniform
from jgan.losses import get_loss
from jgan.networks import pair
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment

CLAIMS = (
    Claim(
        "samples lie near the garments (random-feature distance)",
        image_distance,
        at_most=2.0,
        steps=600,
        control={"norm": "none"},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    loss: str = "non_saturating",
    width: int = 32,
    norm: str = "auto",
    lr: float = 2e-4,
    beta1: float = 0.5,
    decay: float = 0.999,
    dtype: str = "float32",
    remat: bool = False,
) -> Experiment:
    """The paper's networks, initialisation and optimizer, a quarter as wide; batches of 64, not 128.

    Args:
      data: a source by name or path, see jgan.data.load.
      loss: a name in jgan.losses.LOSSES.
      width: channels of the outermost hidden layers; 128 in the paper.
      norm: batch, layer, spectral or none, in both networks; auto is batch for images and none for points.
      lr: learning rate of both Adam optimizers.
      beta1: Adam's first decay.
      decay: of the generator's exponential average, from which samples are drawn.
      dtype: of the networks' computation, float32 or bfloat16; the rest is float32.
      remat: compute activations twice instead of keeping them, for less memory.
    """
    source = load(data)
    networks = pair(
        source.shape,
        width=width,
        generator_norm=norm,
        discriminator_norm=norm,
        dtype=dtype,
        remat=remat,
    )
    game = gan(*networks, get_loss(loss), uniform(100))
    adam = optax.adam(lr, b1=beta1)
    rule = averaged(alternating(game, {GENERATOR: adam, DISCRIMINATOR: adam}), decay)
    return Experiment(game, rule, source, steps=2000, claims=CLAIMS)
