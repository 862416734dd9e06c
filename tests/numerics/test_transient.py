"""Transients and pseudospectra of the shear and of the Dirac-GAN against closed forms, dense and projected."""

import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

from jgan.numerics.dense import decompose, exact_jacobian, leading_of
from jgan.numerics.diagnosis import of_field
from jgan.numerics.leading import leading_eigenvalues
from jgan.numerics.pseudospectrum import (
    arnoldi,
    distance_to_instability,
    kreiss_constant,
    least_singular_values,
    pseudospectral_abscissa,
)
from jgan.numerics.selfmap import SelfMap
from jgan.numerics.stability import dirac_field
from jgan.numerics.transient import (
    departure,
    flow_growth,
    flow_norms,
    in_words,
    numerical_abscissa,
    power_growth,
    power_norms,
    transient,
)

LONG = -np.eye(60) + np.diag(np.full(59, 3.0), 1)


def shear(c: float) -> np.ndarray:
    return np.array([[-1.0, c], [0.0, -1.0]])


@pytest.mark.parametrize("c", [0.5, 3.0, 10.0])
def test_the_shear(c: float) -> None:
    matrix, times = shear(c), np.linspace(0, 4, 9)
    expected = np.exp(-times) * (c * times + np.sqrt(c * c * times**2 + 4)) / 2
    np.testing.assert_allclose(flow_norms(matrix, times), expected, atol=1e-9)
    assert numerical_abscissa(matrix) == pytest.approx(-1 + c / 2, abs=1e-12)
    assert departure(matrix) == pytest.approx(c, abs=1e-12)
    for epsilon in (1e-3, 0.5, 4.0):
        reach = np.sqrt(epsilon**2 + c * epsilon)
        assert pseudospectral_abscissa(matrix, epsilon) == pytest.approx(reach - 1, abs=1e-6)
        turn = -1 + reach * np.exp(1j * np.linspace(0, 6, 5))
        np.testing.assert_allclose(least_singular_values(matrix, turn), epsilon, atol=1e-9)
    kreiss = c / 4 + 1 / c if c > 2 else 1.0
    assert kreiss_constant(matrix) == pytest.approx(kreiss, abs=1e-6)
    assert distance_to_instability(matrix) == pytest.approx((np.sqrt(c * c + 4) - c) / 2, abs=1e-6)


def test_the_growth_of_the_shear() -> None:
    found = flow_growth(shear(3.0))
    assert found.factor == pytest.approx(1.24243, abs=5e-6)
    assert np.sqrt(9 * found.at**2 + 4) == pytest.approx(3.0, abs=1e-3)  # where the derivative is 0
    assert flow_growth(np.array([[-1.0, 3.0], [-3.0, -1.0]])).factor == pytest.approx(1.0)
    assert flow_growth(np.diag([0.1, -1.0])).factor == np.inf
    norms = power_norms(np.array([[0.5, 2.0], [0.0, 0.5]]), 30)
    found = power_growth(np.array([[0.5, 2.0], [0.0, 0.5]]))
    assert (found.factor, found.at) == (norms.max(), norms.argmax())
    k = np.arange(31)
    corner = np.stack([0.5**k, k * 0.5 ** (k - 1.0) * 2], -1)
    closed = [np.linalg.norm([[a, b], [0.0, a]], 2) for a, b in corner]
    np.testing.assert_allclose(norms, closed, atol=1e-12)


@pytest.mark.parametrize("tau", [0.5, 1.0, 4.0])
def test_the_numerical_abscissa_of_the_dirac_gan(tau: float) -> None:
    gamma, a = 0.3, 0.5
    matrix = exact_jacobian(dirac_field("minimax", "r1", gamma, tau))
    root = np.sqrt(tau**2 * gamma**2 + (tau - 1) ** 2 * a**2)
    expected = (-tau * gamma + root) / 2
    assert numerical_abscissa(matrix) == pytest.approx(expected, abs=1e-9)
    found = transient(matrix, np.eye(2) + 0.1 * matrix)
    assert found.spectral < 0
    assert (in_words(found) != "") == (tau == 4.0 or found.flow.factor > 1.1)


def test_eigenvalues_that_mislead_are_told() -> None:
    found = transient(shear(10.0), np.eye(2) + 0.1 * shear(10.0))
    assert "eigenvalues alone mislead: the flow lets distances grow" in in_words(found)
    assert in_words(transient(-np.eye(2), 0.5 * np.eye(2))) == ""
    assert 1 <= found.kreiss <= found.flow.factor


def linear(matrix: np.ndarray) -> SelfMap:
    return SelfMap(lambda x: jnp.asarray(matrix) @ x, jnp.ones(len(matrix)))


def test_pseudospectra_of_the_projection_grow_to_those_of_the_matrix() -> None:
    points = np.array([0.2 + 0.1j, 0.5, -0.5 + 1.5j])
    whole = least_singular_values(LONG, points)
    before = np.full(3, np.inf)
    for size in (5, 20, 60):
        hessenberg = arnoldi(linear(LONG), size)
        assert hessenberg.shape[1] <= size
        here = least_singular_values(hessenberg, points)
        assert (here <= before + 1e-12).all()
        assert (here >= whole - 1e-9).all()
        before = here
    np.testing.assert_allclose(before, whole, atol=1e-9)
    # On a space that is exhausted nothing is lost.
    small = arnoldi(linear(np.diag([1.0, 2.0, 2.0, 2.0])), 4)
    assert small.shape == (3, 2)
    np.testing.assert_allclose(np.sort(np.linalg.eigvals(small[:2]).real), [1.0, 2.0], atol=1e-9)


def test_the_long_shear_is_not_called_diverging() -> None:
    turned = scipy.linalg.qr(np.random.default_rng(0).standard_normal((60, 60)))[0]
    for matrix in (LONG, LONG.T, turned @ LONG @ turned.T):
        assert of_field(leading_of(decompose(matrix), 6, "right")).word == "undecided"
        for basis in (None, 40):
            for conditions in (True, False):
                found = leading_eigenvalues(
                    linear(matrix), 6, which="right", basis=basis, conditions=conditions
                )
                assert of_field(found).word != "diverging"
    # A change of its entries as small as their rounding reaches the imaginary axis.
    assert distance_to_instability(LONG) < 1e-14 * np.linalg.norm(LONG, 2)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: numerical_abscissa(np.ones((2, 3))), r"matrix has the shape \(2, 3\), but must be square"),
    (lambda: departure(1j * np.eye(2)), "matrix is of type complex128, but must be real"),
    (lambda: kreiss_constant(np.full((2, 2), np.nan)), "matrix holds a number that is not finite"),
    (lambda: flow_norms(np.eye(2), np.array([1.0, 0.0])), r"times must be finite numbers, \(t,\), each"),
    (lambda: power_norms(np.eye(2), 0), "count is 0, but must be at least 1"),
    (lambda: pseudospectral_abscissa(np.eye(2), -1.0), "epsilon is -1.0, but must be a positive"),
    (lambda: least_singular_values(np.ones((2, 4)), np.zeros(1)), r"or of Hessenberg form, \(m \+ 1, m\)"),
    (lambda: arnoldi(linear(np.eye(3)), 4), r"size is 4, but must lie in \[1, 3\]"),
])  # fmt: skip
def test_refusals_are_one_sentence(make, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
