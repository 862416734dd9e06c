"""PacGAN: the discriminator judges several examples at once (Lin et al. 2018, arXiv 1712.04086).

jgan train experiments/pacgan.py --data ring
"""

from jgan import Adam, Dataset, Experiment, NetworkPair, gan, get_loss, normal
from jgan.claims.shared import covers_ring
from jgan.gans.packing import packed

RING = {"data": "ring", "lr": 1e-3, "packing": 4}
CLAIMS = covers_ring(steps=6000, setting=RING, control={"packing": 1})


def experiment(
    *,
    data: Dataset = Dataset(),
    packing: int = 2,
    loss: str = "non_saturating",
    pair: NetworkPair = NetworkPair(),
    adam: Adam = Adam(),
) -> Experiment:
    """A plain GAN whose discriminator sees packs of examples, all real or all fake.

    Args:
      packing: Examples in a pack; it must divide the batch of 64.
      loss: Name of the loss, one of jgan.losses.LOSSES.
    """
    source = data.load()
    game = packed(gan(*pair.networks(source), get_loss(loss), normal(100)), packing)
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
