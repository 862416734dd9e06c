"""RpGAN with R1 and R2, the loss of R3GAN (Huang et al. 2024, arXiv 2501.05441).

jgan train experiments/rpgan.py
"""

import optax

from jgan.claims.measures import modes, reverse_kl
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import pair
from jgan.rules import alternating, averaged
from jgan.terms.penalties import r1_r2
from jgan.training.experiment import Claim, Experiment

RING = {"data": "ring", "gamma": 0.1, "lr": 1e-3}
CLAIMS = (
    Claim(
        "covers the ring's modes",
        modes,
        at_least=8,
        steps=6000,
        setting=RING,
        control={"gamma": 0.0},
    ),
    Claim(
        "covers them evenly (reverse KL)",
        reverse_kl,
        at_most=0.3,
        steps=6000,
        setting=RING,
        control={"gamma": 0.0},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    loss: str = "relativistic",
    gamma: float = 2.0,
    width: int = 32,
    lr: float = 2e-4,
    beta1: float = 0.0,
    beta2: float = 0.9,
    decay: float = 0.999,
    dtype: str = "float32",
    remat: bool = False,
) -> Experiment:
    """Relativistic pairing with R1 and R2 at the same gamma, on DCGAN networks without norm in D.

    The paper anneals gamma, beta2 and the learning rate; here they stay.

    Args:
      data: a source by name or path, see jgan.data.load.
      loss: relativistic, or another name in jgan.losses.LOSSES for the ablation.
      gamma: strength of R1 and of R2.
      width: channels of the outermost hidden layers.
      lr: learning rate of both Adam optimizers.
      beta1: Adam's first decay.
      beta2: Adam's second decay.
      decay: of the generator's exponential average.
      dtype: of the networks' computation, float32 or bfloat16; the rest is float32.
      remat: compute activations twice instead of keeping them, for less memory.
    """
    source = load(data)
    networks = pair(source.shape, width=width, discriminator_norm="none", dtype=dtype, remat=remat)
    game = gan(*networks, get_loss(loss), normal(100)).add(r1_r2(gamma))
    adam = optax.adam(lr, b1=beta1, b2=beta2)
    rule = alternating(game, {GENERATOR: adam, DISCRIMINATOR: adam})
    return Experiment(game, averaged(rule, decay), source, steps=2000, claims=CLAIMS)
