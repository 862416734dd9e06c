"""WGAN with weight clipping on Fashion-MNIST (Arjovsky, Chintala & Bottou 2017, arXiv 1701.07875).

jgan train experiments/wgan.py
"""

import optax

from jgan import PLAYERS, Claim, Dataset, Experiment, NetworkPair, gan, normal, wasserstein
from jgan.claims.measures import metric
from jgan.game import with_weight_clipping
from jgan.rules import alternating, averaged

CLAIMS = (
    Claim(
        "the critic's gap stays bounded, |loss|",
        lambda trained: abs(metric("discriminator/loss", last=5)(trained)),
        at_most=1.0,
        steps=2000,
        setting={"data": "ring", "lr": 5e-4, "clip": 0.05},
        control={"clip": None},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    clip: float | None = 0.01,
    pair: NetworkPair = NetworkPair(),
    lr: float = 5e-5,
    discriminator_steps: int = 5,
    decay: float = 0.999,
) -> Experiment:
    """The authors' RMSProp and clipping. Their critic takes 100 steps at first; here always the same.

    Args:
      clip: Bound of every weight of the critic; none leaves it free.
      lr: Learning rate of both RMSProp optimizers.
      discriminator_steps: Steps of the critic for each step of the generator.
      decay: Decay rate of the exponential average of the generator's variables, from which samples are drawn.
    """
    source = data.load()
    game = gan(*pair.networks(source), wasserstein(), normal(100))
    if clip is not None:
        game = with_weight_clipping(game, clip)
    optimizers = dict.fromkeys(PLAYERS, optax.rmsprop(lr, decay=0.99, eps_in_sqrt=False))
    rule = alternating(game, optimizers, discriminator_steps=discriminator_steps)
    return Experiment(game, averaged(rule, decay), source, steps=2000, claims=CLAIMS)
