"""Conditional GAN on Fashion-MNIST (Mirza & Osindero 2014, arXiv 1411.1784).

jgan train experiments/cgan.py
"""

from typing import Literal

from jgan import Adam, Architecture, Dataset, Experiment, conditional, get_loss, uniform
from jgan.claims.class_measures import classes_of
from jgan.claims.shared import classes_of_samples
from jgan.networks import labelled, unlabelled

CLAIMS = classes_of_samples(
    control={"label": "none"}, steps=2500, garments={"width": 24, "norm": "layer", "lr": 3e-4}
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "non_saturating",
    label: Literal["one-hot", "embedding", "none"] = "one-hot",
    architecture: Architecture = Architecture(),
    adam: Adam = Adam(),
) -> Experiment:
    """The label joined to the input of both networks, as in the paper; its networks are perceptrons.

    Args:
      data: Name or path of data with labels, see jgan.data.load.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      label: What the networks are given: one-hot vectors, a learned embedding of 16, or none for the control.
    """
    source = data.load()
    classes, size = classes_of(source), 16 if label == "embedding" else 0
    join = unlabelled if label == "none" else lambda network: labelled(network, classes, size)
    generator, discriminator = architecture.generator(source), architecture.heads({"logit": 1})
    game = conditional(join(generator), join(discriminator), get_loss(loss), uniform(100))
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
