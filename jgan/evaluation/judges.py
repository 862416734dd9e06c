"""Judges: who names the class of an example knowing nothing of the game, with their own test accuracy.

A judge is made when it is first needed. Of a mixture it is the nearest mode; of pictures a classifier, trained
once and kept (`jgan.evaluation.kept_training`).
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.data import Mixture, Source, gather
from jgan.data.held_out import divided, published_splits
from jgan.data.registry import LoadArguments
from jgan.evaluation.beside import put_beside
from jgan.evaluation.classifiers import (
    SIDE,
    Classifier,
    check_labelled_images,
    class_indices,
    classifier_of,
    train_classifier,
)
from jgan.evaluation.kept_training import TrainedArrays, fingerprint, trained_once
from jgan.evaluation.reference import content_hash
from jgan.features.judge_accuracy import JudgeAccuracy

VERSION = 1
"""Of the training; a change of the network or of the training that changes its result raises it."""
TESTED = 10_000
AT_ONCE = 256


class JudgeSettings(NamedTuple):
    """How `domain_classifier` trains.

    Attributes:
      images: how many images the training meets in all, repeated or not; a larger training set gives as many,
        drawn each class by its share.
      side: larger images are reduced so that their longer side is this.
      width: of `jgan.networks.classifier.small_classifier`.
      batch_size: images in a step, fewer where there are not as many.
      learning_rate: of Adam at the beginning; it falls to zero along a cosine.
      seed: of weights, order and dropout.
    """

    images: int = 80_000
    side: int = 32
    width: int = 12
    batch_size: int = 64
    learning_rate: float = 3e-3
    seed: int = 0


SETTINGS = JudgeSettings()


class Judge(NamedTuple):
    """Who names classes; calling it with examples ``(N, ...)`` gives int ``(N,)``.

    Attributes:
      name: of what it is.
      classify: the function behind the call.
      accuracy: on held-out examples.
      fingerprint: SHA-256 in hex of all that decides it.
    """

    name: str
    classify: Callable[[np.ndarray], np.ndarray]
    accuracy: JudgeAccuracy
    fingerprint: str

    def __call__(self, examples: np.ndarray) -> np.ndarray:
        """The class of each example; the accuracy is put beside the number that is being computed."""
        put_beside(self.accuracy)
        return self.classify(examples)


def nearest_mode(source: Source) -> Judge:
    """The judge of a mixture, whose modes are the classes in their order.

    It learns nothing, so that all the source's points, at most 10,000, measure its accuracy.

    Args:
      source: labelled points of a known mixture.
    """
    assert isinstance(source.density, Mixture)
    modes = np.asarray(source.density.modes)

    def classify(points: np.ndarray) -> np.ndarray:
        return np.argmin(np.linalg.norm(points[:, None] - modes[None], axis=-1), axis=1)

    tested = source.first(min(source.size, TESTED))
    right = classify(tested["image"]) == tested["label"]
    digest = hashlib.sha256(np.ascontiguousarray(modes)).hexdigest()
    accuracy = JudgeAccuracy(float(right.mean()), len(right), "points")
    return Judge(f"nearest mode of {source.name}", classify, accuracy, digest)


def judge_for(source: Source, loaded: Mapping[LoadArguments, Source]) -> Judge:
    """The judge of a source's classes: of a mixture its `nearest_mode`, of pictures `classifier_for` them.

    Args:
      source: labelled examples.
      loaded: what `jgan.data.load` returned on the way to them, empty where it is not known.

    Raises:
      UserError: if they are neither points of a mixture nor pictures, or have no classes.
    """
    if isinstance(source.density, Mixture):
        return nearest_mode(source)
    _, about, extractor = classifier_for(source, loaded)
    assert extractor.accuracy is not None
    classify = partial(class_indices, extractor)
    return Judge(extractor.name, classify, extractor.accuracy, about["fingerprint"])


def classifier_for(source: Source, loaded: Mapping[LoadArguments, Source]) -> Classifier:
    """The `domain_classifier` of the data that a source was taken from.

    It is trained on the whole training set and tested on the test set, or on a tenth of the images, held out,
    where there is none.

    Args:
      source: labelled images.
      loaded: what `jgan.data.load` returned on the way to them, empty where it is not known.

    Raises:
      UserError: if they are no labelled images.
    """
    check_labelled_images(source, source)
    return domain_classifier(*(published_splits(source, loaded) or divided(source)))


def domain_classifier(
    train: Source,
    test: Source,
    settings: JudgeSettings = SETTINGS,
) -> Classifier:
    """A classifier of a domain of pictures, trained when it is first asked for and kept.

    Args:
      train: labelled images to learn from; augmentation is left out.
      test: labelled images that its accuracy is measured on and that no training meets.
      settings: of the training.

    Returns:
      The classifier, a function of the sources' images, labels and names of classes and of the settings.

    Raises:
      UserError: if a source has no labels or no images, or images of another shape than the other's.
    """
    check_labelled_images(train, test)
    recipe = recipe_of(train, test, settings)

    def trained() -> TrainedArrays:
        found = train_judge(train, test, settings)
        return TrainedArrays(found.variables, {**found.about, "fingerprint": fingerprint(recipe)})

    kept = trained_once("classifier", recipe, trained)
    return classifier_of(kept.arrays, {**kept.about, "data": train.name})


def train_judge(train: Source, test: Source, settings: JudgeSettings = SETTINGS) -> Classifier:
    """Train a classifier as `domain_classifier` does, without keeping it.

    Args:
      train: as for `domain_classifier`.
      test: likewise.
      settings: of the training.
    """
    size = min(train.size, settings.images)
    learnt, tested = (_reduced(one, settings.side) for one in (train.take(size), test))
    return train_classifier(
        learnt,
        tested,
        epochs=max(1, settings.images // size),
        batch_size=min(settings.batch_size, size),
        learning_rate=settings.learning_rate,
        width=settings.width,
        seed=settings.seed,
    )


def recipe_of(train: Source, test: Source, settings: JudgeSettings = SETTINGS) -> dict[str, Any]:
    """All that decides a classifier, as JSON: hashes of the data, classes, settings, version."""
    return {
        "version": VERSION,
        "settings": settings._asdict(),
        **{
            split: {
                "image": content_hash(source.arrays["image"]),
                "label": content_hash(source.arrays["label"]),
                "classes": list(source.class_names),
            }
            for split, source in (("train", train), ("test", test))
        },
    }


def _reduced(source: Source, side: int) -> Source:
    """Images as the classifier's extractor reduces them, rounded to 8 bits; small ones stay as they are."""
    height, width, channels = source.shape
    longest = max(height, width)
    if longest <= side:
        return replace(source, augment=None)
    shape = (
        max(SIDE, height * side // longest),
        max(SIDE, width * side // longest),
        channels,
    )
    resized = jax.jit(lambda x: jax.image.resize(x, (len(x), *shape), "bilinear", antialias=True))
    images = np.empty((source.size, *shape), np.uint8)
    for start in range(0, source.size, AT_ONCE):
        rows = np.arange(start, min(start + AT_ONCE, source.size))
        batch = gather({"image": source.arrays["image"]}, rows)["image"]
        scaled = 127.5 * (np.asarray(resized(jnp.asarray(batch))) + 1)
        images[rows] = np.clip(np.round(scaled), 0, 255)
    arrays = {"image": images, "label": source.arrays["label"]}
    return Source(arrays, source.name, classes=source.classes)
