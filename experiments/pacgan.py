"""PacGAN: the discriminator judges several examples at once (Lin et al. 2018, arXiv 1712.04086).

jgan train experiments/pacgan.py --data ring
"""

import optax

from jgan.claims.measures import modes, reverse_kl
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.gan import gan
from jgan.gans.packing import packed
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import pair
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment

RING = {"data": "ring", "lr": 1e-3, "packing": 4}
CLAIMS = (
    Claim(
        "covers the ring's modes",
        modes,
        at_least=8,
        steps=6000,
        setting=RING,
        control={"packing": 1},
    ),
    Claim(
        "covers them evenly (reverse KL)",
        reverse_kl,
        at_most=0.3,
        steps=6000,
        setting=RING,
        control={"packing": 1},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    packing: int = 2,
    loss: str = "non_saturating",
    width: int = 32,
    lr: float = 2e-4,
    beta1: float = 0.5,
    decay: float = 0.999,
) -> Experiment:
    """A plain GAN whose discriminator sees packs of examples, all real or all fake.

    Args:
      data: a source by name or path, see jgan.data.load.
      packing: examples in a pack; it must divide the batch of 64.
      loss: a name in jgan.losses.LOSSES.
      width: channels of the outermost hidden layers.
      lr: learning rate of both Adam optimizers.
      beta1: Adam's first decay.
      decay: of the generator's exponential average, from which samples are drawn.
    """
    source = load(data)
    generator, discriminator = pair(source.shape, width=width)
    plain = gan(generator, discriminator, get_loss(loss), normal(100))
    game = packed(plain, packing)
    adam = optax.adam(lr, b1=beta1)
    rule = alternating(game, {GENERATOR: adam, DISCRIMINATOR: adam})
    return Experiment(game, averaged(rule, decay), source, steps=2000, claims=CLAIMS)
