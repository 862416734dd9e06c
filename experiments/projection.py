"""Projection discriminator and conditional batch normalisation (Miyato & Koyama 2018, arXiv 1802.05637).

jgan train experiments/projection.py
"""

from typing import Literal

from jgan import (
    Adam,
    Architecture,
    Claim,
    Dataset,
    DiscriminatorAugmentation,
    Experiment,
    conditional,
    get_loss,
    normal,
)
from jgan.claims.class_measures import classes_of, variance_within_classes
from jgan.claims.shared import classes_of_samples
from jgan.gans.acgan import acgan
from jgan.networks import labelled, projection_discriminator, unlabelled

GARMENTS = {"width": 24, "lr": 5e-4}
CLAIMS = (
    *classes_of_samples(control={"discriminator": "none"}, steps=3500, garments=GARMENTS),
    Claim(
        "samples vary within their class more than AC-GAN's (share of the data's variance)",
        variance_within_classes,
        at_least=0.7,
        steps=3500,
        setting=GARMENTS,
        control={"discriminator": "auxiliary"},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "hinge",
    discriminator: Literal["projection", "concatenation", "auxiliary", "none"] = "projection",
    architecture: Architecture = Architecture(norm="spectral"),
    augmentation: DiscriminatorAugmentation = DiscriminatorAugmentation(),
    adam: Adam = Adam(beta1=0.0, beta2=0.9),
) -> Experiment:
    """Hinge loss, spectral normalisation, and the label by projection; the paper's are residual networks.

    Args:
      data: Name or path of data with labels, see jgan.data.load.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      discriminator: How it uses the label: by projection, joined to the image, as a class that it must name
        (AC-GAN's auxiliary classifier), or not at all.
    """
    source = data.load()
    classes, options = classes_of(source), architecture.options
    generator = architecture.conditional_generator(source, classes)
    trunk = architecture.heads({"logit": 1, "class": classes})
    judges = {
        "projection": projection_discriminator(classes, norm=architecture.norm, **options),
        "concatenation": labelled(trunk, classes),
        "none": unlabelled(trunk),
    }
    if discriminator == "auxiliary":
        game = acgan(generator, trunk, get_loss(loss), normal(128))
    else:
        game = conditional(generator, judges[discriminator], get_loss(loss), normal(128))
    game = augmentation.applied(game, source)
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
