"""Fréchet distances between Gaussian fits of features, never complex."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy

from jgan.metrics.pairwise import as_features

Array = jax.Array | np.ndarray
WELL_CONDITIONED = 1e-6


class Moments(NamedTuple):
    """Mean ``(d,)`` and covariance ``(d, d)`` of features."""

    mean: Array
    covariance: Array


def moments(features: jax.Array) -> Moments:
    """Mean and unbiased covariance (divisor N - 1) of features ``(N, d)``.

    Raises:
      ValueError: if there are fewer than two examples.
    """
    if features.shape[0] < 2:
        raise ValueError(
            f"there are {features.shape[0]} examples, but a covariance needs at least 2."
        )
    mean = jnp.mean(features, axis=0)
    centred = features - mean
    covariance = jnp.matmul(centred.T, centred, precision="highest") / (features.shape[0] - 1)
    return Moments(mean, covariance)


def _root(matrix: Array) -> jax.Array:
    values, vectors = jnp.linalg.eigh(matrix)
    scaled = vectors * jnp.sqrt(jnp.maximum(values, 0.0))
    return jnp.matmul(scaled, vectors.T, precision="highest")


def frechet_distance(first: Moments, second: Moments) -> jax.Array:
    """‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½) (Dowson & Landau 1982; Heusel et al. 2017).

    The trace of the root is taken from the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which is symmetric, so the
    result is real for singular covariances too. It is called FID only for Inception features. Compiles,
    in the precision of its arguments; `precise_frechet_distance` is for numbers that are reported.

    >>> unit = Moments(jnp.zeros(4), jnp.eye(4))
    >>> other = Moments(jnp.array([1.0, 2.0, 0.0, 0.0]), 4 * jnp.eye(4))
    >>> round(float(frechet_distance(unit, other)), 4)
    9.0
    """
    root = _root(first.covariance)
    inner = jnp.matmul(
        jnp.matmul(root, second.covariance, precision="highest"), root, precision="highest"
    )
    values = jnp.linalg.eigvalsh((inner + inner.T) / 2)
    cross = jnp.sum(jnp.sqrt(jnp.maximum(values, 0.0)))
    gap = jnp.sum((first.mean - second.mean) ** 2)
    return gap + jnp.trace(first.covariance) + jnp.trace(second.covariance) - 2 * cross


def factor(covariance: object) -> np.ndarray:
    """L ``(d, r)`` with L Lᵀ = Σ, float64, r the numerical rank: pivoted Cholesky (LAPACK ``dpstrf``)."""
    matrix = np.asarray(covariance, np.float64)
    lower, pivots, rank, _ = scipy.linalg.lapack.dpstrf((matrix + matrix.T) / 2, lower=1)
    result = np.empty((len(matrix), rank))
    result[pivots - 1] = np.tril(lower)[:, :rank]
    return result


def _least_pivot(lower: np.ndarray) -> float:
    """Smallest over largest pivot of a factor, 0 if the matrix is singular: about 1 over its condition."""
    dimension, rank = lower.shape
    if rank < dimension:
        return 0.0
    # The last column of a pivoted factor has one entry, its pivot; the first has the largest.
    return float((np.abs(lower[:, -1]).max() / np.abs(lower[:, 0]).max()) ** 2)


def precise_frechet_distance(
    first: Moments, second: Moments, first_factor: np.ndarray | None = None
) -> float:
    """The same distance in double precision on the host, accurate for singular covariances.

    With Σᵢ = Lᵢ Lᵢᵀ the eigenvalues of Σ₁ Σ₂ are those of the symmetric L₁ᵀ Σ₂ L₁, and the squared singular
    values of L₁ᵀ L₂. For ill-conditioned covariances the latter are taken: tr (Σ₁ Σ₂)^½ is their plain sum,
    where the root of an eigenvalue turns a rounding error ε in each of d eigenvalues into √ε.

    Args:
      first: moments of one set.
      second: of the other.
      first_factor: ``factor(first.covariance)`` if it is at hand.

    Raises:
      ValueError: if the dimensions differ or a moment is NaN or infinite.

    >>> flat, line = Moments(np.zeros(2), np.diag([1.0, 0.0])), Moments(np.zeros(2), np.diag([0.0, 1.0]))
    >>> round(precise_frechet_distance(flat, line), 9)
    2.0
    """
    means = [np.asarray(each.mean, np.float64) for each in (first, second)]
    covariances = [np.asarray(each.covariance, np.float64) for each in (first, second)]
    if means[0].shape != means[1].shape:
        raise ValueError(
            f"the two sets have {means[0].size} and {means[1].size} features; they must agree."
        )
    if not all(np.isfinite(array).all() for array in (*means, *covariances)):
        raise ValueError(
            "a mean or a covariance holds NaN or infinity; every value must be finite."
        )
    left = factor(covariances[0]) if first_factor is None else first_factor
    right = factor(covariances[1])
    if min(_least_pivot(left), _least_pivot(right)) > WELL_CONDITIONED:
        # No eigenvalue is lost in rounding, and a symmetric solver takes a third of the time.
        product = left.T @ covariances[1] @ left
        squares = np.linalg.eigvalsh((product + product.T) / 2)
        cross = np.sqrt(np.maximum(squares, 0)).sum()
    else:
        cross = np.linalg.svd(left.T @ right, compute_uv=False).sum()
    gap = np.sum((means[0] - means[1]) ** 2)
    return float(gap + np.trace(covariances[0]) + np.trace(covariances[1]) - 2 * cross)


def expected_bias(covariance: object, count: int) -> float:
    """How much ``count`` samples of a Gaussian exceed distance 0 from it, to first order in 1/N.

    tr Σ / N for the mean, and Σᵢⱼ λᵢλⱼ/(λᵢ+λⱼ)/(2N) + Σᵢ λᵢ/(4N) for the covariance: the second-order
    expansion of the Bures distance with the variance of a Wishart matrix. For Σ = I this is
    d/N + d(d+1)/(4N). Two finite sets have the sum of both biases. It is meant for N > d and a hint below.

    >>> print(f"{expected_bias(np.eye(64), 10_000):.4f}")
    0.1104
    """
    values = np.maximum(np.linalg.eigvalsh(np.asarray(covariance, np.float64)), 0)
    values = values[values > 0]
    pairs = np.sum(np.outer(values, values) / np.add.outer(values, values))
    return float((values.sum() + pairs / 2 + values.sum() / 4) / count)


def simulated_bias(reference: Moments, count: int, seed: int = 0) -> float:
    """How far ``count`` samples of the reference's own Gaussian lie from it, in one random draw.

    Holds for N < d too, where the sample covariance is singular and `expected_bias` is not meant.

    Raises:
      ValueError: if ``count`` is below 2.
    """
    if count < 2:
        raise ValueError(f"count is {count}, but a covariance needs at least 2 samples.")
    known = factor(reference.covariance)
    draws = np.random.default_rng(seed).normal(size=(count, known.shape[1]))
    mean = draws.mean(axis=0)
    deviations = known @ ((draws - mean).T / np.sqrt(count - 1))
    # The deviations are themselves a factor of the drawn covariance, with as many columns as draws.
    cross = np.linalg.svd(known.T @ deviations, compute_uv=False).sum()
    total = np.sum((known @ mean) ** 2) + np.sum(known**2) + np.sum(deviations**2)
    return float(total - 2 * cross)


class Extrapolation(NamedTuple):
    """Fréchet distances at several sample sizes and the line through them.

    Attributes:
      value: intercept, the distance for infinitely many samples.
      std: its standard error: how much it varies over sets of so many samples.
      slope: of the distance in 1/N.
      counts: sample sizes.
      distances: at these.
    """

    value: float
    std: float
    slope: float
    counts: np.ndarray
    distances: np.ndarray


def frechet_at_infinity(
    features: object,
    reference: Moments,
    *,
    points: int = 15,
    least: int | None = None,
    seed: int = 0,
) -> Extrapolation:
    """Extrapolate the distance to infinitely many samples (Chong & Forsyth 2020, section 4).

    The distance is computed for random subsets at ``points`` evenly spaced sizes and fitted by a line
    in 1/N. Down to a few times d the bias bends and the value is too small (-0.5 for equal laws at d = 256
    and N = 3,000, where the distance is 5.6). The bias of the reference's own finite size stays.

    The subsets overlap, so that residuals of the line say little of its error: the standard error is the
    infinitesimal jackknife's (Efron 1982, chapter 6), the limit of a bootstrap whose weights barely change;
    where both laws are equal it is up to 1.5 times too large.

    Args:
      features: of the samples, ``(N, d)``.
      reference: moments of the reference.
      points: sizes, at least 3.
      least: the smallest size; by default the larger of N/10 and, where N allows it, 2d: for N < d the
        covariance is singular and the bias no line.
      seed: of the subsets.

    Raises:
      ValueError: if there are fewer than 3 different sizes or they do not fit into N.
    """
    values = as_features(features, "features")
    total, dimension = values.shape
    smallest = max(total // 10, min(2 * dimension, total // 2), 2) if least is None else least
    if points < 3 or not 2 <= smallest < total:
        raise ValueError(
            f"points is {points} and least is {smallest}, but an extrapolation needs 3 sizes or more "
            f"between 2 and the number of samples, {total}."
        )
    counts = np.unique(np.linspace(smallest, total, points).astype(int))
    if len(counts) < 3:
        raise ValueError(
            f"between {smallest} and {total} samples there are only {len(counts)} sizes, but an extrapolation "
            "needs 3."
        )
    design = np.stack([np.ones(len(counts)), 1 / counts], axis=1)
    solver = np.linalg.pinv(design)
    rng = np.random.default_rng(seed)
    known = factor(reference.covariance)
    distances, influence = [], np.zeros(total)
    for count, weight in zip(counts, solver[0], strict=True):
        rows = rng.permutation(total)[:count]
        chosen = values[rows]
        part = Moments(chosen.mean(axis=0), np.atleast_2d(np.cov(chosen.T)))
        distances.append(precise_frechet_distance(reference, part, known))
        influence[rows] += weight * _influence(chosen, part, reference, known) / count
    value, slope = solver @ np.asarray(distances)
    std = float(np.sqrt(np.sum(influence**2)))
    return Extrapolation(float(value), std, float(slope), counts, np.asarray(distances))


def _influence(
    chosen: np.ndarray, part: Moments, reference: Moments, known: np.ndarray
) -> np.ndarray:
    """The derivative of the distance in the weight of each example ``(N, d)``, of mean 0, ``(N,)``.

    With M = Lᵀ Σ L and y = Lᵀ (x - μ) the cross term 2 tr M^½ changes by yᵀ M^-½ y.
    """
    centred = chosen - part.mean
    projected = centred @ known
    values, vectors = np.linalg.eigh(known.T @ part.covariance @ known)
    held = values > 1e-12 * max(values.max(initial=0), 1e-300)
    scaled = projected @ (vectors[:, held] * values[held] ** -0.25)
    change = (centred**2).sum(axis=1) - (scaled**2).sum(axis=1)
    change += 2 * centred @ np.asarray(part.mean - reference.mean, np.float64)
    return change - change.mean()
