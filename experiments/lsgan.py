"""LSGAN on Fashion-MNIST: least squares do not saturate (Mao et al. 2017, arXiv 1611.04076).

jgan train experiments/lsgan.py
"""

import optax

from jgan.claims.measures import image_distance
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.gan import gan
from jgan.latents import uniform
from jgan.losses import get_loss, least_squares
from jgan.networks import pair
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment

CLAIMS = (
    Claim(
        "learns from a discriminator that is far ahead",
        image_distance,
        at_most=8.0,
        steps=300,
        setting={"discriminator_steps": 3},
        control={"loss": "minimax"},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    loss: str = "least_squares",
    a: float = 0.0,
    b: float = 1.0,
    c: float = 1.0,
    width: int = 32,
    lr: float = 2e-4,
    beta1: float = 0.5,
    discriminator_steps: int = 1,
    decay: float = 0.999,
    dtype: str = "float32",
    remat: bool = False,
) -> Experiment:
    """DCGAN networks; the settings of compare_gan's LSGAN, but the least squares act on logits.

    Args:
      data: a source by name or path, see jgan.data.load.
      loss: least_squares, or another name in jgan.losses.LOSSES for comparison.
      a: target for fakes.
      b: target for real examples.
      c: what the generator wants its fakes to be taken for.
      width: channels of the outermost hidden layers.
      lr: learning rate of both Adam optimizers.
      beta1: Adam's first decay.
      discriminator_steps: for each generator step.
      decay: of the generator's exponential average.
      dtype: of the networks' computation, float32 or bfloat16; the rest is float32.
      remat: compute activations twice instead of keeping them, for less memory.
    """
    source = load(data)
    chosen = least_squares(a, b, c) if loss == "least_squares" else get_loss(loss)
    networks = pair(source.shape, width=width, dtype=dtype, remat=remat)
    game = gan(*networks, chosen, uniform(100))
    adam = optax.adam(lr, b1=beta1)
    optimizers = {GENERATOR: adam, DISCRIMINATOR: adam}
    rule = alternating(game, optimizers, discriminator_steps=discriminator_steps)
    return Experiment(game, averaged(rule, decay), source, steps=2000, claims=CLAIMS)
