"""Functions from a pytree to one like it, and their Jacobians: dense, or as products.

A vector field and the operator of a rule are both such functions, looked at in one point. Everything
that is linear algebra is written on this type; nothing below knows about games.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from jgan.game import PyTree


class SelfMap(NamedTuple):
    """A differentiable function on pytrees of floats, and the point where it is looked at.

    Attributes:
      function: from a pytree like ``point`` to another one like it; pure.
      point: a pytree of floating-point leaves, n scalars in all.
    """

    function: Callable[[PyTree], PyTree]
    point: PyTree


def flat(self_map: SelfMap) -> tuple[Callable[[jax.Array], jax.Array], jax.Array]:
    """The function on vectors ``(n,)`` and the point as such a vector, leaves in tree order."""
    vector, unravel = ravel_pytree(self_map.point)
    return lambda x: ravel_pytree(self_map.function(unravel(x)))[0], vector


def jacobian(self_map: SelfMap) -> jax.Array:
    """The exact Jacobian ``(n, n)`` at the point, by forward mode: n products of the map's cost.

    >>> turn = SelfMap(lambda x: {"a": 2 * x["b"], "b": 3 * x["a"]}, {"a": jnp.ones(()), "b": jnp.ones(())})
    >>> jacobian(turn).tolist()
    [[0.0, 2.0], [3.0, 0.0]]
    """
    function, vector = flat(self_map)
    return jax.jacfwd(function)(vector)


def product(self_map: SelfMap, tangent: PyTree) -> PyTree:
    """J v for a pytree v like the point, at about twice the map's cost and without forming J."""
    return jax.jvp(self_map.function, (self_map.point,), (tangent,))[1]


def transposed_product(self_map: SelfMap, cotangent: PyTree) -> PyTree:
    """Jᵀ v for a pytree v like the point, without forming J."""
    return jax.vjp(self_map.function, self_map.point)[1](cotangent)[0]


def symmetric_product(self_map: SelfMap, vector: PyTree) -> PyTree:
    """½(J + Jᵀ) v: the part of the map that attracts or repels."""
    return _half_sum(self_map, vector, 1.0)


def antisymmetric_product(self_map: SelfMap, vector: PyTree) -> PyTree:
    """½(J - Jᵀ) v: the part that rotates."""
    return _half_sum(self_map, vector, -1.0)


def _half_sum(self_map: SelfMap, vector: PyTree, sign: float) -> PyTree:
    forward, backward = product(self_map, vector), transposed_product(self_map, vector)
    return jax.tree.map(lambda x, y: 0.5 * (x + sign * y), forward, backward)


def helmholtz(matrix: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The symmetric and the antisymmetric part of a Jacobian ``(..., n, n)`` (Balduzzi et al. 2018).

    They sum to the matrix. The first is a gradient field's Jacobian (a potential game), the second a
    pure rotation's (a Hamiltonian game).
    """
    transposed = jnp.swapaxes(matrix, -1, -2)
    return 0.5 * (matrix + transposed), 0.5 * (matrix - transposed)


def rotation_share(self_map: SelfMap, key: jax.Array, probes: int = 16) -> jax.Array:
    """‖A‖²/(‖S‖² + ‖A‖²) in Frobenius norms: 0 for pure attraction or repulsion, 1 for pure rotation.

    S and A are the symmetric and antisymmetric parts of the Jacobian. Their norms are estimated from
    ``probes`` random sign vectors (Hutchinson 1990), each a jvp and a vjp; the relative error of either
    norm is at most about ``sqrt(2 / probes)``.

    Returns:
      A scalar in [0, 1].
    """
    function, point = flat(self_map)
    vectors = jax.random.rademacher(key, (probes, point.size), point.dtype)

    def squares(vector: jax.Array) -> tuple[jax.Array, jax.Array]:
        forward = jax.jvp(function, (point,), (vector,))[1]
        backward = jax.vjp(function, point)[1](vector)[0]
        return jnp.sum((forward + backward) ** 2), jnp.sum((forward - backward) ** 2)

    attraction, rotation = (jnp.sum(parts) for parts in jax.lax.map(squares, vectors))
    return rotation / (attraction + rotation)
