"""Nearest neighbours in the training set: has the generator memorised it?"""

from dataclasses import dataclass

import numpy as np
import scipy

from jgan.metrics.pairwise import as_features, check_pair, nearest


@dataclass(frozen=True, eq=False)
class Memorisation:
    """How samples lie to the training examples.

    Attributes:
      index: of the nearest training example of each sample, ``(M,)``.
      distance: to it, ``(M,)``.
      authenticity: share of samples farther from their nearest training example than that one is from
        its own nearest; about ½ for a good model, 0 for copies (Alaa et al. 2022, section 3.3).
      ratio: median distance of samples to the training set over that of held-out examples, about 1 for a
        good model; NaN without held-out examples.
      copying: Mann-Whitney z of the samples' distances against the held-out examples': far below 0 means
        samples lie nearer to the training set than new data do (the C_T of Meehan, Chaudhuri &
        Dasgupta 2020, section 3, for the whole space as one cell); NaN without held-out examples.
    """

    index: np.ndarray
    distance: np.ndarray
    authenticity: float
    ratio: float
    copying: float


def mann_whitney_z(first: np.ndarray, second: np.ndarray) -> float:
    """Standardised Mann-Whitney U: below 0 if values of ``first`` tend to be the smaller ones."""
    n, m = len(first), len(second)
    ranks = scipy.stats.rankdata(np.concatenate([first, second]))[:n]
    u = ranks.sum() - n * (n + 1) / 2
    return float((u - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12))


def memorisation(samples: object, training: object, held_out: object | None = None) -> Memorisation:
    """Compare samples' distances to the training set with those of the training set and of new data.

    Args:
      samples: features ``(M, d)``.
      training: features ``(N, d)`` of what the generator was trained on, all of it at best.
      held_out: features of real examples that it was not trained on, or None.

    Raises:
      ValueError: if the features do not fit together, or there are fewer than 2 training examples.

    >>> found = memorisation([[0.0], [10.2]], [[0.0], [1.0], [10.0]], [[0.4], [12.0]])
    >>> found.index.tolist(), found.authenticity, round(found.ratio, 3)
    ([0, 2], 0.0, 0.083)
    """
    x, real = as_features(samples, "samples"), as_features(training, "training")
    check_pair(x, real)
    indices, distances = nearest(x, real)
    index, distance = indices[:, 0], distances[:, 0]
    met, place = np.unique(index, return_inverse=True)
    # Of the training examples only those that are some sample's nearest are asked for their own nearest.
    others, far = nearest(real[met], real, 2)
    own = np.where(others[:, 0] == met, far[:, 1], far[:, 0])
    authenticity = float(np.mean(distance > own[place]))
    if held_out is None:
        return Memorisation(index, distance, authenticity, float("nan"), float("nan"))
    new = nearest(as_features(held_out, "held_out"), real)[1][:, 0]
    middle = float(np.median(new))
    ratio = float(np.median(distance)) / middle if middle > 0 else float("nan")
    return Memorisation(index, distance, authenticity, ratio, mann_whitney_z(distance, new))
