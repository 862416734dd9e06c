"""Functions from a pytree to one like it, and their Jacobians: dense, or as products.

A vector field and the operator of a rule are both such functions, looked at in one point. Everything
that is linear algebra is written on this type; nothing below knows about games. Vectors, and the rows and
columns of matrices, are in tree order, in which the discriminator's parameters come before the generator's.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.arguments import check_count
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
    """The function on vectors ``(n,)`` and the point as such a vector, leaves in tree order.

    Raises:
      ValueError: when the function is called, if it does not map the point to a pytree like it.
    """
    vector, unravel = ravel_pytree(self_map.point)

    def function(x: jax.Array) -> jax.Array:
        value = self_map.function(unravel(x))
        check_like("the map's value", value, self_map.point)
        return ravel_pytree(value)[0]

    return function, vector


def check_like(name: str, values: PyTree, point: PyTree) -> None:
    """Raise ValueError unless ``values`` has the structure and the shapes of ``point``.

    >>> check_like("tangent", jnp.zeros(3), jnp.zeros(2))
    Traceback (most recent call last):
    ValueError: tangent has arrays of the shapes [(3,)], but must be like the point, which has [(2,)].
    """
    shapes = [[jnp.shape(leaf) for leaf in jax.tree.leaves(tree)] for tree in (values, point)]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"{name} has arrays of the shapes {shapes[0]}, but must be like the point, which has {shapes[1]}."
        )
    structures: list[Any] = [jax.tree.structure(tree) for tree in (values, point)]
    if structures[0] != structures[1]:
        raise ValueError(
            f"{name} has the structure {structures[0]}, but must be like the point, which has {structures[1]}."
        )


def jacobian(self_map: SelfMap) -> jax.Array:
    """The exact Jacobian ``(n, n)`` at the point, by forward mode: n products of the map's cost.

    Raises:
      ValueError: if the function does not map the point to a pytree like it.

    >>> turn = SelfMap(lambda x: {"a": 2 * x["b"], "b": 3 * x["a"]}, {"a": jnp.ones(()), "b": jnp.ones(())})
    >>> jacobian(turn).tolist()
    [[0.0, 2.0], [3.0, 0.0]]
    """
    function, vector = flat(self_map)
    return jax.jacfwd(function)(vector)


def product(self_map: SelfMap, tangent: PyTree) -> PyTree:
    """J v for a pytree v like the point, at about twice the map's cost and without forming J.

    Raises:
      ValueError: if ``tangent`` is not like the point.
    """
    check_like("tangent", tangent, self_map.point)
    return jax.jvp(self_map.function, (self_map.point,), (tangent,))[1]


def transposed_product(self_map: SelfMap, cotangent: PyTree) -> PyTree:
    """Jᵀ v for a pytree v like the point, without forming J.

    Raises:
      ValueError: if ``cotangent`` is not like the point.
    """
    check_like("cotangent", cotangent, self_map.point)
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

    Raises:
      ValueError: if the matrix is not square.
    """
    shape = jnp.shape(matrix)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ValueError(f"matrix has the shape {shape}, but must be square, (..., n, n).")
    transposed = jnp.swapaxes(matrix, -1, -2)
    return 0.5 * (matrix + transposed), 0.5 * (matrix - transposed)


def rotation_share(self_map: SelfMap, key: jax.Array, probes: int = 16) -> jax.Array:
    """‖A‖²/(‖S‖² + ‖A‖²) in Frobenius norms: 0 for pure attraction or repulsion, 1 for pure rotation.

    S and A are the symmetric and antisymmetric parts of the Jacobian. Their norms are estimated from
    ``probes`` random sign vectors (`estimated_rotation_share`, which also gives the error; for few parameters
    `exact_rotation_share` has none).

    Returns:
      A scalar in [0, 1].

    Raises:
      ValueError: if ``probes`` is less than 1.
    """
    check_count("probes", probes)
    attraction, rotation = _squares(self_map, key, probes)
    return _share(jnp.sum(attraction), jnp.sum(rotation))


class Share(NamedTuple):
    """The rotation share of a Jacobian.

    Attributes:
      value: in [0, 1].
      standard_error: of the estimate; 0 for an exact value.
    """

    value: jax.Array
    standard_error: jax.Array


def estimated_rotation_share(self_map: SelfMap, key: jax.Array, probes: int = 64) -> Share:
    """`rotation_share` with its standard error, from random sign vectors (Hutchinson 1990).

    Each probe v is a jvp and a vjp and gives ‖Sv‖² and ‖Av‖², whose expectations are the squared norms. The
    standard error is that of their ratio, to first order.

    Raises:
      ValueError: if ``probes`` is less than 2.
    """
    check_count("probes", probes, 2)
    attraction, rotation = _squares(self_map, key, probes)
    total = attraction + rotation
    share = _share(jnp.sum(attraction), jnp.sum(rotation))
    deviations = rotation - share * total
    variance = jnp.sum(jnp.square(deviations)) / (probes * (probes - 1))
    mean = jnp.mean(total)
    return Share(share, jnp.sqrt(variance) / jnp.where(mean > 0, mean, 1.0))


def exact_rotation_share(matrix: jax.Array | np.ndarray) -> Share:
    """`rotation_share` of a Jacobian ``(n, n)`` that is known.

    >>> round(float(exact_rotation_share(jnp.array([[-0.5, -1.0], [1.0, -0.5]])).value), 6)
    0.8
    """
    symmetric, antisymmetric = helmholtz(jnp.asarray(matrix))
    squares = jnp.sum(jnp.square(symmetric)), jnp.sum(jnp.square(antisymmetric))
    return Share(_share(*squares), jnp.zeros(()))


def _share(attraction: jax.Array, rotation: jax.Array) -> jax.Array:
    total = attraction + rotation
    return jnp.where(total > 0, rotation / jnp.where(total > 0, total, 1.0), 0.0)


def _squares(self_map: SelfMap, key: jax.Array, probes: int) -> tuple[jax.Array, jax.Array]:
    """‖(J + Jᵀ)v‖² and ‖(J - Jᵀ)v‖² of random sign vectors v, each ``(probes,)``."""
    function, point = flat(self_map)
    vectors = jax.random.rademacher(key, (probes, point.size), point.dtype)

    def squares(vector: jax.Array) -> tuple[jax.Array, jax.Array]:
        with jax.default_matmul_precision("highest"):
            forward = jax.jvp(function, (point,), (vector,))[1]
            backward = jax.vjp(function, point)[1](vector)[0]
        return jnp.sum((forward + backward) ** 2), jnp.sum((forward - backward) ** 2)

    return jax.lax.map(squares, vectors)
