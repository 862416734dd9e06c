"""DRAGAN on Fashion-MNIST: slopes near the data (Kodali et al. 2017, arXiv 1705.07215).

jgan train experiments/dragan.py
"""

from jgan import Adam, Claim, Dataset, Experiment, NetworkPair, gan, non_saturating, normal
from jgan.claims.measures import metric
from jgan.claims.shared import SETTLING, SETTLING_STEPS, covers_ring
from jgan.terms.penalties import dragan

RING = {**SETTLING, "weight": 1.0, "latent": 2}
PLAIN = {"weight": 0.0}
CLAIMS = (
    covers_ring(setting=RING, control=PLAIN, steps=SETTLING_STEPS),
    Claim(
        "the discriminator's slope around the data is near 1",
        metric("discriminator/dragan_norm", last=5),
        PLAIN,
        at_least=0.8,
        at_most=1.2,
        setting={"data": "ring", **RING},
        steps=SETTLING_STEPS,
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    weight: float = 10.0,
    sigma: float | None = None,
    latent: int = 100,
    pair: NetworkPair = NetworkPair(),
    adam: Adam = Adam(lr=1e-4, beta2=0.9),
) -> Experiment:
    """The authors' optimizer and perturbation with DCGAN networks, no normalisation in D.

    Args:
      weight: Weight of the penalty, the paper's lambda.
      sigma: Deviation of the paper's Gaussian perturbation; none follows the authors' code.
      latent: Dimension of the standard normal latents.
    """
    source = data.load()
    networks = pair.networks(source, discriminator_norm="none")
    game = gan(*networks, non_saturating(), normal(latent)).add(dragan(weight, sigma))
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
