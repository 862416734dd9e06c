"""EBGAN with the pull-away term (Zhao, Mathieu & LeCun 2017, arXiv 1609.03126).

jgan train experiments/ebgan.py
"""

from jgan import Adam, Architecture, Claim, Dataset, Experiment, Trained, normal
from jgan.claims.measures import metric
from jgan.gans.ebgan import ebgan


def energy_gap(trained: Trained) -> float:
    """Energy of the fakes less that of the data, at the end."""
    real, fake = (metric(f"discriminator/{name}_logit", last=3) for name in ("real", "fake"))
    return real(trained) - fake(trained)


CLAIMS = (
    Claim(
        "fakes are held above the data's energy",
        energy_gap,
        at_least=0.2,
        steps=1500,
        control={"margin": 0.0},
    ),
    Claim(
        "the pull-away term turns codes apart (mean squared cosine)",
        metric("generator/cosine_squared", last=3),
        at_most=0.18,
        steps=1000,
        setting={"body": "mlp", "width": 16, "pull": 10.0},
        control={"pull": 0.0},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    margin: float = 10.0,
    pull: float = 1.0,
    code: int = 64,
    architecture: Architecture = Architecture(width=24),
    adam: Adam = Adam(lr=1e-3),
) -> Experiment:
    """The margin and learning rate of the paper's search on MNIST, whose networks are perceptrons.

    Args:
      margin: Energy up to which fakes are pushed, the paper's m.
      pull: Weight of the pull-away term; 0.1 in the paper.
      code: Size of the autoencoder's code.
      norm: Normalisation of the autoencoder: batch, layer or none.
    """
    source = data.load()
    networks = architecture.generator(source), architecture.autoencoder(code)
    game = ebgan(*networks, normal(100), margin=margin, pull=pull)
    return Experiment(game, adam.alternating(game), source, steps=1500, claims=CLAIMS)
