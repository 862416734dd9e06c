"""BEGAN: boundary equilibrium (Berthelot, Schumm & Metz 2017, arXiv 1703.10717).

jgan train experiments/began.py
"""

from jgan import Adam, Architecture, Claim, Dataset, Experiment, uniform
from jgan.claims.measures import metric
from jgan.gans.began import began

CLAIMS = (
    Claim(
        "the ratio L(fake)/L(real) is held at gamma = 0.75",
        metric("discriminator/ratio", last=5),
        at_least=0.65,
        at_most=0.85,
        steps=1500,
        control={"rate": 0.0, "start": 0.5},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    gamma: float = 0.75,
    rate: float = 0.01,
    start: float = 0.0,
    code: int = 64,
    architecture: Architecture = Architecture(width=24),
    adam: Adam = Adam(lr=5e-4),
) -> Experiment:
    """The paper's balance and a quicker controller; its networks are deeper and end without tanh.

    Args:
      gamma: The ratio L(fake)/L(real) that is held, 0.5 in the paper; lower for sharper and less diverse
        samples.
      rate: Rate of the controller, the paper's lambda_k, which is 0.001 there.
      start: The weight k of the fakes before the first step; under a rate of 0 it stays.
      code: Size of the autoencoder's code and of the latent.
      norm: Normalisation of the autoencoder: batch, layer or none.
    """
    source = data.load()
    autoencoder = architecture.autoencoder(code)
    game = began(
        architecture.generator(source),
        autoencoder,
        uniform(code),
        gamma=gamma,
        rate=rate,
        start=start,
    )
    return Experiment(game, adam.alternating(game), source, steps=1500, claims=CLAIMS)
