"""LSGAN on Fashion-MNIST: least squares do not saturate (Mao et al. 2017, arXiv 1611.04076).

jgan train experiments/lsgan.py
"""

from jgan import Adam, Claim, Dataset, Experiment, NetworkPair, gan, get_loss, uniform
from jgan.claims.measures import image_distance
from jgan.losses import least_squares

CLAIMS = (
    Claim(
        "learns from a discriminator that is far ahead",
        image_distance,
        at_most=8.0,
        steps=300,
        setting={"discriminator_steps": 3},
        control={"loss": "minimax"},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "least_squares",
    a: float = 0.0,
    b: float = 1.0,
    c: float = 1.0,
    pair: NetworkPair = NetworkPair(),
    adam: Adam = Adam(),
    discriminator_steps: int = 1,
) -> Experiment:
    """DCGAN networks; the settings of compare_gan's LSGAN, but the least squares act on logits.

    Args:
      loss: Name of the loss, least_squares or for comparison another of jgan.losses.LOSSES.
      a: The discriminator's target for fakes.
      b: The discriminator's target for real examples.
      c: The generator's target for fakes.
      discriminator_steps: Steps of the discriminator for each step of the generator.
    """
    source = data.load()
    chosen = least_squares(a, b, c) if loss == "least_squares" else get_loss(loss)
    game = gan(*pair.networks(source), chosen, uniform(100))
    rule = adam.alternating(game, discriminator_steps)
    return Experiment(game, rule, source, steps=2000, claims=CLAIMS)
