"""Conditional generation: do samples show their class, and do they vary within it?"""

from typing import NamedTuple

import numpy as np

from jgan.metrics.pairwise import as_features


class ClassAccuracy(NamedTuple):
    """Share of samples that a classifier puts into the class they were made for.

    Attributes:
      accuracy: of all samples.
      by_class: for each class, ``(K,)``; NaN for a class without samples.
    """

    accuracy: float
    by_class: np.ndarray


def class_accuracy(probabilities: object, labels: np.ndarray) -> ClassAccuracy:
    """How often the most probable class is the asked one (AC-GAN's check, Odena et al. 2017, section 4.1).

    Compare with the classifier's accuracy on real examples.

    Args:
      probabilities: ``(N, K)`` of a classifier trained on real examples.
      labels: classes that the samples were made for, ``(N,)``.

    Raises:
      ValueError: if the numbers of rows and labels differ, or a label is not in 0 .. K - 1.

    >>> class_accuracy([[0.9, 0.1], [0.8, 0.2]], np.array([0, 1])).accuracy
    0.5
    """
    rows = as_features(probabilities, "probabilities")
    labels = _labels(labels, len(rows))
    classes = rows.shape[1]
    if labels.max() >= classes:
        raise ValueError(f"a label is {labels.max()}, but the classifier has {classes} classes.")
    right = rows.argmax(axis=1) == labels
    counts = np.bincount(labels, minlength=classes)
    hits = np.bincount(labels, weights=right, minlength=classes)
    by_class = np.divide(hits, counts, out=np.full(classes, np.nan), where=counts > 0)
    return ClassAccuracy(float(right.mean()), by_class)


def intra_class_diversity(features: object, labels: np.ndarray) -> float:
    """Mean squared distance between two different examples of one class, averaged over the classes.

    It is twice the trace of a class's unbiased covariance, so no pairs are formed. Over the same number
    for real examples it tells how much of the variety within a class is left; 0 is one picture a class.

    Args:
      features: ``(N, d)``.
      labels: ``(N,)``; classes with a single example are left out.

    Raises:
      ValueError: if no class has two examples.

    >>> intra_class_diversity([[0.0], [2.0], [5.0], [6.0]], np.array([0, 0, 1, 1]))
    2.5
    """
    rows = as_features(features, "features")
    labels = _labels(labels, len(rows))
    groups = [rows[labels == label] for label in np.unique(labels)]
    diversities = [2 * float(group.var(axis=0, ddof=1).sum()) for group in groups if len(group) > 1]
    if not diversities:
        raise ValueError("no class has two examples; diversity within a class needs them.")
    return float(np.mean(diversities))


def _labels(labels: np.ndarray, count: int) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.shape != (count,) or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError(
            f"labels have shape {labels.shape} and dtype {labels.dtype}, but must be {count} integers >= 0."
        )
    return labels
