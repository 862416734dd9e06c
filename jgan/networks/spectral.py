"""Spectral normalisation (Miyato et al. 2018) as pure functions."""

import functools

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
      ``(sigma, u)``. The derivative of sigma is vᵀ dW u, as if both singular vectors were constants, which
      is what the paper and its code have and what is exact once they have converged. Further derivatives
      see that v and u are functions of W.
    """
    return _sigma(steps, precision, matrix, u), _vectors(steps, precision, matrix, u)[0]


def _vectors(
    steps: int, precision: str, matrix: jax.Array, u: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """u after the steps, and v."""
    product = functools.partial(jnp.matmul, precision=precision)
    u = _unit(u)
    for _ in range(steps):
        u = _unit(product(product(matrix, u), matrix))
    return u, _unit(product(matrix, u))


@functools.partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def _sigma(steps: int, precision: str, matrix: jax.Array, u: jax.Array) -> jax.Array:
    u, v = _vectors(steps, precision, matrix, u)
    return jnp.vdot(v, jnp.matmul(matrix, u, precision=precision))


@_sigma.defjvp
def _sigma_jvp(
    steps: int,
    precision: str,
    primals: tuple[jax.Array, jax.Array],
    tangents: tuple[jax.Array, jax.Array],
) -> tuple[jax.Array, jax.Array]:
    matrix, u = primals
    u, v = _vectors(steps, precision, matrix, u)
    product = functools.partial(jnp.matmul, precision=precision)
    return jnp.vdot(v, product(matrix, u)), jnp.vdot(v, product(tangents[0], u))
