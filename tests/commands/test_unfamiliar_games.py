"""Games as a new user would write them from docs/games.md, each in a short file, against closed forms."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jgan

FIRMS = '''"""Two firms sell three goods; each maximises its profit."""
import jax.numpy as jnp
import jgan

SLOPES = jnp.array([[1.0, 0.3, 0.0], [0.3, 1.0, 0.2], [0.0, 0.2, 1.0]])  # prices fall by what is sold

def game(*, cost: float = 0.5):
    loss = lambda own, other: own @ SLOPES @ (own + other) - jnp.sum(own) + cost / 2 * own @ own
    return jgan.two_player(loss, lambda x, y: loss(y, x), start=(jnp.zeros(3), jnp.ones(3)))
'''
REGRESSION = '''"""Least squares against an adversary that moves the targets, at a price."""
import jax.numpy as jnp
import jgan

ROWS = jnp.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.5], [0.2, 0.0, 1.0]])

def game(*, price: float = 2.0):
    def loss(model, shift):
        gaps = ROWS @ model["weights"] - jnp.array([1.0, 0.0, -1.0]) - shift
        return (gaps @ gaps - price * shift @ shift) / 2
    return jgan.zero_sum(loss, start=({"weights": jnp.zeros(3)}, jnp.full(3, 0.1)))
'''
KINK = '''"""The generator pays for its absolute value."""
import jax.numpy as jnp
import jgan

def game(*, strength: float = 1.0):
    return jgan.zero_sum(lambda x, y: strength * jnp.abs(x) + x * y - y**2 / 2, start=(0.7, 0.5))
'''
SIMPLEX = '''"""Rock, paper, scissors, where scissors lose two points to rock."""
import jax.numpy as jnp
import jgan
from optax.projections import projection_simplex

PAYOFF = jnp.array([[0.0, -1.0, 2.0], [1.0, 0.0, -1.0], [-2.0, 1.0, 0.0]])

def game():
    made = jgan.zero_sum(lambda x, y: x @ PAYOFF @ y, start=(jnp.eye(3)[0], jnp.eye(3)[1]))
    made = jgan.with_projection(made, "generator", projection_simplex)
    return jgan.with_projection(made, "discriminator", projection_simplex)
'''
NETWORKS = '''"""A GAN of points on a circle, with small perceptrons."""
import jax.numpy as jnp
import jgan
from jgan.networks.mlp import mlp_discriminator, mlp_generator

def game(*, gamma: float = 1.0):
    angles = jnp.linspace(0.0, 2 * jnp.pi, 16, endpoint=False)
    points = jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)
    networks = mlp_generator((2,), (3,)), mlp_discriminator((3,))
    made = jgan.gan(*networks, jgan.non_saturating(), jgan.normal(2))
    return made.add(jgan.r1(gamma)), {"image": points}
'''


def studied(tmp_path: Path, text: str, **settings: Any) -> Any:
    """What the study of a file finds."""
    file = tmp_path / "mine.py"
    file.write_text(text)
    return jgan.study(file, steps=20, horizon=256, **settings)


@pytest.mark.full
def test_firms_with_losses_of_their_own(tmp_path: Path) -> None:
    found = studied(tmp_path, FIRMS)
    slopes = np.array([[1.0, 0.3, 0.0], [0.3, 1.0, 0.2], [0.0, 0.2, 1.0]])
    both = np.linalg.solve(3 * slopes + 0.5 * np.eye(3), np.ones(3))
    np.testing.assert_allclose(found["equilibria"][0]["point"], [*both, *both], atol=1e-9)
    own = np.linalg.eigvalsh(slopes)
    expected = np.sort([*(-3 * own - 0.5), *(-own - 0.5)])
    np.testing.assert_allclose(np.sort(np.array(found["field_eigenvalues"])[:, 0]), expected)
    assert found["kind_of_point"] == "nash"
    assert found["largest_stable_step"] == pytest.approx(2 / -expected.min(), abs=1e-6)


@pytest.mark.parametrize(("price", "kind"), [
    (2.0, "nash"),
    pytest.param(0.5, "neither", marks=pytest.mark.full),  # the adversary gains without end
])  # fmt: skip
def test_regression_against_an_adversary(tmp_path: Path, price: float, kind: str) -> None:
    found = studied(tmp_path, REGRESSION, price=price)
    rows = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, 0.5], [0.2, 0.0, 1.0]])
    weights = np.linalg.solve(rows, [1.0, 0.0, -1.0])
    np.testing.assert_allclose(found["equilibria"][0]["point"], [*weights, 0, 0, 0], atol=1e-8)
    assert found["kind_of_point"] == kind
    assert found["parameters"][0] == "generator/weights[0]"


@pytest.mark.full
def test_at_a_kink_no_eigenvalues_are_made_up(tmp_path: Path) -> None:
    found = studied(tmp_path, KINK)
    # The field jumps where the players would rest, so that constant steps go to and fro across it.
    assert found["equilibria"] == found["field_eigenvalues"] == []
    assert found["kind_of_point"] is None
    assert found["radius"] == pytest.approx(found["step"] / 2, rel=0.01)
    assert "none found: Newton's method" in str(found)


@pytest.mark.full
def test_strategies_on_the_simplex(tmp_path: Path) -> None:
    found = studied(tmp_path, SIMPLEX, rule="extragradient")
    strategies = [0.25, 0.5, 0.25]
    np.testing.assert_allclose(found["equilibria"][0]["point"], 2 * strategies, atol=1e-8)
    assert found["spectral_radius"] < 1


@pytest.mark.full
def test_a_pair_of_networks(tmp_path: Path) -> None:
    found = studied(tmp_path, NETWORKS, gamma=0.5)
    assert len(found["parameters"]) == 2 * 3 + 3 + 3 * 2 + 2 + 2 * 3 + 3 + 3 + 1
    assert found["arguments"] == {"gamma": 0.5}
    assert found["least_residual"] >= 0
