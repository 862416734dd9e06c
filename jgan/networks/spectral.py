"""Spectral normalisation (Miyato et al. 2018) as pure functions."""

import functools

import jax
import jax.numpy as jnp


def _unit(vector: jax.Array) -> jax.Array:
    """The vector at length 1; zero stays zero, and has finite derivatives."""
    squares = jnp.sum(jnp.square(vector))
    positive = squares > 0
    length = jnp.where(positive, jnp.sqrt(jnp.where(positive, squares, 1)), 1)
    return vector / length


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
    stretched = product(matrix, u)
    v = _unit(stretched)
    return _between(precision, jnp.vdot(v, stretched), matrix, u, v), u


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _between(
    precision: str, sigma: jax.Array, matrix: jax.Array, u: jax.Array, v: jax.Array
) -> jax.Array:
    """sigma = vᵀ W u, of which the first derivative takes u and v as constants."""
    return sigma


@_between.defjvp
def _between_jvp(
    precision: str, primals: tuple[jax.Array, ...], tangents: tuple[jax.Array, ...]
) -> tuple[jax.Array, jax.Array]:
    sigma, _, u, v = primals
    return sigma, jnp.vdot(v, jnp.matmul(tangents[1], u, precision=precision))
