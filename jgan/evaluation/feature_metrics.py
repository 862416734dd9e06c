"""Metrics of features and of predicted classes, as entries of the table in `jgan.evaluation.metric_table`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from jgan.evaluation.metric import (
    OVER_SPLITS,
    OVER_SUBSETS,
    STANDARD_ERROR,
    Evidence,
    Measurement,
    Value,
    as_many,
    present,
)
from jgan.metrics.accumulator import moments_of
from jgan.metrics.classifier_two_sample import logistic_test, nearest_neighbour_test
from jgan.metrics.frechet import (
    expected_bias,
    frechet_at_infinity,
    precise_frechet_distance,
    simulated_bias,
)
from jgan.metrics.inception_score import inception_score
from jgan.metrics.kid import kernel_distance
from jgan.metrics.mmd import gaussian_mmd2
from jgan.metrics.modes import (
    CONFIDENT,
    class_coverage,
    confident_share,
    kl_floor,
    stacked_predictions,
)
from jgan.metrics.neighbours import memorisation
from jgan.metrics.per_class import class_accuracy, intra_class_diversity
from jgan.metrics.prdc import empty_balls, expected_coverage, prdc
from jgan.metrics.sliced_wasserstein import sliced_wasserstein
from jgan.metrics.subsets import halves, stream
from jgan.metrics.wasserstein import wasserstein

NEIGHBOURS = 5
COMPARED = 10_000
SMALL = 2000
PAIRS = 16
NOTABLE = 0.1
"""Share of a Fréchet distance from which its bias is told."""
EXTRAPOLATED = 10
"""Samples for each feature from which the extrapolated distance is recommended."""
LEAST_IN_SPLIT = 10


def _features(evidence: Evidence, metric: str) -> tuple[np.ndarray, np.ndarray]:
    what = "features of the samples and of the reference"
    return (
        present(evidence.samples.features, metric, what),
        present(evidence.reference.features, metric, what),
    )


def _as_many(evidence: Evidence, metric: str, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of as many samples as reference examples, at most ``most`` of each."""
    labels = evidence.samples.labels, evidence.reference.labels
    return as_many(*_features(evidence, metric), labels, most, evidence.seed)


def frechet(evidence: Evidence) -> Measurement:
    """Fréchet distance of all samples from all of the reference; FID with Inception."""
    sets = [
        present(part.moments, "fd", "moments") for part in (evidence.samples, evidence.reference)
    ]
    fits = [moments_of(part) for part in sets]
    dimension = len(fits[1].mean)
    name = evidence.named("FID", "Fréchet distance")
    bias = 0.0
    for part in sets:
        below = part.count <= dimension
        bias += (
            simulated_bias(fits[1], part.count, evidence.seed)
            if below
            else expected_bias(fits[1].covariance, part.count)
        )
    value = precise_frechet_distance(fits[0], fits[1])
    warnings = _about_bias(name, value, bias, (sets[0].count, sets[1].count), dimension)
    return Measurement(
        [Value(name, value, settings={"dimension": dimension, "bias": bias})], warnings
    )


def _about_bias(
    name: str, value: float, bias: float, counts: tuple[int, int], dimension: int
) -> list[str]:
    """What must be read with a Fréchet distance: how much of it a perfect generator would have, too."""
    if bias == 0:
        return [
            f"all examples of the reference have the same features: {name} is the samples' mean squared "
            "distance from that one point."
        ]
    if min(counts) <= dimension:
        # A bias measured on a reference that is itself too small is the bias of a flatter Gaussian.
        about = "at least" if counts[1] <= dimension else "about"
        return [
            f"{min(counts):,} examples are too few for {dimension:,} features: the covariance is singular and "
            f"{name} {about} {bias:.3g} too large, even for a perfect generator; take more than "
            f"{dimension:,} examples, better ten times as many, or kid, which has no such bias."
        ]
    if bias > NOTABLE * value:
        # The bias is a line in 1/N, which fd_inf follows, only far above the dimension.
        line = "fd_inf, which extrapolates to infinitely many samples, or "
        return [
            f"about {bias:.3g} of {name} is the bias of {counts[0]:,} and {counts[1]:,} examples in "
            f"{dimension:,} features, which a perfect generator has, too; take more examples, "
            f"{line if counts[0] >= EXTRAPOLATED * dimension else 'or '}kid, which has no such bias."
        ]
    return []


def frechet_infinite(evidence: Evidence) -> Measurement:
    """Fréchet distance extrapolated to infinitely many samples (Chong & Forsyth 2020)."""
    features = present(evidence.samples.features, "fd_inf", "features of the samples")
    moments = moments_of(present(evidence.reference.moments, "fd_inf", "the reference's moments"))
    found = frechet_at_infinity(features, moments, seed=evidence.seed)
    settings = {"sizes": found.counts.tolist(), "slope": found.slope, "spread": STANDARD_ERROR}
    name = evidence.named("FID∞", "Fréchet distance∞")
    return Measurement([Value(name, found.value, found.std, settings=settings)])


def kernel(evidence: Evidence) -> Measurement:
    """Unbiased kernel distance, 100 subsets of 1000; KID with Inception."""
    found = kernel_distance(*_features(evidence, "kid"), seed=evidence.seed)
    settings: dict[str, Any] = {"subsets": found.subsets, "size": found.size}
    name = evidence.named("KID", "kernel distance")
    if found.subsets == 1:
        return Measurement([Value(name, found.mean, settings=settings)])
    settings["spread"] = OVER_SUBSETS
    return Measurement([Value(name, found.mean, found.std, settings=settings)])


def class_score(evidence: Evidence) -> Measurement:
    """Inception score in 10 random splits; a class score where the classes are not Inception's."""
    chances = present(evidence.samples.probabilities, "is", "probabilities of classes")
    count, classes = chances.shape
    splits = max(1, min(10, count // LEAST_IN_SPLIT))
    found = inception_score(chances, splits, seed=evidence.seed)
    settings: dict[str, Any] = {"splits": splits, "classes": classes}
    name = evidence.named("Inception score", "class score")
    warnings = []
    if count // splits < classes:
        warnings.append(
            f"{name} of {count // splits:,} examples in a split cannot exceed {count // splits:,} and is too "
            f"low, as there are {classes:,} classes; 50,000 samples are usual."
        )
    if splits == 1:
        return Measurement([Value(name, found.mean, None, "higher", settings)], warnings)
    settings["spread"] = OVER_SPLITS
    return Measurement([Value(name, found.mean, found.std, "higher", settings)], warnings)


def manifolds(evidence: Evidence) -> Measurement:
    """Precision, recall, density and coverage in balls of 5 neighbours, as many samples as real."""
    fake, real = _as_many(evidence, "prdc", COMPARED)
    found = prdc(real, fake, min(NEIGHBOURS, len(real) - 1))
    settings = {"k": min(NEIGHBOURS, len(real) - 1), "samples": len(fake), "reference": len(real)}
    ideal = expected_coverage(len(real), len(fake), settings["k"])
    warnings = []
    empty = empty_balls(real, settings["k"])
    if empty > 0:
        undefined = "are not defined" if empty == 1 else "cannot reach their ideal values"
        warnings.append(
            f"{empty:.1%} of the reference's examples equal their {settings['k']} nearest others, so that "
            f"their balls are empty: density and coverage {undefined}."
        )
    return Measurement(
        [
            Value(evidence.named(name, name), value, None, "higher", {**settings, **more})
            for name, value, more in (
                ("precision", found.precision, {}),
                ("recall", found.recall, {}),
                ("density", found.density, {}),
                ("coverage", found.coverage, {"of equal laws": ideal}),
            )
        ],
        warnings,
    )


def discrepancy(evidence: Evidence) -> Measurement:
    """Unbiased squared MMD with Gaussian kernels at the median distance and half and twice that."""
    fake, real = _as_many(evidence, "mmd", COMPARED)
    name = evidence.named("squared MMD", "squared MMD")
    value = gaussian_mmd2(fake, real, seed=evidence.seed)
    return Measurement([Value(name, value, settings={"samples": len(fake)})])


def two_sample(evidence: Evidence) -> Measurement:
    """Accuracy of classifiers that tell samples from real examples: 1-NN and logistic regression."""
    fake, real = _as_many(evidence, "c2st", COMPARED)
    near, line = nearest_neighbour_test(real, fake), logistic_test(real, fake, seed=evidence.seed)
    settings = {"samples": len(fake), "ideal": 0.5}
    by_class = {"real": near.real, "fake": near.fake}
    names = [
        evidence.named(f"{kind} two-sample accuracy", f"{kind} two-sample accuracy")
        for kind in ("1-NN", "logistic")
    ]
    return Measurement(
        [
            Value(names[0], near.accuracy, None, "", {**settings, **by_class}),
            Value(names[1], line.accuracy, None, "lower", {**settings, "p_value": line.p_value}),
        ]
    )


def sliced(evidence: Evidence) -> Measurement:
    """Sliced Wasserstein distance of the features."""
    fake, real = _as_many(evidence, "sw", COMPARED)
    name = evidence.named("sliced Wasserstein", "sliced Wasserstein")
    value = sliced_wasserstein(fake, real, seed=evidence.seed)
    return Measurement([Value(name, value, settings={"samples": len(fake), "directions": 512})])


def exact_wasserstein(evidence: Evidence) -> Measurement:
    """Exact Wasserstein distance of at most 2,000 samples, beside that of two real halves."""
    fake, real = _as_many(evidence, "w1", SMALL)
    every = _features(evidence, "w1")[1]
    half = min(len(fake), len(every) // 2)
    settings: dict[str, float] = {"samples": len(fake)}
    if half:
        rng = stream(evidence.seed, "real halves")
        one, other = halves(len(every), half, rng, evidence.reference.labels)
        settings["between two real halves"] = wasserstein(every[one], every[other])
    name = evidence.named("Wasserstein", "Wasserstein")
    return Measurement([Value(name, wasserstein(fake, real), settings=settings)])


def nearest_training(evidence: Evidence) -> Measurement:
    """Distances to the nearest training example: authenticity, and against new data where there are."""
    fake, real = _features(evidence, "nn")
    new = None if evidence.held_out is None else evidence.held_out.features
    found = memorisation(fake, real, new)
    count = {"samples": len(fake), "training": len(real)}
    values = [
        Value(evidence.named("authenticity", "authenticity"), found.authenticity, None, "", count)
    ]
    if new is not None:
        more = {**count, "held out": len(new)}
        values += [
            Value(evidence.named(name, name), value, None, "", more)
            for name, value in (
                ("distance to training over held-out's", found.ratio),
                ("copying z", found.copying),
            )
        ]
    return Measurement(values, pairs=_nearest_pairs(evidence, found.index, found.distance))


def _nearest_pairs(
    evidence: Evidence, index: np.ndarray, distance: np.ndarray
) -> np.ndarray | None:
    """Images of the samples nearest to a training image, beside it, of those images that were kept."""
    fake, real = evidence.samples, evidence.reference
    if fake.images is None or real.images is None or fake.images.shape[1:] != real.images.shape[1:]:
        return None
    assert fake.image_rows is not None
    assert real.image_rows is not None
    place = np.full(real.count, -1)
    place[real.image_rows] = np.arange(len(real.images))
    neighbour = place[index[fake.image_rows]]
    known = np.flatnonzero(neighbour >= 0)
    order = known[np.argsort(distance[fake.image_rows][known], kind="stable")][:PAIRS]
    if not len(order):
        return None
    return np.stack([fake.images[order], real.images[neighbour[order]]], axis=1)


def renumbered(labels: np.ndarray, names: Sequence[str], known: Sequence[str]) -> np.ndarray:
    """Labels of one table of classes as those of another, by the classes' names.

    Names that are numbers stand for these numbers where the other table has words.

    Args:
      labels: int ``(N,)``.
      names: of their classes; empty for labels that count as they are.
      known: names of the other table; empty likewise.

    Raises:
      ValueError: if a class that occurs is not known.

    >>> renumbered(np.asarray([0, 1]), ("cat", "emu"), ("cat", "dog", "emu")).tolist()
    [0, 2]
    >>> renumbered(np.asarray([0, 1]), ("0", "2"), ("cat", "dog", "emu")).tolist()
    [0, 2]
    """
    if not names or not known:
        return labels
    places = {name: number for number, name in enumerate(known)}
    if all(name.isdecimal() for name in names) and not all(name.isdecimal() for name in known):
        places = {str(number): number for number in range(len(known))}
    for label in np.unique(labels):
        if names[label] not in places:
            raise ValueError(
                f"the samples are of class {names[label]!r}, but the classifier knows only "
                f"{', '.join(known)}; train one on these classes."
            )
    return np.asarray([places.get(name, -1) for name in names])[labels]


def accuracy(evidence: Evidence) -> Measurement:
    """Share of samples that the extractor's classifier puts into the class they were made for."""
    chances = present(evidence.samples.probabilities, "accuracy", "probabilities of classes")
    labels = present(evidence.samples.labels, "accuracy", "labels of the samples")
    known = () if evidence.extractor is None else evidence.extractor.classes
    found = class_accuracy(chances, renumbered(labels, evidence.names, known))
    return Measurement(
        [Value(evidence.named("class accuracy", "class accuracy"), found.accuracy, None, "higher")]
    )


def diversity(evidence: Evidence) -> Measurement:
    """Spread within a class, over that of the reference: 1 is as varied, 0 is one picture a class."""
    what = "labels of samples and reference"
    labels = [
        present(part.labels, "diversity", what) for part in (evidence.samples, evidence.reference)
    ]
    fake, real = (
        intra_class_diversity(features, label)
        for features, label in zip(_features(evidence, "diversity"), labels, strict=True)
    )
    name = evidence.named("intra-class diversity", "intra-class diversity")
    settings = {"samples": fake, "reference": real}
    return Measurement(
        [Value(name, fake / real if real > 0 else float("nan"), None, "higher", settings)]
    )


def class_shares(evidence: Evidence) -> Measurement:
    """Classes found among the samples, the share of confident ones, KL of the classes' shares."""
    what = "probabilities of classes"
    made = present(evidence.samples.probabilities, "kl", what)
    fake = made.argmax(axis=1)
    chances = present(evidence.reference.probabilities, "kl", what)
    shares = np.bincount(chances.argmax(axis=1), minlength=chances.shape[1]) / len(chances)
    found = class_coverage(fake, len(shares), shares)
    held = int(np.sum(shares > 0))
    settings = {"reference": held, "floor": kl_floor(held, len(fake))}
    return Measurement(
        [
            Value(evidence.named("classes", "classes"), found.modes, None, "higher", settings),
            _confident(evidence.named("confident share", "confident share"), made, chances),
            Value(
                evidence.named("KL of classes", "KL of classes"), found.kl, None, "lower", settings
            ),
        ]
    )


def stacked(evidence: Evidence) -> Measurement:
    """Stacked MNIST: how many of 1000 triples of digits appear, share of confident ones, KL from uniform."""
    what = "probabilities of digits for each channel"
    digits = []
    for part in (evidence.samples, evidence.reference):
        chances = present(part.probabilities, "stacked", what)
        digits.append(chances.reshape(len(chances), 3, -1))
    fake, real = (class_coverage(stacked_predictions(own.argmax(axis=2)), 1000) for own in digits)
    settings = {"floor": kl_floor(1000, evidence.samples.count), "samples": evidence.samples.count}
    return Measurement(
        [
            Value(
                "Stacked-MNIST modes",
                fake.modes,
                None,
                "higher",
                {"reference": real.modes, **settings},
            ),
            Value(
                "Stacked-MNIST modes, solid",
                fake.solid,
                None,
                "higher",
                {"reference": real.solid, "least share": 0.25, **settings},
            ),
            _confident("Stacked-MNIST confident share", *digits),
            Value("Stacked-MNIST KL", fake.kl, None, "lower", {"reference": real.kl, **settings}),
        ]
    )


def _confident(name: str, fake: np.ndarray, real: np.ndarray) -> Value:
    settings = {"reference": confident_share(real), "least probability": CONFIDENT}
    return Value(name, confident_share(fake), None, "higher", settings)
