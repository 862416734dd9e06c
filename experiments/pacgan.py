"""PacGAN: the discriminator judges several examples at once (Lin et al. 2018, arXiv 1712.04086).

jgan train experiments/pacgan.py --data ring
"""

from jgan import Adam, Dataset, Experiment, NetworkPair, gan, get_loss, normal
from jgan.claims.shared import SETTLING, SETTLING_STEPS, covers_ring
from jgan.gans.packing import packed

CLAIMS = (
    covers_ring(
        setting={**SETTLING, "packing": 2, "steep": True},
        control={"packing": 1},
        at_most=0.1,
        steps=SETTLING_STEPS,
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    packing: int = 2,
    loss: str = "non_saturating",
    latent: int = 100,
    pair: NetworkPair = NetworkPair(),
    adam: Adam = Adam(),
) -> Experiment:
    """A plain GAN whose discriminator sees packs of examples, all real or all fake.

    Args:
      packing: Examples in a pack; it must divide the batch of 64.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      latent: Dimension of the standard normal latents.
    """
    source = data.load()
    game = packed(gan(*pair.networks(source), get_loss(loss), normal(latent)), packing)
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
