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
    product = functools.partial(jnp.matmul, precision=precision)
    u = _unit(u)
    for _ in range(steps):
        u = _unit(product(product(matrix, u), matrix))
    v = _unit(product(matrix, u))
    return _along(precision, matrix, u, v), u


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _along(precision: str, matrix: jax.Array, u: jax.Array, v: jax.Array) -> jax.Array:
    """vᵀ W u, of which the first derivative takes u and v as constants."""
    return jnp.vdot(v, jnp.matmul(matrix, u, precision=precision))


@_along.defjvp
def _along_jvp(
    precision: str,
    primals: tuple[jax.Array, jax.Array, jax.Array],
    tangents: tuple[jax.Array, jax.Array, jax.Array],
) -> tuple[jax.Array, jax.Array]:
    matrix, u, v = primals
    # Written out, so that a further derivative sees u and v.
    along = lambda matrix: jnp.vdot(v, jnp.matmul(matrix, u, precision=precision))
    return along(matrix), along(tangents[0])
