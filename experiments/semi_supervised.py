"""Semi-supervised GAN: a few labels and many examples (Salimans et al. 2016, arXiv 1606.03498).

jgan train experiments/semi_supervised.py --data clusters
"""

from dataclasses import dataclass, replace
from typing import Literal

import jax.numpy as jnp
import numpy as np
import optax

from jgan.claims.class_measures import classes_of
from jgan.data import Source, gather, load
from jgan.data.toy_sources import mixture
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.semi_supervised import semi_supervised
from jgan.latents import uniform
from jgan.networks.heads import generator_for, heads
from jgan.networks.network import Network
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment, Trained

CLUSTERS = "clusters"


def read(data: str, split: str = "train") -> Source:
    """A source by name; "clusters" are ten Gaussians in 50 dimensions, of which one point tells little."""
    if data == CLUSTERS:
        return replace(mixture(20_000, split=split, dimension=50, std=1.5), name=CLUSTERS)
    return load(data, split=split)


def few(source: Source, labels: int) -> dict[str, np.ndarray]:
    """The first ``labels`` examples of each class."""
    label = np.asarray(source.arrays["label"])
    chosen = [np.flatnonzero(label == one)[:labels] for one in range(classes_of(source))]
    return dict(gather(source.arrays, np.concatenate(chosen)))


@dataclass(frozen=True)
class Classifying(Experiment):
    """An experiment whose discriminator is a classifier.

    Attributes:
      classifier: examples to ``{"class": logits (B, K), ...}`` with the discriminator's collections.
    """

    classifier: Network | None = None


def wrong(trained: Trained) -> float:
    """Share of 2,000 test examples that the classifier names wrongly."""
    assert isinstance(trained.experiment, Classifying)
    assert trained.experiment.classifier
    test = read(trained.experiment.source.name, "test").first(2000)
    own = trained.state.variables[DISCRIMINATOR]
    answers, _ = trained.experiment.classifier.apply(own, jnp.asarray(test["image"]))
    return float(np.mean(np.argmax(answers["class"], axis=1) != test["label"]))


CLAIMS = (
    Claim(
        "names test points of ten clusters from one label each (share wrong)",
        wrong,
        at_most=0.2,
        steps=1000,
        setting={"data": CLUSTERS, "labels": 1},
        control={"unsupervised": 0.0},
    ),
)


def experiment(
    *,
    data: str = "fashion",
    labels: int = 10,
    unsupervised: float = 1.0,
    body: Literal["dcgan", "mlp"] = "mlp",
    width: int = 16,
    norm: str = "none",
    noise: float = 0.3,
    lr: float = 3e-4,
    beta1: float = 0.5,
    decay: float = 0.999,
) -> Experiment:
    """The classifier is the discriminator; the generator matches its features.

    Args:
      data: a source with labels by name or path, see jgan.data.load; or clusters.
      labels: labelled examples of each class.
      unsupervised: weight of what is learned from examples without labels; 0 for none.
      body: of both networks; points always get perceptrons.
      width: channels of the outermost hidden layers; perceptrons are eight times as wide.
      norm: of the discriminator.
      noise: in front of the discriminator's dense layers; 0.3 and 0.5 in the authors' code.
      lr: learning rate of both Adam optimizers.
      beta1: Adam's first decay.
      decay: of the generator's exponential average, from which samples are drawn.
    """
    source = read(data)
    outputs = {"class": classes_of(source)}
    classifier = heads(outputs, body=body, width=width, norm=norm, noise=noise)
    generator = generator_for(source.shape, body=body, width=width)
    game = semi_supervised(
        generator, classifier, uniform(100), few(source, labels), unsupervised=unsupervised
    )
    adam = optax.adam(lr, b1=beta1)
    optimizers = {GENERATOR: adam, DISCRIMINATOR: adam}
    rule = averaged(alternating(game, optimizers), decay)
    return Classifying(game, rule, source, 2000, 100, CLAIMS, classifier)
