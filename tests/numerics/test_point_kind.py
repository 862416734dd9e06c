"""Kinds of points: quadratics of known kind, and a trained pair of perceptrons, dense and matrix-free."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgan.game import PLAYERS
from jgan.numerics.curvature import exact_curvatures, free_curvatures, point_kind
from jgan.numerics.dense import exact_jacobian
from jgan.numerics.equilibrium import find_equilibrium
from jgan.numerics.field import field
from jgan.numerics.orbit import iterate
from jgan.numerics.point_kind import UNKNOWN, Curvature, Curvatures, kind_of
from jgan.numerics.second_derivatives import flat_losses
from jgan.numerics.time_scales import (
    critical_tau,
    scaled_rows,
    schur_complement,
    spectra_over_tau,
)
from jgan.numerics.toy_games import as_variables
from jgan.numerics.two_player import two_player, zero_sum
from jgan.rules import alternating


def quadratic(b: float, c: float, d: float):
    return zero_sum(lambda x, y: -b / 2 * x**2 + c * x * y - d / 2 * y**2, (0.0, 0.0))


@pytest.mark.parametrize(("b", "c", "d", "word", "stable"), [
    (-1.0, 1.0, 1.0, "nash", True),
    (1.0, 2.0, 1.0, "stackelberg", False),  # neutral at tau = 1
    (-2.0, 1.5, -0.5, "neither", True),
    (2.0, 1.0, 1.0, "neither", False),
])  # fmt: skip
def test_the_four_quadratics(b: float, c: float, d: float, word: str, stable: bool) -> None:
    game, at = quadratic(b, c, d), as_variables(0.0, 0.0)
    losses = flat_losses(game, at, {})
    for found in (exact_curvatures(losses), free_curvatures(losses)):
        assert kind_of(found).word == word
        assert found.generator.value == pytest.approx(-b, abs=1e-6)
        assert found.discriminator.value == pytest.approx(d, abs=1e-6)
        if d > 0:
            assert found.leader.value == pytest.approx(-b + c**2 / d, abs=1e-6)
    matrix = exact_jacobian(field(game, at, {}))
    values = np.linalg.eigvals(matrix)
    assert (values.real.max() < -1e-9) == stable
    if word == "neither" and stable:
        np.testing.assert_allclose(sorted(values.imag), [-0.829156, 0.829156], atol=1e-6)
    tau = critical_tau(matrix, 1)
    if d > 0 and c**2 > b * d:
        assert tau == pytest.approx(max(b / d, 0.0), abs=1e-6)
    else:
        assert tau is None


def test_what_is_not_known_is_undecided() -> None:
    assert point_kind(quadratic(0.0, 1.0, 0.0), as_variables(0.0, 0.0), {}).word == "undecided"
    away = point_kind(quadratic(-1.0, 1.0, 1.0), as_variables(1.0, 0.0), {})
    assert away.word == "undecided"
    assert "no zero of the field" in away.sentence
    sure, doubt = Curvature(1.0, 1e-9), Curvature(1e-3, 1e-2)
    assert kind_of(Curvatures(0.0, doubt, sure, doubt, 0.0)).word == "undecided"
    assert kind_of(Curvatures(0.0, sure, doubt, UNKNOWN, 0.0)).word == "undecided"
    assert kind_of(Curvatures(0.0, doubt, sure, sure, 0.0)).word == "stackelberg"
    down = Curvature(-1.0, 1e-9)
    # Where the generator's loss slopes along the best response, it is no Stackelberg point.
    assert kind_of(Curvatures(0.0, down, sure, sure, 1.0)).word == "neither"


def test_the_leader_of_two_different_losses() -> None:
    # The best response is y = x² + x; then f(x, y(x)) = x³ + x² + a x²: its second derivative at 0 is 2 + 2a.
    for a in (0.5, -2.0):
        game = two_player(
            lambda x, y, a=a: x * y + a * x**2, lambda x, y: 0.5 * (y - x**2 - x) ** 2, (0.0, 0.0)
        )
        found = exact_curvatures(flat_losses(game, as_variables(0.0, 0.0), {}))
        assert found.leader.value == pytest.approx(2 + 2 * a, abs=1e-9)
        assert found.slope == pytest.approx(0.0, abs=1e-12)
    # A loss that slopes in the other's parameters: f = y gives 2 and a slope of 1.
    sloping = two_player(lambda x, y: y, lambda x, y: 0.5 * (y - x**2 - x) ** 2, (0.0, 0.0))
    found = exact_curvatures(flat_losses(sloping, as_variables(0.0, 0.0), {}))
    assert (found.leader.value, found.slope) == (pytest.approx(2.0), pytest.approx(1.0))


@pytest.fixture(scope="module")
def trained():
    """A pair of perceptrons with weight decay, trained and polished until the field is 0."""
    with jax.enable_x64(True):
        turns = np.linspace(0, 2 * np.pi, 8, endpoint=False)
        data = jnp.asarray(np.stack([np.cos(turns), 0.5 * np.sin(turns)], -1))
        latent = jnp.asarray(np.random.default_rng(0).standard_normal((8, 2)))

        def score(y, points):
            return jnp.tanh(points @ y["in"] + y["bias"]) @ y["out"]

        def make(x):
            return jnp.tanh(latent @ x["in"]) @ x["out"] + x["shift"]

        square = lambda tree: sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(tree))
        f = lambda x, y: jnp.mean(score(y, make(x))) - jnp.mean(score(y, data))
        rng = np.random.default_rng(1)
        x = {
            "in": rng.standard_normal((2, 3)),
            "out": 0.5 * rng.standard_normal((3, 2)),
            "shift": np.ones(2),
        }
        y = {
            "in": rng.standard_normal((2, 4)),
            "bias": np.zeros(4),
            "out": 0.1 * rng.standard_normal(4),
        }
        game = two_player(
            lambda x, y: -f(x, y) + 0.05 * square(x), lambda x, y: f(x, y) + 0.1 * square(y), (x, y)
        )
        rule = alternating(game, dict.fromkeys(PLAYERS, optax.sgd(0.1)))
        state = jax.jit(lambda s: iterate(rule, s, {}, 3000))(rule.init(jax.random.key(0), {}))
        here = field(game, state.variables, {})
        polished = jax.jit(lambda: find_equilibrium(here, rounds=20))()
        unravel = jax.flatten_util.ravel_pytree(here.point)[1]
        params = unravel(polished.point)
        variables = {player: {"params": params[player]} for player in PLAYERS}
        return game, variables, float(polished.residual)


@pytest.mark.full
def test_a_trained_pair_of_perceptrons(trained) -> None:
    game, variables, residual = trained
    assert residual < 1e-10
    losses = flat_losses(game, variables, {})
    exact, free = exact_curvatures(losses), free_curvatures(losses)
    hessian = -exact_jacobian(field(game, variables, {}))
    split = losses.split
    assert exact.discriminator.value == pytest.approx(
        np.linalg.eigvalsh(hessian[:split, :split])[0]
    )
    assert exact.generator.value == pytest.approx(np.linalg.eigvalsh(hessian[split:, split:])[0])
    for name in ("generator", "discriminator", "leader"):
        ours, theirs = getattr(exact, name), getattr(free, name)
        assert ours.value == pytest.approx(theirs.value, abs=max(theirs.error, 1e-6))
    assert kind_of(exact).word == kind_of(free).word != "undecided"


def test_spectra_over_time_scales() -> None:
    rng = np.random.default_rng(0)
    other = rng.standard_normal((3, 3))
    matrix = np.block([
        [-other @ other.T - np.eye(3), rng.standard_normal((3, 2))],
        [rng.standard_normal((2, 3)), rng.standard_normal((2, 2))],
    ])  # fmt: skip
    slow = np.sort_complex(np.linalg.eigvals(schur_complement(matrix, 3)))
    gaps = []
    for tau in (1e3, 1e4):
        found = spectra_over_tau(matrix, 3, np.array([tau]))[0]
        nearest = np.sort_complex(found[np.argsort(np.abs(found))[:2]])
        gaps.append(np.abs(nearest - slow).max())
        fast = np.sort(found[np.argsort(np.abs(found))[2:]].real) / tau
        np.testing.assert_allclose(fast, np.linalg.eigvalsh(matrix[:3, :3]), rtol=20 / tau)
    assert gaps[0] / gaps[1] == pytest.approx(10, rel=0.05)  # an error of 1/tau
    # R1 on the Dirac-GAN: stable for every tau, real from 4a²/γ² on.
    toy = np.array([[-0.3, -0.5], [0.5, 0.0]])
    assert critical_tau(toy, 1) == 0.0
    for tau, real in ((4 * 0.25 / 0.09 * 0.99, False), (4 * 0.25 / 0.09 * 1.01, True)):
        assert (np.abs(spectra_over_tau(toy, 1, np.array([tau])).imag).max() == 0) == real


@pytest.mark.parametrize(("make", "message"), [
    (lambda: critical_tau(np.ones((2, 3)), 1), r"matrix has the shape \(2, 3\), but must be square"),
    (lambda: critical_tau(np.eye(2) * 1j, 1), "matrix is of type complex128, but must be real"),
    (lambda: critical_tau(np.eye(2), 2), "split is 2, but must leave the generator some of the 2 rows"),
    (lambda: scaled_rows(np.eye(2), 0, 1.0), "split is 0, but must be at least 1"),
    (lambda: spectra_over_tau(np.eye(2), 1, np.array([-1.0])), "but must be finite and positive"),
    (lambda: schur_complement(np.full((2, 2), np.nan), 1), "holds a number that is not finite"),
    (lambda: critical_tau(np.eye(2), 1, highest=-1.0), "highest is -1.0, but must be"),
    (lambda: schur_complement(np.zeros((2, 2)), 1), "the discriminator's own block of the matrix is singular"),
])  # fmt: skip
def test_refusals_are_one_sentence(make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
