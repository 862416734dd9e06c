"""Densities of eigenvalues and traces by stochastic Lanczos quadrature, on the device and matrix-free."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.arguments import check_count, check_number
from jgan.numerics.krylov import Product, grown, started
from jgan.numerics.selfmap import SelfMap, flat, helmholtz
from jgan.numerics.square import check_square

PARTS = ("symmetric", "antisymmetric")


class Density(NamedTuple):
    """How the n eigenvalues of a symmetric matrix lie, or the imaginary parts of an antisymmetric one's.

    Attributes:
      nodes: ``(p, m)``, where the quadrature of each of p probes looks; ``(n,)`` if all eigenvalues are known.
      weights: likewise, at least 0; those of a probe sum to 1.
      size: n.
    """

    nodes: jax.Array
    weights: jax.Array
    size: int | jax.Array


class Estimate(NamedTuple):
    """A number from random probes.

    Attributes:
      value: the mean over the probes.
      standard_error: of the mean; 0 for an exact value, NaN for a single probe.
    """

    value: jax.Array
    standard_error: jax.Array


def spectral_density(
    self_map: SelfMap,
    key: jax.Array,
    *,
    part: str = "symmetric",
    steps: int = 32,
    probes: int = 8,
) -> Density:
    """The density of one part of the Jacobian's eigenvalues (Golub & Welsch 1969; Ubaru et al. 2017).

    From each of ``probes`` random sign vectors, ``steps`` steps of Lanczos, every vector being made orthogonal
    to all before it, give a Gauss quadrature that is exact for polynomials of degree up to 2 steps - 1. A step
    costs a jvp and a vjp. Memory is that of ``steps`` vectors. It may be compiled and mapped.

    Args:
      self_map: of n parameters.
      key: of the probes.
      part: "symmetric" for ½(J + Jᵀ), which is J where that is symmetric, as a player's Hessian is;
        "antisymmetric" for ½(J - Jᵀ), of whose eigenvalues iω the density is that of ω.
      steps: at most n.
      probes: number of vectors.

    Raises:
      ValueError: if an argument is out of range.
    """
    if part not in PARTS:
        raise ValueError(f"part is {part!r}, but must be one of {', '.join(PARTS)}.")
    check_count("probes", probes)
    function, point = flat(self_map)
    sign = 1.0 if part == "symmetric" else -1.0
    with jax.default_matmul_precision("highest"):
        push = jax.linearize(function, point)[1]
        pull = jax.vjp(function, point)[1]
        product = lambda vector: 0.5 * (push(vector) + sign * pull(vector)[0])
        vectors = jax.random.rademacher(key, (probes, point.size), point.dtype)
        return lanczos_quadrature(product, vectors, steps, part=part)


def lanczos_quadrature(
    product: Product,
    vectors: jax.Array,
    steps: int,
    *,
    part: str = "symmetric",
) -> Density:
    """The density of a linear map that is symmetric or antisymmetric, from given probes.

    Args:
      product: vectors ``(n,)`` to vectors ``(n,)``.
      vectors: ``(p, n)``, with components of modulus 1 for estimates of traces.
      steps: m, at most n.
      part: what the map is, one of `PARTS`.

    Raises:
      ValueError: if there are more steps than parameters.
    """
    check_count("steps", steps)
    size = vectors.shape[1]
    if steps > size:
        raise ValueError(f"steps is {steps}, but must lie in [1, {size}] for {size} parameters.")
    spare = jax.random.normal(jax.random.key(0), (size,), vectors.dtype)

    def quadrature(vector: jax.Array) -> tuple[jax.Array, jax.Array]:
        projected = grown(product, started(vector, steps, spare), 0).projected
        beside = jnp.diagonal(projected[1:])[:-1]
        # An antisymmetric tridiagonal matrix is, up to phases, i times the symmetric one with diagonal 0.
        middle = jnp.diagonal(projected) * (part == "symmetric")
        values, turned = jnp.linalg.eigh(
            jnp.diag(middle) + jnp.diag(beside, 1) + jnp.diag(beside, -1)
        )
        return values, jnp.square(turned[0])

    with jax.default_matmul_precision("highest"):
        nodes, weights = jax.lax.map(quadrature, vectors)
    return Density(nodes, weights, size)


def exact_density(matrix: np.ndarray, part: str = "symmetric") -> Density:
    """The density of one part of a Jacobian ``(n, n)`` that is known: all its eigenvalues.

    Raises:
      ValueError: if the matrix is not square, real and finite, or ``part`` unknown.
    """
    if part not in PARTS:
        raise ValueError(f"part is {part!r}, but must be one of {', '.join(PARTS)}.")
    symmetric, antisymmetric = (
        np.asarray(half) for half in helmholtz(jnp.asarray(check_square(matrix)))
    )
    values = (
        np.linalg.eigvalsh(symmetric)
        if part == "symmetric"
        else np.linalg.eigvalsh(1j * antisymmetric)
    )
    size = len(values)
    return Density(jnp.asarray(values), jnp.full(size, 1 / size), size)


def trace_of(
    density: Density, function: Callable[[jax.Array], jax.Array] = lambda values: values
) -> Estimate:
    """The trace of a function of the matrix, Σ f(λ), with its standard error (Hutchinson 1990).

    Without a function it is the trace of the matrix. With sign vectors as probes its variance is
    2 (‖A‖_F² - Σ a_ii²) a probe.
    """
    return _mean(density.size * jnp.sum(density.weights * function(density.nodes), axis=-1), 0)


def on_grid(density: Density, grid: jax.Array, width: float) -> Estimate:
    """The density at the points of a grid ``(g,)``, smoothed by a Gaussian of standard deviation ``width``.

    Raises:
      ValueError: if ``width`` is not a positive finite number.
    """
    check_number("width", width, above=0)
    distances = (density.nodes[..., None, :] - jnp.asarray(grid)[:, None]) / width
    bells = jnp.exp(-0.5 * jnp.square(distances)) / (width * jnp.sqrt(2 * jnp.pi))
    return _mean(jnp.sum(bells * density.weights[..., None, :], axis=-1), 1)


def _mean(values: jax.Array, rank: int) -> Estimate:
    """Over the probes, which are a leading axis of values of a rank; without such an axis they are exact."""
    if values.ndim == rank:
        return Estimate(values, jnp.zeros_like(values))
    mean, count = jnp.mean(values, axis=0), values.shape[0]
    if count < 2:
        return Estimate(mean, jnp.full_like(mean, jnp.nan))
    return Estimate(mean, jnp.std(values, axis=0, ddof=1) / jnp.sqrt(count))
