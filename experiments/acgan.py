"""AC-GAN: an auxiliary classifier in the discriminator (Odena, Olah & Shlens 2017, arXiv 1610.09585).

jgan train experiments/acgan.py
"""

from jgan import Adam, Architecture, Dataset, Experiment, get_loss, normal
from jgan.claims.class_measures import classes_of
from jgan.claims.shared import classes_of_samples
from jgan.gans.acgan import acgan

CLAIMS = classes_of_samples(
    control={"weight": 0.0},
    steps=1500,
    ring={"norm": "none"},
    garments={"width": 24, "lr": 5e-4},
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "hinge",
    weight: float = 1.0,
    architecture: Architecture = Architecture(norm="spectral"),
    adam: Adam = Adam(beta1=0.0, beta2=0.9),
) -> Experiment:
    """One pair of networks for all classes, not a hundred for ten each, and today's loss and norms.

    The paper has the non-saturating loss, Adam 2e-4 with beta1 0.5 and the label joined to the latent.

    Args:
      data: Name or path of data with labels, see jgan.data.load.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      weight: Weight of the classification in the generator's loss; the discriminator always learns classes.
    """
    source = data.load()
    classes = classes_of(source)
    generator = architecture.conditional_generator(source, classes)
    discriminator = architecture.heads({"logit": 1, "class": classes})
    game = acgan(generator, discriminator, get_loss(loss), normal(128), generator_weight=weight)
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
