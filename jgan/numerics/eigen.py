"""Eigenvalues of small maps: all of them, from the dense Jacobian."""

import jax
import jax.numpy as jnp

from jgan.numerics.selfmap import SelfMap, jacobian


def eigenvalues(self_map: SelfMap) -> jax.Array:
    """All n eigenvalues of the Jacobian, complex, the largest in modulus first; jit- and vmap-able.

    Costs n products and O(n³); `jgan.numerics.spectrum` is for n beyond a few thousand.

    >>> from jgan.numerics.selfmap import SelfMap
    >>> shrink = SelfMap(lambda x: jnp.array([0.5, -0.25]) * x, jnp.zeros(2))
    >>> eigenvalues(shrink).real.tolist()
    [0.5, -0.25]
    """
    values = jnp.linalg.eigvals(jacobian(self_map))
    return values[jnp.argsort(-jnp.abs(values))]


def spectral_radius(self_map: SelfMap) -> jax.Array:
    """The largest modulus of an eigenvalue: below 1, a rule's operator converges near the point."""
    return jnp.max(jnp.abs(eigenvalues(self_map)))


def eigenvalues_2x2(matrix: jax.Array) -> jax.Array:
    """Eigenvalues of matrices ``(..., 2, 2)`` in closed form, complex ``(..., 2)``.

    Some twenty times faster than LAPACK on a map of a million of them.

    Raises:
      ValueError: if the matrices are not 2 x 2.
    """
    half, square = _half_trace_and_discriminant(matrix)
    root = jnp.sqrt(square.astype(jnp.result_type(square, jnp.complex64)))
    return jnp.stack([half + root, half - root], axis=-1)


def spectral_radius_2x2(matrix: jax.Array) -> jax.Array:
    """Spectral radii ``(...)`` of matrices ``(..., 2, 2)``, in real arithmetic.

    Raises:
      ValueError: if the matrices are not 2 x 2.

    >>> float(spectral_radius_2x2(jnp.array([[1.0, -0.75], [0.75, 1.0]])))
    1.25
    """
    half, square = _half_trace_and_discriminant(matrix)
    root = jnp.sqrt(jnp.abs(square))
    # A complex pair has modulus sqrt(half² + |square|); real ones lie root apart on both sides of half.
    return jnp.where(square < 0, jnp.sqrt(half * half + root * root), jnp.abs(half) + root)


def _half_trace_and_discriminant(matrix: jax.Array) -> tuple[jax.Array, jax.Array]:
    if jnp.shape(matrix)[-2:] != (2, 2):
        raise ValueError(f"matrix has the shape {jnp.shape(matrix)}, but must be (..., 2, 2).")
    a, b = matrix[..., 0, 0], matrix[..., 0, 1]
    c, d = matrix[..., 1, 0], matrix[..., 1, 1]
    return 0.5 * (a + d), 0.25 * (a - d) ** 2 + b * c
