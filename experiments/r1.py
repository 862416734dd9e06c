"""R1: which GAN training methods do actually converge? (Mescheder et al. 2018, arXiv 1801.04406).

jgan train experiments/r1.py
"""

from typing import Literal

from jgan import (
    Adam,
    Claim,
    Dataset,
    DiscriminatorAugmentation,
    Experiment,
    NetworkPair,
    gan,
    non_saturating,
    normal,
)
from jgan.claims.measures import metric
from jgan.claims.shared import SETTLING, SETTLING_STEPS, covers_ring
from jgan.terms.penalties import lazy, r1, r2

RING = {**SETTLING, "gamma": 0.5, "latent": 2}
PLAIN = {"gamma": 0.0}
CLAIMS = (
    covers_ring(setting=RING, control=PLAIN, steps=SETTLING_STEPS)._replace(
        rivals={"R2": {"penalty": "r2"}}
    ),
    Claim(
        "ends near equilibrium: D's loss is 2 log 2 = 1.386",
        metric("discriminator/loss", last=5),
        PLAIN,
        at_least=1.35,
        at_most=1.42,
        setting={"data": "ring", **RING},
        steps=SETTLING_STEPS,
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    penalty: Literal["r1", "r2"] = "r1",
    gamma: float = 10.0,
    every: int = 1,
    latent: int = 100,
    pair: NetworkPair = NetworkPair(),
    augmentation: DiscriminatorAugmentation = DiscriminatorAugmentation(),
    adam: Adam = Adam(beta1=0.0, beta2=0.9),
) -> Experiment:
    """Non-saturating loss with R1 = gamma/2 E|grad D|^2 on real examples, no normalisation in D.

    The paper's images use RMSProp 1e-4, and its code's weight of 10 is gamma = 20 here.

    Args:
      penalty: Gradient penalty on the real examples, or R2 on the fakes.
      gamma: Strength of the penalty.
      every: Steps between lazy applications of the penalty; 16 in StyleGAN2.
      latent: Dimension of the standard normal latents.
    """
    source = data.load()
    networks = pair.networks(source, discriminator_norm="none")
    term = {"r1": r1, "r2": r2}[penalty](gamma)
    if every != 1:
        term = lazy(term, every)
    game = gan(*networks, non_saturating(), normal(latent)).add(term)
    game = augmentation.applied(game, source)
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
