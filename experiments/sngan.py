"""SNGAN: spectral normalisation on Fashion-MNIST (Miyato et al. 2018, arXiv 1802.05957).

jgan train experiments/sngan.py
"""

from typing import Literal

import optax

from jgan.claims.measures import modes, reverse_kl
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import pair, rematerialised, sngan_discriminator, sngan_generator
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment

RING = {"data": "ring", "lr": 1e-3}
CLAIMS = (
    Claim(
        "covers the ring's modes",
        modes,
        at_least=8,
        steps=6000,
        setting=RING,
        control={"norm": "none"},
    ),
    Claim(
        "covers them evenly (reverse KL)",
        reverse_kl,
        at_most=0.3,
        steps=6000,
        setting=RING,
        control={"norm": "none"},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    loss: str = "hinge",
    norm: Literal["spectral", "none"] = "spectral",
    network: Literal["dcgan", "resnet"] = "dcgan",
    width: int = 32,
    lr: float = 2e-4,
    beta1: float = 0.0,
    beta2: float = 0.9,
    discriminator_steps: int = 1,
    decay: float = 0.999,
    dtype: str = "float32",
    remat: bool = False,
) -> Experiment:
    """Hinge loss and spectral normalisation; ``--network resnet`` is the paper's for 32 and 64 pixels.

    Args:
      data: a source by name or path, see jgan.data.load.
      loss: a name in jgan.losses.LOSSES.
      norm: spectral, or none for the control.
      network: dcgan, or resnet (the full-size networks; their sides must be divisible by 8).
      width: channels of DCGAN's outermost hidden layers.
      lr: learning rate of both Adam optimizers.
      beta1: Adam's first decay.
      beta2: Adam's second decay.
      discriminator_steps: for each generator step; 5 in the paper.
      decay: of the generator's exponential average.
      dtype: of the networks' computation, float32 or bfloat16; the rest is float32.
      remat: compute activations twice instead of keeping them, for less memory.
    """
    source = load(data)
    if network == "resnet":
        generator = sngan_generator(source.shape, dtype=dtype)
        discriminator = sngan_discriminator(source.shape, norm=norm, dtype=dtype)
        if remat:
            generator, discriminator = rematerialised(generator), rematerialised(discriminator)
    else:
        generator, discriminator = pair(
            source.shape, width=width, discriminator_norm=norm, dtype=dtype, remat=remat
        )
    game = gan(generator, discriminator, get_loss(loss), normal(128))
    adam = optax.adam(lr, b1=beta1, b2=beta2)
    optimizers = {GENERATOR: adam, DISCRIMINATOR: adam}
    rule = alternating(game, optimizers, discriminator_steps=discriminator_steps)
    return Experiment(game, averaged(rule, decay), source, steps=2000, claims=CLAIMS)
