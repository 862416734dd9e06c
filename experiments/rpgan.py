"""RpGAN with R1 and R2, the loss of R3GAN (Huang et al. 2024, arXiv 2501.05441).

jgan train experiments/rpgan.py
"""

from jgan import Adam, Dataset, Experiment, NetworkPair, gan, get_loss, normal
from jgan.claims.shared import SETTLING, SETTLING_STEPS, covers_grid
from jgan.terms.penalties import r1_r2

CLAIMS = covers_grid(
    setting={**SETTLING, "gamma": 0.3, "latent": 2, "steep": True},
    control={"gamma": 0.0},
    steps=SETTLING_STEPS,
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "relativistic",
    gamma: float = 2.0,
    latent: int = 100,
    pair: NetworkPair = NetworkPair(),
    adam: Adam = Adam(beta1=0.0, beta2=0.9),
) -> Experiment:
    """Relativistic pairing with R1 and R2 at the same gamma, on DCGAN networks without norm in D.

    The paper anneals gamma, beta2 and the learning rate; here they stay.

    Args:
      loss: Name of the loss, relativistic or for the ablation another of jgan.losses.LOSSES.
      gamma: Strength of R1 and of R2.
      latent: Dimension of the standard normal latents.
    """
    source = data.load()
    networks = pair.networks(source, discriminator_norm="none")
    game = gan(*networks, get_loss(loss), normal(latent)).add(r1_r2(gamma))
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
