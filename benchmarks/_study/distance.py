"""The distance that every model of the study is measured by, and what it is called."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from jgan.data import Source
from jgan.evaluation.collect import MOMENTS, NotFinite, collect
from jgan.evaluation.metric import present
from jgan.evaluation.reference import reference_statistics
from jgan.evaluation.samples import sampler
from jgan.features.extractor import Extractor
from jgan.files import cache_folder
from jgan.metrics.accumulator import moments_of
from jgan.metrics.frechet import factor, precise_frechet_distance
from jgan.metrics.subsets import draw_rows, stream
from jgan.runs.images import encode_png, grid
from jgan.training.experiment import Experiment, Trained

NEEDS = frozenset({MOMENTS})
DISTANCE = "distance"
PICTURES = 64


class Distance:
    """Fréchet distance of samples from the test set.

    The samples are those of the trained generator itself, not of an average, with running statistics.

    Args:
      extractor: of features.
      test: the images that samples are compared with.
      count: samples of each model; all models get the same latents.
    """

    def __init__(self, extractor: Extractor, test: Source, count: int) -> None:
        self.extractor, self.count, self.reference = extractor, count, test.size
        statistics, self.test_sha256 = reference_statistics(
            test.arrays["image"], extractor, NEEDS, cache=cache_folder("references")
        )
        self._fit = moments_of(present(statistics.moments, "fd", "moments"))
        self._root = factor(self._fit.covariance)
        self._experiment: Experiment | None = None
        self._draw: Callable[[Any, int, int], Iterator[np.ndarray]] | None = None

    @property
    def name(self) -> str:
        """FID for Inception's features only."""
        name = self.extractor.name
        return "FID" if name.startswith("inception") else f"Fréchet distance in {name} features"

    def __call__(self, trained: Trained) -> dict[str, float]:
        """The distance of a model; infinity if a sample is not finite."""
        samples = self._sampler(trained)(trained.state.variables, self.count, 0)
        return {DISTANCE: self._of(samples)}

    def floor(self, train: Source) -> float:
        """The distance of as many training images, drawn by class, which no model can be asked to beat."""
        chosen = draw_rows(train.size, self.count, stream(0, "floor"), train.class_labels)
        return self._of(iter([train.arrays["image"][chosen]]))

    def picture(self, trained: Trained) -> bytes:
        """Samples as a PNG file."""
        images = next(self._sampler(trained)(trained.state.variables, PICTURES, 0))
        return encode_png(grid(images))

    def about(self) -> dict[str, Any]:
        """The protocol of the distance."""
        return {
            "name": self.name,
            "extractor": self.extractor.name,
            "extractor_sha256": self.extractor.sha256,
            "resize": self.extractor.resize,
            "samples": self.count,
            "test images": self.reference,
            "test images sha256": self.test_sha256,
        }

    def _of(self, images: Iterator[np.ndarray]) -> float:
        try:
            found = collect(images, self.extractor, NEEDS)
        except NotFinite:
            return float("inf")
        fit = moments_of(present(found.moments, "fd", "moments"))
        return precise_frechet_distance(self._fit, fit, self._root)

    def _sampler(self, trained: Trained) -> Callable[[Any, int, int], Iterator[np.ndarray]]:
        """The experiment's sampler, compiled once for all members of a population."""
        experiment = trained.experiment
        if self._draw is None or experiment is not self._experiment:
            self._experiment = experiment
            self._draw = sampler(experiment.game, experiment.source)
        return self._draw
