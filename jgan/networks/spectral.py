"""Spectral normalisation (Miyato et al. 2018) as pure functions."""

import jax
import jax.numpy as jnp


def _unit(vector: jax.Array) -> jax.Array:
    return vector / jnp.maximum(jnp.linalg.norm(vector), 1e-12)


def power_iteration(
    matrix: jax.Array, u: jax.Array, steps: int = 1, precision: str = "highest"
) -> tuple[jax.Array, jax.Array]:
    """Largest singular value by power iteration (Miyato et al. 2018, Algorithm 1).

    Args:
      matrix: ``(m, n)``.
      u: ``(n,)``, the right singular vector so far; need not be normalised.
      steps: iterations; 0 measures with the vector as it is.
      precision: of the matrix products. GPUs default to TF32, in which the largest singular value is
        off by 1e-3.

    Returns:
      ``(sigma, u)``. The gradient of sigma treats both singular vectors as constants, as the paper
      and its code do.
    """
    frozen = jax.lax.stop_gradient(matrix)
    u = _unit(u)
    for _ in range(steps):
        u = _unit(
            jnp.matmul(jnp.matmul(frozen, u, precision=precision), frozen, precision=precision)
        )
    u = jax.lax.stop_gradient(u)
    v = jax.lax.stop_gradient(_unit(jnp.matmul(frozen, u, precision=precision)))
    return jnp.vdot(v, jnp.matmul(matrix, u, precision=precision)), u
