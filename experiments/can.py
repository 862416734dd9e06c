"""Creative adversarial network: garments of no known kind (Elgammal et al. 2017, arXiv 1706.07068).

jgan train experiments/can.py
"""

from functools import partial

from jgan import Architecture, Claim, Dataset, Experiment, TwoRateAdam, get_loss, normal
from jgan.claims.class_measures import classes_of
from jgan.claims.measures import metric
from jgan.claims.picture_distance import picture_precision
from jgan.gans.can import Ambiguity, can

claim = partial(Claim, steps=1500)
CLAIMS = (
    claim(
        "the discriminator cannot name a sample's kind (entropy, share of log K)",
        metric("generator/entropy", last=3),
        at_least=0.5,
        control={"weight": 0.0},
    ),
    claim(
        "yet samples lie among the garments (precision in random features)",
        picture_precision,
        at_least=0.5,
        control={"weight": 30.0},
    ),
    claim(
        "while it names the kind of a real garment",
        metric("discriminator/class_accuracy", last=3),
        at_least=0.8,
        control={"styles": 0.0},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "non_saturating",
    weight: float = 0.3,
    styles: float = 1.0,
    kind: Ambiguity = "binary",
    architecture: Architecture = Architecture(width=24, norm="spectral"),
    adam: TwoRateAdam = TwoRateAdam(),
) -> Experiment:
    """Kinds of garments in the place of the paper's 25 styles of paintings.

    Args:
      data: Name or path of data with labels, see jgan.data.load.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      weight: Weight of the ambiguity in the generator's loss.
      styles: Weight of the classification in the discriminator's loss.
      kind: Kind of ambiguity: the paper's, or the cross-entropy of the uniform distribution.
    """
    source = data.load()
    generator = architecture.generator(source)
    discriminator = architecture.heads({"logit": 1, "class": classes_of(source)})
    weights = {"weight": weight, "styles": styles}
    game = can(generator, discriminator, get_loss(loss), normal(100), kind=kind, **weights)
    return Experiment(game, adam.alternating(game), source, steps=1500, claims=CLAIMS)
