"""DRAGAN on Fashion-MNIST: slopes near the data (Kodali et al. 2017, arXiv 1705.07215).

jgan train experiments/dragan.py
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
from jgan.terms.penalties import dragan
from jgan.training.experiment import Claim, Experiment

RING = {"data": "ring", "weight": 1.0, "lr": 1e-3, "beta1": 0.0}
CLAIMS = (
    Claim(
        "the discriminator's slope around the data is near 1",
        metric("discriminator/dragan_norm", last=5),
        at_least=0.8,
        at_most=1.2,
        steps=9000,
        setting=RING,
        control={"weight": 0.0},
    ),
    Claim(
        "covers the ring's modes",
        modes,
        at_least=8,
        steps=9000,
        setting=RING,
        control={"weight": 0.0},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    weight: float = 10.0,
    sigma: float | None = None,
    width: int = 32,
    lr: float = 1e-4,
    beta1: float = 0.5,
    beta2: float = 0.9,
    decay: float = 0.999,
    dtype: str = "float32",
    remat: bool = False,
) -> Experiment:
    """The authors' optimizer and perturbation with DCGAN networks, no normalisation in D.

    Args:
      data: a source by name or path, see jgan.data.load.
      weight: of the penalty, the paper's lambda.
      sigma: of the paper's Gaussian perturbation; none follows the authors' code.
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
    game = gan(*networks, non_saturating(), normal(100)).add(dragan(weight, sigma))
    adam = optax.adam(lr, b1=beta1, b2=beta2)
    rule = alternating(game, {GENERATOR: adam, DISCRIMINATOR: adam})
    return Experiment(game, averaged(rule, decay), source, steps=2000, claims=CLAIMS)
