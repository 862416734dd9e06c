"""WGAN with weight clipping on Fashion-MNIST (Arjovsky, Chintala & Bottou 2017, arXiv 1701.07875).

jgan train experiments/wgan.py
"""

import optax

from jgan.claims.measures import metric
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR, with_weight_clipping
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import wasserstein
from jgan.networks import pair
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment

RING = {"data": "ring", "lr": 5e-4, "clip": 0.05}
CLAIMS = (
    Claim(
        "the critic's gap stays bounded, |loss|",
        lambda trained: abs(metric("discriminator/loss", last=5)(trained)),
        at_most=1.0,
        steps=2000,
        setting=RING,
        control={"clip": None},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    clip: float | None = 0.01,
    width: int = 32,
    lr: float = 5e-5,
    discriminator_steps: int = 5,
    decay: float = 0.999,
    dtype: str = "float32",
    remat: bool = False,
) -> Experiment:
    """The authors' RMSProp and clipping. Their critic takes 100 steps at first; here always the same.

    Args:
      data: a source by name or path, see jgan.data.load.
      clip: bound of every weight of the critic; none leaves it free.
      width: channels of the outermost hidden layers.
      lr: learning rate of both RMSProp optimizers.
      discriminator_steps: critic steps for each generator step.
      decay: of the generator's exponential average.
      dtype: of the networks' computation, float32 or bfloat16; the rest is float32.
      remat: compute activations twice instead of keeping them, for less memory.
    """
    source = load(data)
    networks = pair(source.shape, width=width, dtype=dtype, remat=remat)
    game = gan(*networks, wasserstein(), normal(100))
    if clip is not None:
        game = with_weight_clipping(game, clip)
    rmsprop = optax.rmsprop(lr, decay=0.99, eps_in_sqrt=False)
    optimizers = {GENERATOR: rmsprop, DISCRIMINATOR: rmsprop}
    rule = alternating(game, optimizers, discriminator_steps=discriminator_steps)
    return Experiment(game, averaged(rule, decay), source, steps=2000, claims=CLAIMS)
