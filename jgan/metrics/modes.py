"""Modes covered: of a known mixture (VEEGAN and PacGAN protocols), and of classes (Stacked MNIST)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy

HIGH_QUALITY = 1 - np.exp(-4.5)
"""Share of a perfect sampler's examples that are of high quality: 98.889 %."""
LEAST_SHARE = 0.25
"""Share of its due from which a mode or a class counts as solid."""


CONFIDENT = 0.9
"""Probability of its most probable class from which a classifier is sure of a sample."""


class ModeCoverage(NamedTuple):
    """How samples are spread over the modes of a mixture.

    Attributes:
      modes: modes that are nearest to at least one high-quality sample, as published. Read them with
        ``high_quality``: 21 good samples of 10,000 may be on 8 modes.
      solid: those whose high-quality samples are at least `LEAST_SHARE` of an even share, 1/K, of all samples.
      high_quality: share of samples within ``within`` standard deviations of their nearest mode.
      reverse_kl: KL in nats of the modes' shares of the high-quality samples from uniform; log K if
        there are none.
    """

    modes: jax.Array
    solid: jax.Array
    high_quality: jax.Array
    reverse_kl: jax.Array


def quality_radius(dimension: int, share: float = HIGH_QUALITY) -> float:
    """Radius in standard deviations that holds ``share`` of an isotropic Gaussian, by a chi-square quantile.

    The published 3 holds 98.9 % in two dimensions, 47 % in ten and none in a hundred, and 10 in a hundred
    dimensions holds half; the same share in any dimension makes the same perfect score.

    >>> [round(quality_radius(dimension), 3) for dimension in (1, 2, 1200)]
    [2.539, 3.0, 36.261]
    """
    return float(np.sqrt(scipy.stats.chi2.ppf(share, dimension)))


def mode_coverage(
    samples: jax.Array, modes: jax.Array, std: jax.Array | float, within: float | None = None
) -> ModeCoverage:
    """Count modes and high-quality samples (Srivastava et al. 2017, section 4.1; Lin et al. 2018).

    Args:
      samples: ``(N, d)``.
      modes: ``(K, d)``, the centres.
      std: of the components, a scalar or ``(K,)``.
      within: radius of "high quality" in standard deviations; by default `quality_radius` of the dimension,
        which is 3 in two dimensions. VEEGAN takes 10 for its 1200-dimensional mixture, where no perfect
        sample lies within 10.

    A perfect sampler reaches 1 - exp(-4.5) = 98.889 % within the default radius, and with N samples a reverse
    KL near (K - 1)/(2N).

    >>> points = jnp.array([[0.0, 0.0], [0.0, 0.01], [5.0, 5.0]])
    >>> coverage = mode_coverage(points, jnp.array([[0.0, 0.0], [1.0, 1.0]]), 0.01)
    >>> int(coverage.modes), round(float(coverage.high_quality), 4), round(float(coverage.reverse_kl), 4)
    (1, 0.6667, 0.6931)
    """
    count = modes.shape[0]
    within = quality_radius(samples.shape[1]) if within is None else within
    distances = jnp.linalg.norm(samples[:, None, :] - modes[None, :, :], axis=-1)
    nearest = jnp.argmin(distances, axis=1)
    radius = within * jnp.broadcast_to(jnp.asarray(std), (count,))[nearest]
    good = jnp.min(distances, axis=1) <= radius
    captured = jnp.zeros(count).at[nearest].add(good)
    total = jnp.sum(captured)
    shares = captured / jnp.maximum(total, 1)
    entropy_terms = jnp.where(
        shares > 0, shares * jnp.log(jnp.where(shares > 0, shares, 1) * count), 0
    )
    reverse_kl = jnp.where(total > 0, jnp.sum(entropy_terms), jnp.log(float(count)))
    least = jnp.maximum(LEAST_SHARE * len(samples) / count, 1)
    return ModeCoverage(
        jnp.sum(captured > 0), jnp.sum(captured >= least), jnp.mean(good), reverse_kl
    )


class ClassCoverage(NamedTuple):
    """How predictions are spread over classes.

    Attributes:
      modes: classes that are predicted at least once, as published. Read them with `confident_share`: every
        sample is of some class, noise too.
      solid: those that have at least a quarter of their share in the reference. A classifier's errors scatter
        over many classes and make modes of each: where 100 triples of real digits are generated, one that is
        right in 99.2 % of the digits reports several hundred.
      kl: KL in nats of the predictions' shares from the reference's.
    """

    modes: int
    solid: int
    kl: float


def class_coverage(
    predictions: np.ndarray, classes: int, reference: np.ndarray | None = None
) -> ClassCoverage:
    """Count classes and measure KL(predicted shares ‖ reference shares), natural logarithm.

    For Stacked MNIST (Metz et al. 2017, Srivastava et al. 2017; 26,000 samples) a perfect generator has
    1000 modes and a KL of `kl_floor`, and KL >= log(classes / modes) always holds for a uniform reference.

    Args:
      predictions: integers ``(N,)`` in 0 .. classes - 1.
      classes: how many there are.
      reference: shares ``(classes,)``, by default uniform. A class that it lacks but that is predicted
        makes the KL infinite.

    Raises:
      ValueError: if a prediction or the reference's length does not fit ``classes``.

    >>> class_coverage(np.array([0, 0, 1, 1]), 4)
    ClassCoverage(modes=2, solid=2, kl=0.6931471805599453)
    """
    counts = np.bincount(np.asarray(predictions), minlength=classes)
    shares = np.full(classes, 1 / classes) if reference is None else np.asarray(reference, float)
    if len(counts) != classes or len(shares) != classes:
        raise ValueError(
            f"classes is {classes}, but the largest prediction is {len(counts) - 1} and the reference has "
            f"{len(shares)} shares."
        )
    kl = np.sum(scipy.special.rel_entr(counts / counts.sum(), shares / shares.sum()))
    solid = counts >= np.maximum(LEAST_SHARE * counts.sum() * shares / shares.sum(), 1)
    return ClassCoverage(int(np.sum(counts > 0)), int(np.sum(solid)), float(kl))


def confident_share(probabilities: np.ndarray) -> float:
    """Share of samples that a classifier is sure of; read it beside a count of classes: noise has one, too.

    Args:
      probabilities: of classes, ``(N, K)``, or of the classes of each of a sample's P parts, ``(N, P, K)``; a
        sample counts if the most probable class of every part has at least `CONFIDENT`.

    >>> confident_share(np.array([[0.95, 0.05], [0.6, 0.4]]))
    0.5
    """
    least = np.asarray(probabilities).max(axis=-1).reshape(len(probabilities), -1).min(axis=1)
    return float(np.mean(least >= CONFIDENT))


def kl_floor(classes: int, count: int) -> float:
    """KL from uniform that ``count`` samples of a perfect generator have on average, (K - 1)/(2N).

    >>> print(f"{kl_floor(1000, 26_000):.4f}")
    0.0192
    """
    return (classes - 1) / (2 * count)


def stacked_predictions(digits: np.ndarray) -> np.ndarray:
    """Three digits a picture, ``(N, 3)`` for red, green and blue, as one of 1000 classes, ``(N,)``.

    >>> stacked_predictions(np.array([[1, 2, 3]])).tolist()
    [123]
    """
    return np.asarray(digits) @ np.array([100, 10, 1])
