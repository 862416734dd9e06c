"""Can a classifier tell samples from real examples? (Lopez-Paz & Oquab 2017)."""

from typing import NamedTuple

import numpy as np
import scipy

from jgan.metrics.pairwise import as_features, check_pair, nearest
from jgan.metrics.subsets import draw_rows


class TwoSample(NamedTuple):
    """Accuracy of a classifier that tells the two sets apart; 0.5 means it cannot.

    Attributes:
      accuracy: mean of the two below.
      real: share of real examples called real.
      fake: share of samples called fake.
      p_value: of accuracy >= this under equal laws, N(½, 1/(4n)) on n held-out examples; NaN where the
        classifier has no held-out examples.
    """

    accuracy: float
    real: float
    fake: float
    p_value: float


def nearest_neighbour_test(real: object, fake: object, *, seed: int = 0) -> TwoSample:
    """Leave-one-out accuracy of the nearest neighbour among both sets (Xu et al. 2018, section 2).

    Near 0.5 for equal laws, 1 for sets far apart, and 0 for memorised examples: then the nearest
    neighbour of each is its copy in the other set. Of the larger set as many examples as the smaller has are
    drawn by ``seed``.

    Raises:
      ValueError: if the features do not fit together or there are fewer than 2 of each.

    >>> nearest_neighbour_test([[0.0], [1.0], [2.0]], [[9.0], [10.0], [11.0]]).accuracy
    1.0
    """
    x, y = _pair(real, fake, seed)
    both = np.concatenate([x, y])
    indices, _ = nearest(both, both, 2)
    own = np.arange(len(both))
    # An example's copy in the other set ties with itself at distance 0, in either order.
    other = np.where(indices[:, 0] == own, indices[:, 1], indices[:, 0])
    named_fake = other >= len(x)
    truly_fake = own >= len(x)
    right = named_fake == truly_fake
    return TwoSample(
        float(right.mean()),
        float(right[: len(x)].mean()),
        float(right[len(x) :].mean()),
        float("nan"),
    )


def logistic_test(
    real: object, fake: object, *, ridge: float = 1e-3, rounds: int = 25, seed: int = 0
) -> TwoSample:
    """Held-out accuracy of logistic regression, trained on one half of both sets and tested on the other.

    For N(0, I) against N(m, I) the best accuracy is Φ(|m|/2). Features are standardised; Newton's
    method minimises the mean logistic loss plus ``ridge``/2 times the squared weights.

    Args:
      real: features ``(N, d)``.
      fake: features ``(M, d)``; of the larger set as many examples as the smaller has are drawn.
      ridge: weight of the penalty, positive.
      rounds: of Newton's method at most.
      seed: of the halves and of that draw.

    Raises:
      ValueError: if the features do not fit together, there are fewer than 4 of each, or the ridge is not
        positive.
    """
    x, y = _pair(real, fake, seed)
    if len(x) < 4 or not ridge > 0:
        raise ValueError(
            f"ridge is {ridge} and there are {len(x)} examples of each; it must be positive, and 4 are needed."
        )
    rng = np.random.default_rng(seed)
    x, y = x[rng.permutation(len(x))], y[rng.permutation(len(y))]
    half = len(x) // 2
    train = np.concatenate([x[:half], y[:half]])
    mean, std = train.mean(axis=0), train.std(axis=0)

    def prepare(points: np.ndarray) -> np.ndarray:
        scaled = (points - mean) / np.where(std > 0, std, 1)
        return np.concatenate([scaled, np.ones((len(points), 1))], axis=1)

    weights = _fit(prepare(train), np.repeat([0.0, 1.0], half), ridge, rounds)
    called_real = float(np.mean(prepare(x[half:]) @ weights <= 0))
    called_fake = float(np.mean(prepare(y[half:]) @ weights > 0))
    accuracy = (called_real + called_fake) / 2
    held_out = 2 * (len(x) - half)
    p_value = float(scipy.stats.norm.sf((accuracy - 0.5) * 2 * np.sqrt(held_out)))
    return TwoSample(accuracy, called_real, called_fake, p_value)


def _pair(real: object, fake: object, seed: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = as_features(real, "real"), as_features(fake, "fake")
    check_pair(x, y)
    count = min(len(x), len(y))
    if count < 2:
        raise ValueError(f"the two sets have {len(x)} and {len(y)} examples; 2 of each are needed.")
    rng = np.random.default_rng(seed)
    return x[draw_rows(len(x), count, rng)], y[draw_rows(len(y), count, rng)]


def _fit(points: np.ndarray, target: np.ndarray, ridge: float, rounds: int) -> np.ndarray:
    """Weights of logistic regression by Newton's method; the last column of ``points`` is not penalised."""
    weights = np.zeros(points.shape[1])
    penalty = np.full(len(weights), ridge)
    penalty[-1] = 1e-9
    for _ in range(rounds):
        chance = scipy.special.expit(points @ weights)
        gradient = points.T @ (chance - target) / len(points) + penalty * weights
        variances = np.maximum(chance * (1 - chance), 1e-6) / len(points)
        curvature = (points * variances[:, None]).T @ points + np.diag(penalty)
        step = np.linalg.solve(curvature, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-4:
            break
    return weights
