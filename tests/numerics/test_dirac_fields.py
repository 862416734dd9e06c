"""The Dirac-GAN's Jacobians against the closed forms of Mescheder et al. 2018."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.game import DISCRIMINATOR, GENERATOR, Batch, Game
from jgan.losses import non_saturating
from jgan.numerics.dirac import LOSSES, REGULARISERS, SLOPES, Regularised, regularised
from jgan.numerics.eigen import eigenvalues, eigenvalues_2x2
from jgan.numerics.field import field, vector_field
from jgan.numerics.selfmap import jacobian
from jgan.numerics.toy_games import CONCAVE, as_variables, concave, dirac, dirac_batch

F_SLOPES = {
    "logistic": (0.5, -0.25),
    "wasserstein": (1.0, 0.0),
    "hinge": (1.0, 0.0),
    "least_squares": (1.0, -1.0),
    "exponential": (1.0, -1.0),
}


def at(game: Game, batch: Batch, theta: float, psi: float) -> tuple[float, float]:
    found = vector_field(game, as_variables(theta, psi), batch)
    return float(found[GENERATOR]), float(found[DISCRIMINATOR])


def spectrum(toy: Regularised, theta: float = 0.0) -> np.ndarray:
    return np.asarray(eigenvalues(field(toy.game, as_variables(theta, 0.0), toy.batch)))


def pair(middle: float, square: float) -> np.ndarray:
    root = np.sqrt(complex(square))
    return np.array([middle + root, middle - root])


def same(found: np.ndarray, expected: np.ndarray, tolerance: float = 1e-6) -> bool:
    distances = np.abs(found[:, None] - expected[None])
    return bool(max(distances.min(0).max(), distances.min(1).max()) < tolerance)


@pytest.mark.parametrize("name", CONCAVE)
@pytest.mark.parametrize("saturating", [True, False])
@pytest.mark.parametrize(("theta", "psi"), [(0.3, -0.4), (-0.5, 0.8)])
def test_field_is_mescheders(name: str, saturating: bool, theta: float, psi: float) -> None:
    f = CONCAVE[name]
    slope = lambda t: float(jax.grad(f)(t))
    found = at(dirac(concave(f, saturating=saturating)), dirac_batch(), theta, -psi)
    # Their ψ is minus ours, and with it the second component.
    first = -psi * slope(psi * theta if saturating else -psi * theta)
    assert found[0] == pytest.approx(first, abs=1e-12)
    assert -found[1] == pytest.approx(theta * slope(psi * theta), abs=1e-12)


@pytest.mark.parametrize("name", CONCAVE)
@pytest.mark.parametrize("saturating", [True, False])
def test_unregularised_eigenvalues_are_imaginary(name: str, saturating: bool) -> None:
    toy = Regularised(dirac(concave(CONCAVE[name], saturating=saturating)), dirac_batch())
    assert same(spectrum(toy), pair(0.0, -(F_SLOPES[name][0] ** 2)), 1e-12)


def closed_form(penalty: str, a: float, b: float, gamma: float) -> np.ndarray:
    forms: dict[str, Callable[[], np.ndarray]] = {
        "none": lambda: pair(0.0, -a * a),
        "clip": lambda: pair(0.0, -a * a),
        "r1": lambda: pair(-gamma / 2, gamma**2 / 4 - a * a),
        "r2": lambda: pair(-gamma / 2, gamma**2 / 4 - a * a),
        "r1+r2": lambda: pair(-gamma, gamma**2 - a * a),
        "instance-noise": lambda: pair(b * gamma**2, b * b * gamma**4 - a * a),
        "consensus": lambda: pair(-gamma * a * a, -a * a),
    }
    return forms[penalty]()


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("penalty", [name for name, kind in REGULARISERS.items() if kind.smooth])
def test_every_row_of_the_table_of_eigenvalues(loss: str, penalty: str) -> None:
    a, b = SLOPES[loss]
    solve = jax.jit(
        lambda gamma: eigenvalues(
            field(
                (toy := regularised(loss, penalty, gamma)).game, as_variables(0.0, 0.0), toy.batch
            )
        )
    )
    for gamma in (0.3, 0.7, 2.0):
        assert same(np.asarray(solve(gamma)), closed_form(penalty, a, b, gamma))


@pytest.mark.parametrize(
    ("penalty", "gamma", "expected"),
    [
        ("instance-noise", 0.7, (-0.1225 + 0.48476j, -0.1225 - 0.48476j)),
        ("instance-noise", np.sqrt(2), (-0.5, -0.5)),
        ("instance-noise", 2.0, (-1.86603, -0.13397)),
        ("r1", 0.3, (-0.15 + 0.47697j, -0.15 - 0.47697j)),
        ("r1", 1.0, (-0.5, -0.5)),
        ("r1", 2.0, (-1.86603, -0.13397)),
        ("r1+r2", 1.0, (-1.86603, -0.13397)),
        ("consensus", 1.0, (-0.25 + 0.5j, -0.25 - 0.5j)),
    ],
)
def test_printed_values_of_the_logistic_loss(
    penalty: str, gamma: float, expected: tuple[complex, complex]
) -> None:
    for loss in ("minimax", "non-saturating"):
        # A double root moves by the square root of rounding errors.
        assert same(spectrum(regularised(loss, penalty, gamma)), np.array(expected), 2e-5)


def test_one_centred_penalties_jump_at_zero() -> None:
    for penalty in ("wgan-gp", "one-centred"):
        toy = regularised("wasserstein", penalty, 0.7)
        assert at(toy.game, toy.batch, 0.0, 1e-9)[1] == pytest.approx(0.7, abs=1e-6)
        assert at(toy.game, toy.batch, 0.0, -1e-9)[1] == pytest.approx(-0.7, abs=1e-6)


@pytest.mark.parametrize("penalty", ["wgan-gp", "one-centred"])
@pytest.mark.parametrize("psi", [0.4, -1.7])
def test_one_centred_fields_away_from_zero(penalty: str, psi: float) -> None:
    toy = regularised("wasserstein", penalty, 0.7)
    found = at(toy.game, toy.batch, 0.6, psi)
    assert found[0] == pytest.approx(psi)
    assert found[1] == pytest.approx(-0.6 - 0.7 * np.sign(psi) * (abs(psi) - 1))


@pytest.mark.parametrize("c", [0.5, 2.0])
def test_data_away_from_zero_converge_without_a_penalty(c: float) -> None:
    a, b = 0.5, -0.25
    toy = Regularised(dirac(non_saturating()), dirac_batch(c))
    expected = pair(b * c * c, b * b * c**4 - a * a)
    assert same(spectrum(toy, theta=c), expected)
    assert expected.real.max() < 0


def test_jacobian_has_the_sign_of_the_paper_under_minus_psi() -> None:
    toy = regularised("minimax", "r1", 0.3)
    found = jacobian(field(toy.game, as_variables(0.0, 0.0), toy.batch))
    # Tree order is alphabetical: psi first.
    np.testing.assert_allclose(found, [[-0.3, -0.5], [0.5, 0.0]], atol=1e-12)


def test_two_by_two_eigenvalues_agree_with_lapack() -> None:
    matrices = jax.random.normal(jax.random.key(0), (50, 2, 2))
    closed, dense = eigenvalues_2x2(matrices), jnp.linalg.eigvals(matrices)
    for one, other in zip(np.asarray(closed), np.asarray(dense), strict=True):
        assert same(one, other, 1e-12)


def test_unknown_names_are_told() -> None:
    with pytest.raises(ValueError, match=r"loss is 'wgan', but must be one of minimax"):
        regularised("wgan")
    with pytest.raises(ValueError, match=r"penalty is 'r3', but must be one of none"):
        regularised("minimax", "r3")
