"""R1: which GAN training methods do actually converge? (Mescheder et al. 2018, arXiv 1801.04406).

jgan train experiments/r1.py
"""

import optax

from jgan.claims.measures import metric, modes
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import pair
from jgan.rules import alternating, averaged
from jgan.terms.penalties import lazy, r1
from jgan.training.experiment import Claim, Experiment

RING = {"data": "ring", "gamma": 0.5, "lr": 1e-3}
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
        "ends near equilibrium: D's loss is 2 log 2 = 1.386",
        metric("discriminator/loss", last=5),
        at_least=1.2,
        at_most=1.45,
        steps=6000,
        setting=RING,
        control={"gamma": 0.0},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    gamma: float = 10.0,
    every: int = 1,
    width: int = 32,
    lr: float = 2e-4,
    beta1: float = 0.0,
    beta2: float = 0.9,
    decay: float = 0.999,
    dtype: str = "float32",
    remat: bool = False,
) -> Experiment:
    """Non-saturating loss with R1 = gamma/2 E|grad D|^2 on real examples, no normalisation in D.

    The paper's images use RMSProp 1e-4, and its code's weight of 10 is gamma = 20 here.

    Args:
      data: a source by name or path, see jgan.data.load.
      gamma: strength of R1.
      every: steps between lazy applications of R1; 16 in StyleGAN2.
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
    penalty = lazy(r1(gamma), every) if every != 1 else r1(gamma)
    game = gan(*networks, non_saturating(), normal(100)).add(penalty)
    adam = optax.adam(lr, b1=beta1, b2=beta2)
    rule = alternating(game, {GENERATOR: adam, DISCRIMINATOR: adam})
    return Experiment(game, averaged(rule, decay), source, steps=2000, claims=CLAIMS)
