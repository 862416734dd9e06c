"""Metrics of features and of predicted classes, as entries of the table in `jgan.evaluation.metrics`."""

import numpy as np

from jgan.evaluation.evidence import Evidence, Measured, Value, evenly, present, same_count
from jgan.metrics.accumulator import moments_of
from jgan.metrics.classifier_two_sample import logistic_test, nearest_neighbour_test
from jgan.metrics.conditional import class_accuracy, intra_class_diversity
from jgan.metrics.frechet import (
    expected_bias,
    frechet_at_infinity,
    precise_frechet_distance,
    simulated_bias,
)
from jgan.metrics.inception_score import inception_score
from jgan.metrics.kid import kernel_distance
from jgan.metrics.mmd import gaussian_mmd2
from jgan.metrics.modes import class_coverage, kl_floor, stacked_predictions
from jgan.metrics.neighbours import memorisation
from jgan.metrics.prdc import expected_coverage, prdc
from jgan.metrics.sliced_wasserstein import sliced_wasserstein
from jgan.metrics.wasserstein import wasserstein

NEIGHBOURS = 5
COMPARED = 10_000
SMALL = 2000
PAIRS = 16


def _features(evidence: Evidence, metric: str) -> tuple[np.ndarray, np.ndarray]:
    what = "features of the samples and of the reference"
    return (
        present(evidence.samples.features, metric, what),
        present(evidence.reference.features, metric, what),
    )


def frechet(evidence: Evidence) -> Measured:
    """Fréchet distance of all samples from all of the reference; FID with Inception."""
    sets = [
        present(part.moments, "fd", "moments") for part in (evidence.samples, evidence.reference)
    ]
    fits = [moments_of(part) for part in sets]
    dimension = len(fits[1].mean)
    name = evidence.named("FID", "Fréchet distance")
    small = [part.count for part in sets if part.count <= dimension]
    bias, warnings = 0.0, []
    for part in sets:
        below = part.count <= dimension
        bias += (
            simulated_bias(fits[1], part.count, evidence.seed)
            if below
            else expected_bias(fits[1].covariance, part.count)
        )
    if small:
        # A bias measured on a reference that is itself too small is the bias of a flatter Gaussian.
        about = "at least" if sets[1].count <= dimension else "about"
        warnings.append(
            f"{min(small):,} examples are too few for {dimension:,} features: the covariance is singular and "
            f"{name} {about} {bias:.3g} too large, even for a perfect generator; take more than "
            f"{dimension:,} examples, better ten times as many, or kid, which has no such bias."
        )
    value = precise_frechet_distance(fits[0], fits[1])
    return Measured([Value(name, value, settings={"dimension": dimension, "bias": bias})], warnings)


def frechet_infinite(evidence: Evidence) -> Measured:
    """Fréchet distance extrapolated to infinitely many samples (Chong & Forsyth 2020)."""
    features = present(evidence.samples.features, "fd_inf", "features of the samples")
    moments = moments_of(present(evidence.reference.moments, "fd_inf", "the reference's moments"))
    found = frechet_at_infinity(features, moments, seed=evidence.seed)
    settings = {"sizes": found.counts.tolist(), "slope": found.slope, "spread": "standard error"}
    name = evidence.named("FID∞", "Fréchet distance∞")
    return Measured([Value(name, found.value, found.std, settings=settings)])


def kernel(evidence: Evidence) -> Measured:
    """Unbiased kernel distance, 100 subsets of 1000; KID with Inception."""
    found = kernel_distance(*_features(evidence, "kid"), seed=evidence.seed)
    settings = {"subsets": found.subsets, "size": found.size, "spread": "deviation of the subsets"}
    spread = found.std if found.subsets > 1 else None
    return Measured(
        [Value(evidence.named("KID", "kernel distance"), found.mean, spread, settings=settings)]
    )


def score(evidence: Evidence) -> Measured:
    """Inception score in 10 splits; a class score where the classes are not Inception's."""
    chances = present(evidence.samples.probabilities, "is", "probabilities of classes")
    splits = min(10, len(chances))
    found = inception_score(chances, splits)
    settings = {"splits": splits, "classes": chances.shape[1], "spread": "deviation of the splits"}
    name = evidence.named("Inception score", "class score")
    return Measured([Value(name, found.mean, found.std, "higher", settings)])


def manifolds(evidence: Evidence) -> Measured:
    """Precision, recall, density and coverage in balls of 5 neighbours, as many samples as real."""
    fake, real = same_count(*_features(evidence, "prdc"), COMPARED)
    found = prdc(real, fake, min(NEIGHBOURS, len(real) - 1))
    settings = {"k": min(NEIGHBOURS, len(real) - 1), "samples": len(fake), "reference": len(real)}
    ideal = expected_coverage(len(real), len(fake), settings["k"])
    return Measured(
        [
            Value(evidence.named(name, name), value, None, "higher", {**settings, **more})
            for name, value, more in (
                ("precision", found.precision, {}),
                ("recall", found.recall, {}),
                ("density", found.density, {}),
                ("coverage", found.coverage, {"of equal laws": ideal}),
            )
        ]
    )


def discrepancy(evidence: Evidence) -> Measured:
    """Unbiased squared MMD with Gaussian kernels at the median distance and half and twice that."""
    fake, real = same_count(*_features(evidence, "mmd"), COMPARED)
    name = evidence.named("squared MMD", "squared MMD")
    return Measured([Value(name, gaussian_mmd2(fake, real), settings={"samples": len(fake)})])


def two_sample(evidence: Evidence) -> Measured:
    """Accuracy of classifiers that tell samples from real examples: 1-NN and logistic regression."""
    fake, real = same_count(*_features(evidence, "c2st"), COMPARED)
    near, line = nearest_neighbour_test(real, fake), logistic_test(real, fake, seed=evidence.seed)
    settings = {"samples": len(fake), "ideal": 0.5}
    by_class = {"real": near.real, "fake": near.fake}
    names = [
        evidence.named(f"{kind} two-sample accuracy", f"{kind} two-sample accuracy")
        for kind in ("1-NN", "logistic")
    ]
    return Measured(
        [
            Value(names[0], near.accuracy, None, "", {**settings, **by_class}),
            Value(names[1], line.accuracy, None, "lower", {**settings, "p_value": line.p_value}),
        ]
    )


def sliced(evidence: Evidence) -> Measured:
    """Sliced Wasserstein distance of the features."""
    fake, real = same_count(*_features(evidence, "sw"), COMPARED)
    name = evidence.named("sliced Wasserstein", "sliced Wasserstein")
    value = sliced_wasserstein(fake, real, seed=evidence.seed)
    return Measured([Value(name, value, settings={"samples": len(fake), "directions": 512})])


def exact_wasserstein(evidence: Evidence) -> Measured:
    """Exact Wasserstein distance of at most 2,000 samples, beside that of two real halves."""
    features = _features(evidence, "w1")
    fake, real = same_count(*features, SMALL)
    half = min(len(fake), len(features[1]) // 2)
    settings: dict[str, float] = {"samples": len(fake)}
    if half:
        halves = evenly(features[1], 2 * half)
        settings["between two real halves"] = wasserstein(halves[::2], halves[1::2])
    name = evidence.named("Wasserstein", "Wasserstein")
    return Measured([Value(name, wasserstein(fake, real), settings=settings)])


def nearest_training(evidence: Evidence) -> Measured:
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
    pairs = None
    images, originals = evidence.samples.images, evidence.reference.images
    if images is not None and originals is not None:
        known = np.flatnonzero(found.index[: len(images)] < len(originals))
        order = known[np.argsort(found.distance[known], kind="stable")][:PAIRS]
        if len(order) and images.shape[1:] == originals.shape[1:]:
            pairs = np.stack([images[order], originals[found.index[order]]], axis=1)
    return Measured(values, pairs=pairs)


def accuracy(evidence: Evidence) -> Measured:
    """Share of samples that the extractor's classifier puts into the class they were made for."""
    chances = present(evidence.samples.probabilities, "accuracy", "probabilities of classes")
    labels = present(evidence.samples.labels, "accuracy", "labels of the samples")
    found = class_accuracy(chances, labels)
    return Measured(
        [Value(evidence.named("class accuracy", "class accuracy"), found.accuracy, None, "higher")]
    )


def diversity(evidence: Evidence) -> Measured:
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
    return Measured(
        [Value(name, fake / real if real > 0 else float("nan"), None, "higher", settings)]
    )


def class_shares(evidence: Evidence) -> Measured:
    """Classes found among the samples, and KL of their shares from those of the reference."""
    what = "probabilities of classes"
    fake = present(evidence.samples.probabilities, "kl", what).argmax(axis=1)
    chances = present(evidence.reference.probabilities, "kl", what)
    shares = np.bincount(chances.argmax(axis=1), minlength=chances.shape[1]) / len(chances)
    found = class_coverage(fake, len(shares), shares)
    held = int(np.sum(shares > 0))
    settings = {"reference": held, "floor": kl_floor(held, len(fake))}
    return Measured(
        [
            Value(evidence.named("classes", "classes"), found.modes, None, "higher", settings),
            Value(
                evidence.named("KL of classes", "KL of classes"), found.kl, None, "lower", settings
            ),
        ]
    )


def stacked(evidence: Evidence) -> Measured:
    """Stacked MNIST: of 1000 triples of digits how many appear, and KL of their shares from uniform."""
    what = "probabilities of digits for each channel"
    found = []
    for part in (evidence.samples, evidence.reference):
        chances = present(part.probabilities, "stacked", what)
        digits = chances.reshape(len(chances), 3, -1).argmax(axis=2)
        found.append(class_coverage(stacked_predictions(digits), 1000))
    fake, real = found
    settings = {"floor": kl_floor(1000, evidence.samples.count), "samples": evidence.samples.count}
    return Measured(
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
            Value("Stacked-MNIST KL", fake.kl, None, "lower", {"reference": real.kl, **settings}),
        ]
    )
