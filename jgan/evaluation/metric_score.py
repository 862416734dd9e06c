"""A score by a metric of `jgan evaluate`, for sweeps that are to be decided by another one than the usual."""

import functools
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from jgan.data import Source
from jgan.errors import UserError
from jgan.evaluation.collect import FEATURES, IMAGES, MOMENTS, Collected, NotFinite, collect
from jgan.evaluation.extractors import get_extractor
from jgan.evaluation.metric import Evidence, Value
from jgan.evaluation.metric_table import DENSITY, METRICS, get_metrics
from jgan.evaluation.reference import measurable, reference_statistics
from jgan.evaluation.samples import AT_ONCE, sampler
from jgan.evaluation.score import COUNT, Scorer
from jgan.features.extractor import Extractor
from jgan.files import cache_folder
from jgan.metrics.subsets import draw_rows, stream
from jgan.training.experiment import Experiment
from jgan.training.stages import Stage

GATHERED = frozenset({FEATURES, MOMENTS, IMAGES})


class ScoreMetric(NamedTuple):
    """A number that is a score.

    Attributes:
      metric: its short name in `jgan.evaluation.metric_table.METRICS`.
      value: the name of the one among the metric's numbers.
      better: "lower" or "higher".
    """

    metric: str
    value: str
    better: str


def score_metric(name: str, source: Source, count: int = COUNT) -> ScoreMetric:
    """The number that ``METRIC`` or ``METRIC:NUMBER`` names, such as ``kid`` or ``prdc:recall``.

    The metric is computed once of real examples, so that what it lacks is found before anything is trained.

    Args:
      name: of a metric, and the beginning of the name of one of its numbers if it has several.
      source: that samples are compared with.
      count: samples of each score.

    Raises:
      UserError: if there is no such metric or number, it needs what a sweep has not (a classifier, a walk
        through latents, held-out data, a density), or neither side of it is better.
    """
    metric, _, number = name.partition(":")
    metric = metric.strip()
    (entry,) = get_metrics([metric]).values()
    missing = sorted(entry.needs - GATHERED - ({DENSITY} if source.density is not None else set()))
    if source.points and IMAGES in entry.needs:
        missing.append("pictures")
    if missing:
        possible = [
            other
            for other, own in METRICS.items()
            if own.needs <= GATHERED and not (source.points and IMAGES in own.needs)
        ]
        raise UserError(
            f"--metric is {metric!r}, which needs more than samples and data ({', '.join(missing)}); a sweep's "
            f"may be {', '.join(possible)}, and jgan evaluate measures kept members by all others."
        )
    examples = measurable(source)
    rows = draw_rows(len(examples), count, stream(0, "reference"), source.class_labels)
    parts = (examples[rows[start : start + AT_ONCE]] for start in range(0, len(rows), AT_ONCE))
    found = _Measure(metric, source, _extractor_of(source), 0)(parts, len(rows))
    words = number.strip().lower()
    exact = [value for value in found if value.name.lower() == words]
    named = exact or [value for value in found if value.name.lower().startswith(words)]
    if len(named) != 1:
        names = ", ".join(value.name for value in found)
        raise UserError(
            f"--metric is {name!r}, which is {len(named)} numbers, but must be one: write METRIC:NUMBER for "
            f"one of {names}."
        )
    if not named[0].better:
        raise UserError(
            f"--metric is {name!r}, but neither side of {named[0].name!r} is better, so that no score can be "
            "made of it."
        )
    return ScoreMetric(metric, named[0].name, named[0].better)


def metric_scorer(
    experiment: Experiment | Stage,
    chosen: ScoreMetric,
    *,
    count: int = COUNT,
    view: str = "samples",
    seed: int = 0,
) -> Scorer:
    """The score of a game by a metric; as `jgan.evaluation.score.scorer`, but for where better is.

    Samples that are not finite have the worst score there is.

    Args:
      experiment: game and source.
      chosen: by `score_metric`.
      count: samples of each call.
      view: of the game.
      seed: of the samples and of every choice that the metric makes.
    """
    source = experiment.source
    known = _extractor_of(source)
    measure = _Measure(chosen.metric, source, known, seed)
    draw = sampler(experiment.game, source, view)

    def of_samples(batches: Iterator[np.ndarray]) -> float:
        try:
            found = measure(batches, count)
        except NotFinite:
            return float("-inf" if chosen.better == "higher" else "inf")
        return next(value.value for value in found if value.name == chosen.value)

    features = {"weights_sha256": known.sha256, "resize": known.resize} if known else {}
    protocol = {
        "distance": chosen.value,
        "metric": chosen.metric,
        "better": chosen.better,
        **features,
        "samples": count,
        "view": view,
        "reference": source.name,
        "seed": seed,
    }
    return Scorer(
        lambda variables, step: of_samples(draw(variables, count, seed, step)),
        protocol,
        count,
        of_samples,
    )


def _extractor_of(source: Source) -> Extractor | None:
    return None if source.points else get_extractor()


class _Measure:
    """A metric of samples against a source, whose statistics are gathered once."""

    def __init__(self, metric: str, source: Source, extractor: Extractor | None, seed: int) -> None:
        self._metric, self._source, self._seed = METRICS[metric], source, seed
        self._extractor = extractor
        self._gathered = self._metric.needs & GATHERED

    def __call__(self, batches: Iterator[np.ndarray], total: int) -> list[Value]:
        fake = collect(batches, self._extractor, self._gathered, seed=self._seed, total=total)
        evidence = Evidence(
            fake,
            self._reference,
            extractor=self._extractor,
            density=self._source.density,
            classes=self._source.num_classes,
            seed=self._seed,
        )
        try:
            return self._metric.measure(evidence).values
        except UserError:
            raise
        except ValueError as error:
            raise UserError(str(error)) from error

    @functools.cached_property
    def _reference(self) -> Collected:
        statistics, _ = reference_statistics(
            measurable(self._source),
            self._extractor,
            self._gathered,
            labels=self._source.class_labels,
            seed=self._seed,
            cache=cache_folder("references"),
        )
        return statistics
