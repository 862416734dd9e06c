"""Semi-supervised GAN: a few labels and many examples (Salimans et al. 2016, arXiv 1606.03498).

jgan train experiments/semi_supervised.py --data clusters
"""

from dataclasses import dataclass, replace

import jax.numpy as jnp
import numpy as np

from jgan import DISCRIMINATOR, Adam, Architecture, Claim, Experiment, Network, Trained, uniform
from jgan.claims.class_measures import classes_of
from jgan.claims.held_out_measures import held_out_source
from jgan.data import Source, gather, load, mixture
from jgan.gans.semi_supervised import semi_supervised

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
    source = trained.experiment.source
    test = read(CLUSTERS, "test") if source.name == CLUSTERS else held_out_source(trained)
    examples = test.first(2000)
    own = trained.state.variables[DISCRIMINATOR]
    answers, _ = trained.experiment.classifier.apply(own, jnp.asarray(examples["image"]))
    return float(np.mean(np.argmax(answers["class"], axis=1) != examples["label"]))


CLAIMS = (
    Claim(
        "names test points of ten clusters from one label each (share wrong)",
        wrong,
        at_most=0.1,
        steps=1000,
        setting={"data": CLUSTERS, "labels": 1},
        control={"unsupervised": 0.0},
    ),
)
DIGITS = (
    Claim(
        "names test digits from ten labels of each class (share wrong)",
        wrong,
        at_most=0.33,
        steps=4000,
        control={"unsupervised": 0.0},
    ),
)
"""Claimed of digits alone: garments are named no better with further examples than without."""


def experiment(
    *,
    data: str = "fashion",
    labels: int = 10,
    unsupervised: float = 1.0,
    architecture: Architecture = Architecture(body="mlp", norm="layer"),
    noise: float = 0.3,
    adam: Adam = Adam(lr=1e-3),
) -> Experiment:
    """The classifier is the discriminator; the generator matches its features.

    Args:
      data: Name or path of data with labels, see jgan.data.load; or clusters.
      labels: Number of labelled examples of each class.
      unsupervised: Weight of what is learned from examples without labels; 0 for none.
      noise: Deviation of noise in front of the discriminator's dense layers; 0.3 and 0.5 in the authors' code.
    """
    source = read(data)
    generator = architecture.generator(source)
    classifier = architecture.heads({"class": classes_of(source)}, noise=noise)
    labelled = few(source, labels)
    game = semi_supervised(generator, classifier, uniform(100), labelled, unsupervised=unsupervised)
    claims = CLAIMS + DIGITS if source.name == "mnist" else CLAIMS
    return Classifying(game, adam.alternating(game), source, 2000, 100, claims, classifier)
