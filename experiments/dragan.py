"""DRAGAN on Fashion-MNIST: slopes near the data (Kodali et al. 2017, arXiv 1705.07215).

jgan train experiments/dragan.py
"""

from functools import partial

from jgan import Adam, Claim, Dataset, Experiment, NetworkPair, gan, non_saturating, normal
from jgan.claims.measures import metric, modes
from jgan.terms.penalties import dragan

RING = {"data": "ring", "weight": 1.0, "lr": 1e-3, "beta1": 0.0}
claim = partial(Claim, steps=9000, setting=RING, control={"weight": 0.0})
CLAIMS = (
    claim(
        "the discriminator's slope around the data is near 1",
        metric("discriminator/dragan_norm", last=5),
        at_least=0.8,
        at_most=1.2,
    ),
    claim("covers the ring's modes", modes, at_least=8),
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
