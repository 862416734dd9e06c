"""Inception score: confident and varied predictions (Salimans et al. 2016, section 4)."""

from typing import NamedTuple

import numpy as np
import scipy

from jgan.metrics.pairwise import as_features


class InceptionScore(NamedTuple):
    """Mean and population standard deviation over the splits, which is 0 for one split."""

    mean: float
    std: float


def inception_score(probabilities: object, splits: int = 10, seed: int = 0) -> InceptionScore:
    """exp(E_x KL(p(y|x) ‖ p(y))), with p(y) taken in each of ``splits`` random parts.

    The published codes take contiguous parts of samples that come in random order; of examples sorted by
    class such parts hold a class or two, and the score would be that of the order.

    It has this name for Inception's classes only. The official graph has 1008 outputs without bias;
    other codes take 1000 classes, which changes the score.

    Args:
      probabilities: ``(N, K)``, rows that sum to 1.
      splits: 10 as in the paper; 1 is also in use and gives higher scores for small N.
      seed: of the parts.

    Raises:
      ValueError: if rows do not sum to 1, or there are fewer than two examples for each split (the score of
        one example is 1 whatever it shows).

    >>> inception_score(np.eye(4), splits=1).mean
    4.0
    """
    rows = as_features(probabilities, "probabilities")
    if rows.min() < 0 or np.abs(rows.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError(
            "probabilities has rows that do not sum to 1; give the classifier's softmax."
        )
    if not 1 <= splits <= len(rows) // 2:
        raise ValueError(
            f"splits is {splits}, but must be 1 to half the number of examples, {len(rows) // 2}."
        )
    shuffled = np.random.default_rng(seed).permutation(len(rows))
    scores = []
    for chosen in np.array_split(shuffled, splits):
        part = rows[chosen]
        scores.append(
            np.exp(np.mean(np.sum(scipy.special.rel_entr(part, part.mean(axis=0)), axis=1)))
        )
    return InceptionScore(float(np.mean(scores)), float(np.std(scores)))
