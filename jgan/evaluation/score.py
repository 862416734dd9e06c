"""One number during training: how good are the samples now? Lower is better."""

import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from jgan.errors import UserError
from jgan.evaluation.collect import MOMENTS, NotFinite, collect
from jgan.evaluation.extractors import get_extractor
from jgan.evaluation.metric import present
from jgan.evaluation.reference import measurable, reference_statistics
from jgan.evaluation.samples import sampler
from jgan.features.extractor import Extractor
from jgan.files import cache_folder
from jgan.game import Variables
from jgan.metrics.accumulator import moments_of
from jgan.metrics.frechet import Moments, factor, precise_frechet_distance
from jgan.metrics.sliced_wasserstein import sliced_wasserstein
from jgan.metrics.subsets import draw_rows, stream
from jgan.training.experiment import Experiment
from jgan.training.stages import Stage

COUNT = 2000


class Scorer(NamedTuple):
    """One number of a generator, lower is better, and what decides it.

    Attributes:
      measure: ``(variables, step of the stage) -> float``; infinity where samples are not finite.
      protocol: distance, features, counts and seed, as JSON.
      samples: how many.
      of_samples: the same number of batches of ``samples`` examples together.
    """

    measure: Callable[[Variables, Any], float]
    protocol: dict[str, Any]
    samples: int
    of_samples: Callable[[Iterator[np.ndarray]], float]


NEEDS = frozenset({MOMENTS})


def scorer(
    experiment: Experiment | Stage,
    *,
    count: int = COUNT,
    view: str = "samples",
    extractor: Extractor | None = None,
    seed: int = 0,
) -> Scorer:
    """The score for keeping the best checkpoint: lower is better, NaN becomes infinity.

    For pictures it is the Fréchet distance of ``count`` samples from the training set in the extractor's
    features; for points the sliced Wasserstein distance. Programs are compiled and the reference is
    measured at the first call, and all calls share them and their latents, so that differences between
    calls are differences between generators. The bias of few samples is the same for all of them.

    Args:
      experiment: game and source, those of one stage if there are several.
      count: samples of each call, at least 2.
      view: of the game.
      extractor: of features; the default one if None. Not used for points.
      seed: of the latents, and of the choice of reference points where there are more than ``count``.

    Raises:
      UserError: if the game has no such view, ``count`` is below 2, or the data are neither pictures nor
        points.
    """
    if count < 2:
        raise UserError(f"count is {count}, but a score needs at least 2 samples.")
    source = experiment.source
    examples = measurable(source)
    draw = sampler(experiment.game, source, view)
    protocol = {"view": view, "reference": source.name, "seed": seed}
    if source.points:
        chosen = draw_rows(len(examples), count, stream(seed, "reference"), source.class_labels)
        real = examples[chosen]

        def distance(batches: Iterator[np.ndarray]) -> float:
            fake = np.concatenate(list(batches))
            if not np.isfinite(fake).all():
                return float("inf")
            return sliced_wasserstein(fake, real, seed=seed)

        distance_protocol = {"distance": "sliced Wasserstein", "samples": len(real)}
        return Scorer(
            lambda variables, step: distance(draw(variables, len(real), seed, step)),
            distance_protocol | protocol,
            len(real),
            distance,
        )
    known = extractor or get_extractor()

    @functools.cache
    def reference() -> tuple[Moments, np.ndarray]:
        statistics, _ = reference_statistics(
            examples, known, NEEDS, cache=cache_folder("references")
        )
        fit = moments_of(present(statistics.moments, "fd", "moments"))
        return fit, factor(fit.covariance)

    def frechet(batches: Iterator[np.ndarray]) -> float:
        fit, root = reference()
        try:
            fake = collect(batches, known, NEEDS, total=count)
        except NotFinite:
            return float("inf")
        return precise_frechet_distance(
            fit, moments_of(present(fake.moments, "fd", "moments")), root
        )

    distance_protocol = {
        "distance": f"Fréchet distance in features of {known.name}",
        "weights_sha256": known.sha256,
        "resize": known.resize,
        "samples": count,
    }
    return Scorer(
        lambda variables, step: frechet(draw(variables, count, seed, step)),
        distance_protocol | protocol,
        count,
        frechet,
    )
