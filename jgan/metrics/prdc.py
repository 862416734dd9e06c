"""Precision, recall, density and coverage of samples against real examples, in balls of neighbours."""

from collections import Counter
from typing import NamedTuple

import numpy as np

from jgan.metrics.pairwise import as_features, check_pair, distance_blocks, neighbour_radii


class PRDC(NamedTuple):
    """Shares of samples inside the real balls and of real examples inside the samples' balls.

    Attributes:
      precision: samples inside some real ball (Kynkäänniemi et al. 2019, equation 2).
      recall: real examples inside some sample's ball.
      density: real balls around a sample, over k; may exceed 1 (Naeem et al. 2020, equation 4).
      coverage: real balls that hold a sample (Naeem et al. 2020, equation 5).

    Density and coverage are NaN if every real ball is empty, see `empty_balls`.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(real: object, fake: object, k: int = 5) -> PRDC:
    """All four with balls that reach to the k-th nearest other example of their own set.

    Precision and recall count the border in, density and coverage do not, as in the two papers;
    Kynkäänniemi et al. use k = 3 and VGG features, Naeem et al. k = 5.

    Args:
      real: features ``(N, d)``.
      fake: features ``(M, d)``.
      k: which neighbour sets the radius, smaller than both N and M.

    Raises:
      ValueError: if k is out of range or the features do not fit together.

    >>> prdc([[0.0], [1.0], [2.0], [3.0], [10.0]], [[0.5], [2.5], [9.0], [20.0]], k=1)
    PRDC(precision=0.75, recall=1.0, density=1.25, coverage=1.0)
    """
    x, y = as_features(real, "real"), as_features(fake, "fake")
    check_pair(x, y)
    real_radii, fake_radii = neighbour_radii(x, k), neighbour_radii(y, k)
    inside_real = np.zeros(len(y), bool)
    inside_fake = np.zeros(len(x), bool)
    balls = 0
    covered = 0
    for part, distances in distance_blocks(x, y):
        radii = real_radii[part, None]
        inside_real |= (distances <= radii).any(axis=0)
        inside_fake[part] = (distances <= fake_radii).any(axis=1)
        strictly = distances < radii
        balls += int(strictly.sum())
        covered += int(strictly.any(axis=1).sum())
    density, coverage = balls / (k * len(y)), covered / len(x)
    if not real_radii.any():
        density = coverage = float("nan")
    return PRDC(float(inside_real.mean()), float(inside_fake.mean()), density, coverage)


def empty_balls(real: object, k: int = 5) -> float:
    """Share of examples that equal k others: their balls have radius 0, and no sample lies inside.

    >>> empty_balls([[1.0], [1.0], [1.0], [2.0]], k=2)
    0.75
    """
    x = as_features(real, "real")
    copies = Counter(row.tobytes() for row in x)
    return sum(count for count in copies.values() if count > k) / len(x)


def realism(real: object, fake: object, k: int = 3) -> np.ndarray:
    """For every sample the largest radius over distance, ``(M,)``; 1 or more means inside some real ball.

    After Kynkäänniemi et al. 2019, equation 3. Balls larger than the median radius are left out, as
    there: they lie where the real examples are sparse. A sample equal to a real example has infinity.
    """
    x, y = as_features(real, "real"), as_features(fake, "fake")
    check_pair(x, y)
    radii = neighbour_radii(x, k)
    kept = radii <= np.median(radii)
    best = np.zeros(len(y))
    sized = radii[kept]
    for part, distances in distance_blocks(x[kept], y):
        with np.errstate(divide="ignore"):
            ratio = np.where(distances > 0, sized[part, None] / distances, np.inf)
        best = np.maximum(best, ratio.max(axis=0))
    return best


def expected_coverage(real_count: int, fake_count: int, k: int = 5) -> float:
    """E[coverage] of two draws from one law, 1 - Π_{j=1..k} (N-j)/(M+N-j), for any law with a density.

    >>> print(f"{expected_coverage(1000, 1000):.5f}")  # tends to 1 - 2**-5
    0.96898
    """
    steps = np.arange(1, k + 1)
    return float(1 - np.prod((real_count - steps) / (fake_count + real_count - steps)))
