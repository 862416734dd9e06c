"""Fréchet distances between Gaussian fits of features, never complex."""

from typing import NamedTuple

import jax
import jax.numpy as jnp


class Moments(NamedTuple):
    """Mean ``(d,)`` and covariance ``(d, d)`` of features."""

    mean: jax.Array
    covariance: jax.Array


def moments(features: jax.Array) -> Moments:
    """Mean and unbiased covariance (divisor N - 1) of features ``(N, d)``."""
    mean = jnp.mean(features, axis=0)
    centred = features - mean
    covariance = jnp.matmul(centred.T, centred, precision="highest") / (features.shape[0] - 1)
    return Moments(mean, covariance)


def _root(matrix: jax.Array) -> jax.Array:
    values, vectors = jnp.linalg.eigh(matrix)
    scaled = vectors * jnp.sqrt(jnp.maximum(values, 0.0))
    return jnp.matmul(scaled, vectors.T, precision="highest")


def frechet_distance(first: Moments, second: Moments) -> jax.Array:
    """‖μ₁ - μ₂‖² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½) (Dowson & Landau 1982; Heusel et al. 2017).

    The trace of the root is taken from the eigenvalues of Σ₁^½ Σ₂ Σ₁^½, which is symmetric, so the
    result is real for singular covariances too. It is called FID only for Inception features.

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
