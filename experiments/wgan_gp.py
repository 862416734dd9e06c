"""WGAN-GP on Fashion-MNIST (Gulrajani et al. 2017, arXiv 1704.00028).

jgan train experiments/wgan_gp.py
"""

import optax

from jgan import (
    Adam,
    Claim,
    Dataset,
    Experiment,
    NetworkPair,
    alternating,
    averaged,
    gan,
    normal,
    wasserstein,
    wgan_gp,
)
from jgan.claims.measures import metric
from jgan.game import DISCRIMINATOR

CLAIMS = (
    Claim(
        "the critic's slope between data and samples is near 1",
        metric("discriminator/wgan_gp_norm", last=5),
        {"weight": 0.0},
        at_least=0.8,
        at_most=1.2,
        steps=4000,
        setting={"data": "ring", "weight": 1.0, "lr": 1e-3},
        rivals={"weight decay": {"weight": 0.0, "weight_decay": 1e-3}},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    weight: float = 10.0,
    target: float = 1.0,
    weight_decay: float = 0.0,
    latent: int = 100,
    pair: NetworkPair = NetworkPair(),
    adam: Adam = Adam(lr=1e-4, beta2=0.9),
    discriminator_steps: int = 5,
) -> Experiment:
    """The authors' optimizer and penalty with DCGAN networks; the critic has no normalisation.

    Args:
      weight: Weight of the gradient penalty, the paper's lambda (0.1 in its toys).
      target: Slope that the penalty pulls to; 0 is the zero-centred form.
      weight_decay: Factor of the critic's weights that is added to their gradient, as L2 regularisation does.
      discriminator_steps: Steps of the critic for each step of the generator.
      latent: Dimension of the standard normal latents.
    """
    source = data.load()
    networks = pair.networks(source, discriminator_norm="none")
    game = gan(*networks, wasserstein(), normal(latent)).add(wgan_gp(weight, target))
    optimizers = adam.optimizers()
    if weight_decay:
        decayed = optax.add_decayed_weights(weight_decay), optimizers[DISCRIMINATOR]
        optimizers[DISCRIMINATOR] = optax.chain(*decayed)
    rule = alternating(game, optimizers, discriminator_steps=discriminator_steps)
    rule = averaged(rule, adam.decay)
    return Experiment(game, rule, source, steps=2000, claims=CLAIMS)
