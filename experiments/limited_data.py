"""Training with few pictures: adaptive augmentation (Karras et al. 2020, arXiv 2006.06676).

jgan train experiments/limited_data.py
"""

from jgan import (
    Adam,
    Dataset,
    DiscriminatorAugmentation,
    Experiment,
    NetworkPair,
    gan,
    lazy,
    non_saturating,
    normal,
    r1,
)
from jgan.arguments import check_count
from jgan.claims.shared import learns_from_few

CLAIMS = learns_from_few(
    setting={"width": 16}, steps=3000, rivals={"DiffAugment": {"augmentation": "diff"}}
)


def experiment(
    *,
    data: Dataset = Dataset(),
    examples: int = 500,
    gamma: float = 0.1,
    gamma_every: int = 16,
    latent: int = 100,
    augmentation: DiscriminatorAugmentation = DiscriminatorAugmentation("ada", ada_kimg=20.0),
    pair: NetworkPair = NetworkPair(),
    adam: Adam = Adam(lr=1e-3, beta1=0.0, beta2=0.99),
) -> Experiment:
    """DCGAN's networks with R1 on some hundred pictures, which their discriminator soon knows by heart.

    Args:
      data: Name or path of pictures, see jgan.data.load.
      examples: Pictures that are learned from, each class by its share; all if there are fewer.
      gamma: Strength of R1.
      gamma_every: Updates between lazy applications of R1.
      latent: Dimension of the standard normal latents.
      ada_kimg: Thousands of real pictures in which the probability of ada can rise from 0 to 1; 500 in the
        paper, whose trainings are a hundred times as long.
    """
    for name, count in (("examples", examples), ("gamma_every", gamma_every), ("latent", latent)):
        check_count(name, count)
    source = data.load_pictures()
    source = source.take(min(examples, source.size))
    networks = pair.networks(source, discriminator_norm="none")
    game = gan(*networks, non_saturating(), normal(latent)).add(lazy(r1(gamma), gamma_every))
    game = augmentation.applied(game, source)
    return Experiment(game, adam.alternating(game), source, 3000, 32, claims=CLAIMS)
