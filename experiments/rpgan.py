"""RpGAN with R1 and R2, the loss of R3GAN (Huang et al. 2024, arXiv 2501.05441).

jgan train experiments/rpgan.py
"""

from jgan import Adam, Dataset, Experiment, NetworkPair, gan, get_loss, normal
from jgan.claims.shared import covers_ring
from jgan.terms.penalties import r1_r2

RING = {"data": "ring", "gamma": 0.1, "lr": 1e-3}
CLAIMS = covers_ring(steps=6000, setting=RING, control={"gamma": 0.0})


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "relativistic",
    gamma: float = 2.0,
    pair: NetworkPair = NetworkPair(),
    adam: Adam = Adam(beta1=0.0, beta2=0.9),
) -> Experiment:
    """Relativistic pairing with R1 and R2 at the same gamma, on DCGAN networks without norm in D.

    The paper anneals gamma, beta2 and the learning rate; here they stay.

    Args:
      loss: Name of the loss, relativistic or for the ablation another of jgan.losses.LOSSES.
      gamma: Strength of R1 and of R2.
    """
    source = data.load()
    networks = pair.networks(source, discriminator_norm="none")
    game = gan(*networks, get_loss(loss), normal(100)).add(r1_r2(gamma))
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
