"""Traces, their errors and densities by Lanczos quadrature, against every sign vector and dense eigenvalues."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.numerics.density import (
    PARTS,
    exact_density,
    lanczos_quadrature,
    on_grid,
    spectral_density,
    trace_of,
)
from jgan.numerics.selfmap import SelfMap, helmholtz

KEY = jax.random.key(5)


def random(size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((size, size))


def linear(matrix: np.ndarray) -> SelfMap:
    """A map of a tree, whose leaves are unlike."""
    matrix = jnp.asarray(matrix)

    def function(x: dict) -> dict:
        value = matrix @ jnp.concatenate([x["a"], x["b"].ravel()])
        return {"a": value[:-4], "b": value[-4:].reshape(2, 2)}

    return SelfMap(function, {"a": jnp.ones(len(matrix) - 4), "b": jnp.ones((2, 2))})


def test_the_trace_has_hutchinsons_variance() -> None:
    half = random(7)
    matrix = half + half.T
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=7)))
    found = lanczos_quadrature(lambda v: jnp.asarray(matrix) @ v, jnp.asarray(signs), 3)
    values = 7 * np.sum(found.weights * found.nodes, axis=1)
    variance = 2 * (np.sum(matrix**2) - np.sum(np.diag(matrix) ** 2))
    assert np.mean(values) == pytest.approx(np.trace(matrix), abs=1e-9)
    assert np.var(values) == pytest.approx(variance, rel=1e-9)
    trace = trace_of(found)
    assert float(trace.value) == pytest.approx(np.trace(matrix), abs=1e-9)
    assert float(trace.standard_error) == pytest.approx((variance / 127) ** 0.5, rel=1e-9)
    one = lanczos_quadrature(lambda v: jnp.asarray(matrix) @ v, jnp.asarray(signs[:1]), 3)
    assert np.isnan(trace_of(one).standard_error)


@pytest.mark.parametrize("part", PARTS)
def test_quadrature_is_exact_up_to_degree_2m_minus_1(part: str) -> None:
    matrix, steps = random(23, 1), 5
    halves = dict(zip(PARTS, map(np.asarray, helmholtz(matrix)), strict=True))
    found = jax.jit(
        lambda: spectral_density(linear(matrix), KEY, part=part, steps=steps, probes=3)
    )()
    np.testing.assert_allclose(found.weights.sum(axis=1), 1.0, rtol=1e-12)
    vectors = np.asarray(jax.random.rademacher(KEY, (3, 23), float))
    # An antisymmetric A has iω where -iA, which is Hermitian, has ω.
    hermitian = halves[part] if part == "symmetric" else -1j * halves[part]
    scale = np.linalg.norm(hermitian, 2)
    for degree in range(2 * steps):
        power = np.linalg.matrix_power(hermitian / scale, degree)
        exact = np.einsum("pi,ij,pj->p", vectors, power, vectors).real / 23
        moments = np.sum(found.weights * (found.nodes / scale) ** degree, axis=1)
        np.testing.assert_allclose(moments, exact, atol=1e-10)
    wrong = np.sum(found.weights * (found.nodes / scale) ** (2 * steps), axis=1)
    power = np.linalg.matrix_power(hermitian / scale, 2 * steps)
    assert np.abs(wrong - np.einsum("pi,ij,pj->p", vectors, power, vectors).real / 23).min() > 1e-9


def test_a_space_that_is_exhausted_early_loses_nothing() -> None:
    matrix = np.diag(np.r_[np.zeros(19), 3.0, 3.0])  # two different eigenvalues, five steps
    found = jax.jit(lambda: spectral_density(linear(matrix), KEY, steps=5, probes=2))()
    for power, exact in ((1, 6.0), (2, 18.0), (7, 2 * 3.0**7)):
        moment = trace_of(found, lambda values, power=power: values**power)
        assert float(moment.value) == pytest.approx(exact, rel=1e-9)
        assert float(moment.standard_error) < 1e-9 * exact


@pytest.mark.parametrize("part", PARTS)
def test_a_smoothed_density_is_that_of_all_eigenvalues(part: str) -> None:
    matrix = random(37, 2)
    exact = exact_density(matrix, part)
    find = lambda: spectral_density(linear(matrix), KEY, part=part, steps=37, probes=60)
    sampled = jax.jit(find)()
    grid = jnp.linspace(-20.0, 20.0, 81)
    heights = [on_grid(density, grid, 1.5) for density in (exact, sampled)]
    assert float(heights[0].standard_error.max()) == 0
    assert float(jnp.sum(heights[0].value) * 0.5) == pytest.approx(1.0, abs=1e-3)
    errors = jnp.abs(heights[1].value - heights[0].value)
    assert bool((errors <= 4 * heights[1].standard_error + 1e-6).all())
    traces = [trace_of(density, jnp.square) for density in (exact, sampled)]
    half = np.asarray(helmholtz(matrix)[PARTS.index(part)])
    assert float(traces[0].value) == pytest.approx(np.sum(half**2), rel=1e-9)
    assert abs(float(traces[1].value - traces[0].value)) < 4 * float(traces[1].standard_error)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: spectral_density(linear(random(9)), KEY, part="whole"), "part is 'whole', but must be one of"),
    (lambda: spectral_density(linear(random(9)), KEY, steps=10), r"steps is 10, but must lie in \[1, 9\]"),
    (lambda: spectral_density(linear(random(9)), KEY, steps=3, probes=0), "probes is 0, but must be at"),
    (lambda: on_grid(exact_density(random(9)), jnp.zeros(1), 0.0), "width is 0.0, but must be a positive"),
    (lambda: exact_density(np.ones((2, 3))), r"matrix has the shape \(2, 3\), but must be square"),
])  # fmt: skip
def test_refusals_are_one_sentence(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
