"""WGAN-GP on Fashion-MNIST (Gulrajani et al. 2017, arXiv 1704.00028).

jgan train experiments/wgan_gp.py
"""

import optax

from jgan.claims.measures import metric, reverse_kl
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import wasserstein
from jgan.networks import pair
from jgan.rules import alternating, averaged
from jgan.terms.penalties import wgan_gp
from jgan.training.experiment import Claim, Experiment

RING = {"data": "ring", "weight": 1.0, "lr": 1e-3}
CLAIMS = (
    Claim(
        "the critic's slope between data and samples is near 1",
        metric("discriminator/wgan_gp_norm", last=5),
        at_least=0.8,
        at_most=1.2,
        steps=4000,
        setting=RING,
        control={"weight": 0.0},
    ),
    Claim(
        "covers the ring evenly (reverse KL)",
        reverse_kl,
        at_most=0.4,
        steps=4000,
        setting=RING,
        control={"weight": 0.0},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    weight: float = 10.0,
    target: float = 1.0,
    width: int = 32,
    lr: float = 1e-4,
    beta1: float = 0.5,
    beta2: float = 0.9,
    discriminator_steps: int = 5,
    decay: float = 0.999,
    dtype: str = "float32",
    remat: bool = False,
) -> Experiment:
    """The authors' optimizer and penalty with DCGAN networks; the critic has no normalisation.

    Args:
      data: a source by name or path, see jgan.data.load.
      weight: of the gradient penalty, the paper's lambda (0.1 in its toys).
      target: the slope asked for; 0 is the zero-centred form.
      width: channels of the outermost hidden layers.
      lr: learning rate of both Adam optimizers.
      beta1: Adam's first decay.
      beta2: Adam's second decay.
      discriminator_steps: critic steps for each generator step.
      decay: of the generator's exponential average.
      dtype: of the networks' computation, float32 or bfloat16; the rest is float32.
      remat: compute activations twice instead of keeping them, for less memory.
    """
    source = load(data)
    networks = pair(source.shape, width=width, discriminator_norm="none", dtype=dtype, remat=remat)
    game = gan(*networks, wasserstein(), normal(100)).add(wgan_gp(weight, target))
    adam = optax.adam(lr, b1=beta1, b2=beta2)
    optimizers = {GENERATOR: adam, DISCRIMINATOR: adam}
    rule = alternating(game, optimizers, discriminator_steps=discriminator_steps)
    return Experiment(game, averaged(rule, decay), source, steps=2000, claims=CLAIMS)
