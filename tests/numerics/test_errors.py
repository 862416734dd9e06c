"""Errors of eigenvalues and of rotation shares, dense and matrix-free, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.losses import wasserstein
from jgan.numerics.dense import decompose, exact_jacobian, leading_of
from jgan.numerics.diagnosis import of_field
from jgan.numerics.dirac import regularised
from jgan.numerics.dirac_study import Case, study
from jgan.numerics.eigen import eigenvalues, eigenvalues_2x2
from jgan.numerics.field import field
from jgan.numerics.leading import leading_eigenvalues
from jgan.numerics.named_rules import Setting, named_rule
from jgan.numerics.quadrature import fixed_latents, gauss_hermite, weighted
from jgan.numerics.selfmap import (
    SelfMap,
    estimated_rotation_share,
    exact_rotation_share,
    helmholtz,
    jacobian,
    product,
    rotation_share,
)
from jgan.numerics.stability import dirac_field, dirac_operator, radius_an_update, radius_map
from jgan.numerics.toy_games import as_variables, bilinear, dirac, gaussian, quadratic
from jgan.terms.penalties import r1


def linear(matrix: np.ndarray) -> SelfMap:
    return SelfMap(lambda x: jnp.asarray(matrix) @ x, jnp.ones(len(matrix)))


def test_weights_of_a_quadrature_reach_the_penalty() -> None:
    nodes, weights = gauss_hermite(40)
    game = weighted(gaussian(wasserstein(), fixed_latents(nodes)), weights).add(r1(1.0))
    at = as_variables(
        {"matrix": jnp.full((1, 1), 2.0), "shift": jnp.full(1, 3.0)},
        {"matrix": jnp.zeros((1, 1)), "vector": jnp.zeros(1)},
    )
    here = field(game, at, {"image": jnp.asarray(3 + 2 * nodes)[:, None]})
    found = np.sort_complex(np.asarray(eigenvalues(here)))
    # E x = 3 and E x² = 13: W and w are damped by [[13, 3], [3, 1]].
    coupling = np.array([[2.0, 3.0], [0.0, 1.0]])  # of (a, b) with W (½ E x²) and w (E x)
    damping = np.array([[13.0, 3.0], [3.0, 1.0]])
    closed = np.block([[-damping, -coupling], [coupling.T, np.zeros((2, 2))]])
    np.testing.assert_allclose(found, np.sort_complex(np.linalg.eigvals(closed)), atol=1e-9)
    expected = [-12.6, -1.086, -0.146 - 0.520j, -0.146 + 0.520j]
    np.testing.assert_allclose(found, expected, atol=0.03)


@pytest.mark.parametrize("dense", [True, False])
def test_a_matrix_far_from_normal_gets_no_verdict(dense: bool) -> None:
    shear = -np.eye(60) + np.diag(np.full(59, 3.0), 1)
    if dense:
        found = leading_of(decompose(shear), 6, "right")
        np.testing.assert_allclose(found.values, -1.0, atol=1e-9)
    else:
        found = leading_eigenvalues(linear(shear), 6, which="right", basis=40, conditions=True)
        assert found.values[0].real > 0.5  # with a small residual, and yet far from -1
        assert found.residuals.max() < 1e-4
    assert found.conditions is not None
    assert not found.conditions[0] < 1e6
    assert of_field(found).word == "undecided"


def test_condition_numbers_of_a_known_matrix() -> None:
    # [[0, c], [0, 1]] has the eigenvectors (1, 0) and (c, 1): both conditions are sqrt(1 + c²).
    shear = np.array([[0.0, 3.0], [0.0, 1.0]])
    np.testing.assert_allclose(decompose(shear).conditions, np.sqrt(10.0))
    wide = np.zeros((30, 30))
    wide[:2, :2] = shear + 4 * np.eye(2)
    both = [
        leading_of(decompose(wide), 2).conditions,
        leading_eigenvalues(linear(wide), 2, tolerance=1e-12, conditions=True).conditions,
    ]
    for found in both:
        np.testing.assert_allclose(found, np.sqrt(10.0), rtol=1e-6)
    symmetric = decompose(shear, symmetric=True)
    np.testing.assert_allclose(symmetric.conditions, 1.0)


def test_dense_and_matrix_free_spectra_agree() -> None:
    matrix = np.random.default_rng(0).standard_normal((80, 80))
    np.testing.assert_allclose(exact_jacobian(linear(matrix)), matrix, atol=1e-12)
    whole = decompose(matrix)
    for which in ("modulus", "right"):
        dense = leading_of(whole, 4, which)
        wanted, *_ = np.nonzero(dense.values.imag < 0)
        assert set(dense.values[wanted].conj()) <= set(dense.values)  # no pair is broken
        free = leading_eigenvalues(linear(matrix), 4, which=which, tolerance=1e-12, conditions=True)
        # Arnoldi may miss one between those that it finds.
        gaps = np.abs(free.values[:, None] - whole.values[None])
        assert gaps.min(axis=1).max() < 1e-8
        matching = whole.conditions[gaps.argmin(axis=1)]
        np.testing.assert_allclose(free.conditions, matching, rtol=1e-5)
        assert dense.basis is None
        assert free.basis is not None
    rounded = decompose(matrix, precision=1e-7)
    assert rounded.backward.min() == pytest.approx(1e-7 * np.linalg.norm(matrix))


def test_a_larger_basis_is_tried_where_none_is_asked_for() -> None:
    crowded = linear(np.diag(np.linspace(1.0, 1.5, 300)))
    found = leading_eigenvalues(crowded, 4, tolerance=1e-9, restarts=6)
    assert found.basis is not None
    assert found.basis > 20
    np.testing.assert_allclose(found.values.real, np.linspace(1.0, 1.5, 300)[:-5:-1], atol=1e-7)


@pytest.mark.full
def test_rotation_share_has_its_standard_error() -> None:
    matrix = jnp.asarray(np.random.default_rng(1).standard_normal((40, 40)) + 3 * np.eye(40))
    exact = exact_rotation_share(matrix)
    _, turning = helmholtz(matrix)
    assert float(exact.value) == pytest.approx(float((turning**2).sum() / (matrix**2).sum()))
    assert float(exact.standard_error) == 0
    here = linear(np.asarray(matrix))
    keys = jax.random.split(jax.random.key(0), 200)
    found = jax.jit(jax.vmap(lambda key: estimated_rotation_share(here, key, 16)))(keys)
    # The estimates scatter by as much as their standard errors say.
    assert float(jnp.std(found.value)) == pytest.approx(float(found.standard_error.mean()), rel=0.2)
    assert (
        float(jnp.abs(found.value.mean() - exact.value))
        < 4 * float(jnp.std(found.value)) / 200**0.5
    )
    assert float(rotation_share(here, keys[0])) == pytest.approx(float(found.value[0]))


def test_what_jumps_is_not_linearised() -> None:
    message = r"penalty is 'wgan-gp', whose field jumps at the equilibrium \(0, 0\)"
    for make in (
        lambda: dirac_field("wasserstein", "wgan-gp", 0.7),
        lambda: dirac_operator("simultaneous", Setting(0.2), "wasserstein", "wgan-gp"),
        lambda: radius_map(
            jnp.array([0.2]), jnp.array([0.7]), loss="wasserstein", penalty="wgan-gp"
        ),
    ):
        with pytest.raises(ValueError, match=message):
            make()


def test_the_factor_of_an_update_has_one_unit() -> None:
    assert float(radius_an_update("lookahead-minimax", 0.911859)) == pytest.approx(
        0.98172, abs=5e-6
    )
    assert float(radius_an_update("simultaneous", 0.9)) == pytest.approx(0.9)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: quadratic([[1.0, 2.0], [0.0, 1.0]], np.eye(2), 0.0), "own is not symmetric, but must be"),
    (lambda: quadratic(0.0, np.eye(2), np.eye(3)), r"other has the shape \(3, 3\), but must be \(2, 2\)"),
    (lambda: quadratic(0.0, np.eye(2) * 1j, 0.0), "matrix is of type complex128, but must be real"),
    (lambda: quadratic(0.0, np.eye(2), 0.0, np.ones((2, 3))), r"answer has the shape \(2, 3\), but"),
    (lambda: quadratic(np.eye(2), 1.0, 0.0), r"own has the shape \(2, 2\), but must be a number"),
    (lambda: bilinear(np.ones(3)), r"matrix has the shape \(3,\), but must be \(m, n\), or a number"),
    (lambda: bilinear(np.nan), "matrix holds a number that is not finite"),
    (lambda: dirac(wasserstein(), 1.0), "start is 1.0, but must be two numbers"),
    (lambda: dirac(wasserstein(), (1.0, np.inf)), "psi of start is inf, but must be a finite number"),
    (lambda: regularised("minimax", "r1", -1.0), "strength is -1.0, but must be a finite number of at"),
    (lambda: regularised("minimax", "clip", 0), "strength is 0, but must be a positive finite number"),
    (lambda: study(Case(strength=0.5)), "strength is 0.5, but the penalty 'none' has none"),
    (lambda: named_rule("simultaneous", bilinear(1.0), Setting(-0.1)), "step is -0.1, but must be a"),
    (lambda: jacobian(SelfMap(lambda x: x[:1], jnp.ones(2))), r"the map's value has arrays of the shapes"),
    (lambda: product(linear(np.eye(2)), jnp.ones(3)), r"tangent has arrays of the shapes \[\(3,\)\]"),
    (lambda: helmholtz(jnp.ones((2, 3))), r"matrix has the shape \(2, 3\), but must be square"),
    (lambda: eigenvalues_2x2(jnp.ones((3, 3))), r"matrix has the shape \(3, 3\), but must be \(..., 2, 2\)"),
    (lambda: leading_of(decompose(np.eye(3)), 4), r"count is 4, but must lie in \[1, 3\] for 3 parameters"),
    (lambda: leading_eigenvalues(linear(np.eye(9)), 2, basis=4), "basis is 4, but must be at least 5"),
    (lambda: leading_eigenvalues(linear(np.eye(9)), 2, tolerance=np.nan), "tolerance is nan, but must lie"),
])  # fmt: skip
def test_refusals_are_one_sentence(make, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
