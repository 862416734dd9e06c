"""How near samples lie to the pictures of their own domain, in the features of a network."""

import numpy as np

from jgan.claims.measures import samples
from jgan.data import Source
from jgan.errors import UserError
from jgan.evaluation.beside import put_beside
from jgan.evaluation.extraction import extract
from jgan.evaluation.judges import classifier_for
from jgan.features.extractor import Extractor
from jgan.metrics.accumulator import accumulate_all, moments_of
from jgan.metrics.frechet import Moments, precise_frechet_distance
from jgan.metrics.subsets import draw_rows, stream
from jgan.training.experiment import Trained


def picture_distance(trained: Trained, extractor: Extractor, count: int = 2000) -> float:
    """Fréchet distance between samples and as many training pictures, in an extractor's features.

    Args:
      trained: what made the samples; labelled systems make each class by its share of the data.
      extractor: of the features.
      count: of samples and of pictures.

    Raises:
      UserError: if the data are no pictures.
    """
    source = trained.experiment.source
    _check_pictures(source)
    rows = draw_rows(source.size, count, stream(0, "reference"), source.class_labels)
    real = np.asarray(source.example_of(source.at(rows)))
    fits = [_moments(extractor, images) for images in (np.asarray(samples(trained, count)), real)]
    return precise_frechet_distance(*fits)


def domain_distance(trained: Trained, count: int = 2000) -> float:
    """`picture_distance` in the 128 features of a classifier of the data (`jgan.evaluation.judges`).

    The classifier's accuracy on held-out pictures is put beside the number.

    Raises:
      UserError: if the data are no labelled pictures.
    """
    experiment = trained.experiment
    _check_pictures(experiment.source)
    extractor = classifier_for(experiment.source, experiment.loaded).extractor
    put_beside(extractor.accuracy)
    return picture_distance(trained, extractor, count)


def _check_pictures(source: Source) -> None:
    if not source.pictures:
        raise UserError(
            f"a distance of pictures was asked of the source {source.name!r}, which has no pictures."
        )


def _moments(extractor: Extractor, images: np.ndarray) -> Moments:
    return moments_of(accumulate_all(extract(extractor.features, [images])))
