"""CoGAN: garments and their negatives, learned together without a pair (Liu & Tuzel 2016, arXiv 1606.07536).

jgan train experiments/cogan.py
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np

from jgan import Architecture, Claim, Dataset, Experiment, Trained, TwoRateAdam, get_loss, uniform
from jgan.claims.measures import Measure, samples
from jgan.data import Source, garments
from jgan.data.held_out import divided, published_splits
from jgan.errors import UserError
from jgan.evaluation.beside import put_beside
from jgan.evaluation.classifiers import class_indices
from jgan.evaluation.judges import domain_classifier
from jgan.gans.cogan import cogan
from jgan.networks import coupled, generator_for
from jgan.networks.combined import answer_of

Change = Callable[[np.ndarray], np.ndarray]


def edges(images: np.ndarray) -> np.ndarray:
    """`jgan.data.garments.edges` of images ``(N, H, W, C)`` in [-1, 1], in [-1, 1]."""
    return 2 * garments.edges((images + 1) / 2) - 1


def turned(images: np.ndarray) -> np.ndarray:
    """Square images ``(N, H, H, C)`` turned by 90 degrees."""
    return np.rot90(images, axes=(1, 2))


CHANGES: dict[str, Change] = {"edges": edges, "negative": np.negative, "turned": turned}


def changed(images: np.ndarray, change: Change) -> np.ndarray:
    """8-bit images, changed."""
    other = change(images.astype(np.float32) / 127.5 - 1)
    return np.rint((other + 1) * 127.5).clip(0, 255).astype(np.uint8)


def two_domains(source: Source, change: Change) -> Source:
    """One half of the images as they are, the other half changed, in an order of their own: no pair is left."""
    if len(source.shape) != 3 or not isinstance(source.arrays["image"], np.ndarray):
        raise UserError(f"data is {source.name!r}, but this experiment needs pictures in memory.")
    half = source.size // 2
    order = np.random.default_rng(0).permutation(source.size)
    first, second = (source.arrays["image"][order[part : part + half]] for part in (0, half))
    return replace(source, arrays={"image": first, "other": changed(second, change)})


def agreement(change: Change, count: int = 1000) -> Measure:
    """Share of pairs whose halves are of one class, each named by a classifier of its own domain.

    The classifiers' accuracies stand beside the number, which their mistakes lower.
    """

    def measure(trained: Trained) -> float:
        experiment = trained.experiment
        (whole,) = experiment.loaded.values()
        domain = published_splits(whole, experiment.loaded) or divided(whole)
        other = [
            replace(one, arrays={**one.arrays, "image": changed(one.arrays["image"], change)})
            for one in domain
        ]
        pairs = np.asarray(samples(trained, 2 * count, view="pairs"))
        classes = []
        for place, splits in enumerate((domain, other)):
            judge = domain_classifier(splits[0], splits[1]).extractor
            put_beside(judge.accuracy)
            classes.append(class_indices(judge, pairs[place::2]))
        return float(np.mean(classes[0] == classes[1]))

    return measure


CLAIMS = (
    Claim(
        "both halves of a pair are of one class (share of pairs)",
        agreement(CHANGES["negative"]),
        at_least=0.8,
        control={"share": "nothing"},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    change: Literal["edges", "negative", "turned"] = "negative",
    share: Literal["layers", "nothing"] = "layers",
    loss: str = "non_saturating",
    architecture: Architecture = Architecture(width=24, norm="batch"),
    adam: TwoRateAdam = TwoRateAdam(),
) -> Experiment:
    """Two halves of one data set, one of them changed; the article has digits with their edges or negatives.

    Args:
      data: Name or path of pictures, see jgan.data.load.
      change: What makes the second domain.
      share: All but G's last and D's first layer, or nothing: two GANs that only meet in the latent.
      loss: Name of the loss, one of jgan.losses.LOSSES.
    """
    source = two_domains(data.load(), CHANGES[change])
    height, across, channels = source.shape
    judge = answer_of(architecture.heads({"logit": 1}), "logit")
    if share == "layers":
        both = generator_for((height, across, 2 * channels), **architecture.options)
        networks = coupled.coupled_generator(both), coupled.coupled_discriminator(judge)
    else:
        one = architecture.generator(source)
        networks = coupled.separate_generators(one), coupled.separate_discriminators(judge)
    game = cogan(*networks, get_loss(loss), uniform(100))
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
