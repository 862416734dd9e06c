"""How near samples lie to the pictures of their own domain, in the features of a network."""

import numpy as np

from jgan.claims.class_measures import domain_extractor
from jgan.claims.held_out_measures import both_splits
from jgan.claims.measures import reference_examples, samples
from jgan.data import Source
from jgan.errors import UserError
from jgan.evaluation.extraction import extract
from jgan.evaluation.extractors import random_extractor
from jgan.features.extractor import Extractor
from jgan.metrics.accumulator import accumulate, moments_of
from jgan.metrics.frechet import precise_frechet_distance
from jgan.metrics.prdc import prdc
from jgan.training.experiment import Trained


def picture_distance(
    trained: Trained, extractor: Extractor, count: int = 2000, source: Source | None = None
) -> float:
    """Fréchet distance between samples and as many training pictures, in an extractor's features.

    Args:
      trained: what made the samples; labelled systems make each class by its share of the data.
      extractor: of the features.
      count: of samples and of pictures.
      source: of the pictures, if they are not those of the training.

    Raises:
      UserError: if the data are no pictures.
    """
    made, real = _features(trained, extractor, count, source)
    return precise_frechet_distance(moments_of(accumulate(made)), moments_of(accumulate(real)))


def domain_distance(trained: Trained, count: int = 2000) -> float:
    """`picture_distance` in the 128 features of a classifier of the data (`jgan.evaluation.judges`).

    The classifier's accuracy on held-out pictures is put beside the number.

    Raises:
      UserError: if the data are no labelled pictures.
    """
    return picture_distance(trained, _classifier(trained), count)


def whole_set_distance(trained: Trained, count: int = 2000) -> float:
    """`domain_distance` to pictures of the whole training set, of which the training may have had a part.

    Raises:
      UserError: if the data are no labelled pictures, or have no test set.
    """
    return picture_distance(trained, _classifier(trained), count, both_splits(trained)[0])


def picture_precision(trained: Trained, count: int = 2000) -> float:
    """Share of samples that lie among the training pictures, in random features.

    Improved precision (Kynkäänniemi et al. 2019) with balls that reach to the fifth neighbour. In the features
    of a classifier of garments mere noise lies among garments too, since its balls are wide.

    Raises:
      UserError: if the data are no pictures.
    """
    made, real = _features(trained, random_extractor(), count)
    return float(prdc(real, made).precision)


def _classifier(trained: Trained) -> Extractor:
    _check_pictures(trained)
    return domain_extractor(trained.experiment)


def _check_pictures(trained: Trained) -> None:
    source = trained.experiment.source
    if not source.pictures:
        raise UserError(
            f"a distance of pictures was asked of the source {source.name!r}, which has no pictures."
        )


def _features(
    trained: Trained, extractor: Extractor, count: int, source: Source | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Features of samples and of as many training pictures, every class by its share."""
    _check_pictures(trained)
    real = reference_examples(source or trained.experiment.source, count)
    made = np.asarray(samples(trained, count))
    first, second = (
        np.concatenate(list(extract(extractor.features, [images]))) for images in (made, real)
    )
    return first, second
