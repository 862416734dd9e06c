"""Kinds of points and critical time scales as ``jgan spectrum`` finds them, exactly and matrix-free."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgan.commands.attempt import Attempt
from jgan.commands.solvable import Settings, Solvable
from jgan.commands.spectrum_kind import kind_numbers, tau_numbers
from jgan.commands.spectrum_numbers import as_text
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.numerics.curvature import exact_leader, free_leader
from jgan.numerics.dense import exact_jacobian
from jgan.numerics.double import in_double
from jgan.numerics.field import field, vector_field
from jgan.numerics.sampled import motion_of
from jgan.numerics.second_derivatives import Derivatives, flat_losses
from jgan.numerics.two_player import zero_sum
from jgan.rules import simultaneous
from jgan.terms.penalties import r1

EXACT = Settings(None, 1e-4, 100, None, 1000, 0)
POINTS = [({}, jax.random.key(seed)) for seed in range(2)]


def found_of(game: Any, settings: Settings) -> dict[str, Any]:
    """What the command adds to its report."""
    state = simultaneous(game, dict.fromkeys(PLAYERS, optax.sgd(0.1))).init(jax.random.key(0), {})
    attempt = Attempt()
    motion = motion_of([vector_field(game, state.variables, *point) for point in POINTS])
    kind = kind_numbers(game, state, POINTS, settings, attempt, motion)
    here = Solvable(lambda point: field(game, state.variables, *point), POINTS, settings)
    assert not attempt.failed
    return {"kind_of_point": kind, "critical_tau": tau_numbers(here, 3)}


@pytest.mark.parametrize("dense", [1000, 1])
@pytest.mark.parametrize(("b", "c", "d", "word", "limit"), [
    (-1.0, 1.0, 1.0, "nash", "always"),
    (1.0, 2.0, 1.0, "stackelberg", "above"),
    (-2.0, 1.5, -0.5, "neither", "never"),
    (2.0, 1.0, 1.0, "neither", "never"),
])  # fmt: skip
def test_the_four_quadratics(
    b: float, c: float, d: float, word: str, limit: str, dense: int
) -> None:
    scale = jnp.array([1.0, 1.5, 2.0])
    f = lambda x, y: jnp.sum(scale * (-b / 2 * x**2 + c * x * y - d / 2 * y**2))
    found = found_of(zero_sum(f, (np.zeros(3), np.zeros(3))), EXACT._replace(dense=dense))
    kind, tau = found["kind_of_point"], found["critical_tau"]
    assert (kind["verdict"], tau["verdict"]) == (word, limit)
    least = lambda value: min(value, 2 * value)
    expected = {"generator": least(-b), "discriminator": least(d), "leader": least(c**2 / d - b)}
    if d < 0:
        expected["leader"] = None
    for name, value in expected.items():
        own = kind["curvatures"][name]
        if value is None:
            assert own == {"value": None, "error": None}
        else:
            assert own["value"] == pytest.approx(value, abs=max(own["error"], 1e-5))
    if limit == "above":
        assert tau["ends"][0] <= b / d * (1 + 1e-5)
        assert tau["ends"][1] >= b / d * (1 - 1e-5)
        assert tau["ends"][1] / tau["ends"][0] < 1.05
    text = as_text(found)
    assert text.startswith(f"kind of point: {word} - ")
    assert f"\ncritical tau: {limit} - the flow is " in text


def test_no_kind_is_named_where_the_players_move() -> None:
    f = lambda x, y: jnp.sum(x**2 + x * y - y**2)
    kind = found_of(zero_sum(f, (np.ones(3), np.zeros(3))), EXACT)["kind_of_point"]
    assert kind["verdict"] == "undecided"
    assert "this is no zero of the field" in kind["meaning"]
    assert kind["curvatures"]["leader"]["value"] == pytest.approx(2.5, abs=1e-5)


def test_a_flat_direction_is_undecided() -> None:
    flat = zero_sum(lambda x, y: jnp.sum(x[:2] * y[:2] - y[:2] ** 2), (np.zeros(3), np.zeros(3)))
    found = found_of(flat, EXACT)
    assert found["kind_of_point"]["verdict"] == "undecided"
    assert found["kind_of_point"]["largest_inner_residual"] == 0
    assert found["critical_tau"]["verdict"] == "undecided"


@pytest.mark.full
def test_derivatives_of_a_network_in_double_precision() -> None:
    networks = (
        mlp_generator((2,), (3,), activation="tanh"),
        mlp_discriminator((4,), activation="tanh"),
    )
    game = gan(*networks, non_saturating(), normal(2)).add(r1(10.0))
    batch = {"image": np.random.default_rng(0).standard_normal((9, 2)).astype(np.float32)}
    variables, key = game.init(jax.random.key(0), batch), jax.random.key(1)
    with jax.enable_x64(True):
        make = lambda point: flat_losses(game, variables, *point)
        here = Derivatives(make, double=True).at((batch, key))
        size, split = len(here.slopes[0]), here.split
        matrix = -exact_jacobian(in_double(field(game, variables, batch, key)))
        every = np.eye(size)
        np.testing.assert_allclose(here.discriminator(every).T[:split], matrix[:split], atol=1e-12)
        np.testing.assert_allclose(here.generator(every).T[split:], matrix[split:], atol=1e-12)
        # The Hessian of f - w·∇g, with third derivatives of g, against central differences.
        weight = np.concatenate(
            [np.random.default_rng(1).standard_normal(split), np.zeros(size - split)]
        )
        row = np.random.default_rng(2).standard_normal((1, size))

        losses = make((batch, key))
        moved = Derivatives(
            lambda shift: losses._replace(point=losses.point + shift * row[0]), double=True
        )

        def slope(shift: float) -> np.ndarray:
            there = moved.at(np.float64(shift))
            return there.slopes[0] - there.discriminator(weight[None])[0]

        step = 1e-5
        differences = (slope(step) - slope(-step)) / (2 * step)
        np.testing.assert_allclose(here.bent(weight)(row)[0], differences, atol=1e-6)


def test_best_responses_solved_within_lanczos_are_exact_ones() -> None:
    rng = np.random.default_rng(0)
    turn, damping = rng.standard_normal((2, 4, 4))
    damping = jnp.asarray(damping @ damping.T + np.eye(4))
    f = lambda x, y: (
        jnp.sum(jnp.tanh(x) * (turn @ y)) - y @ damping @ y / 2 - 0.1 * jnp.sum(y * x**2)
    )
    with jax.enable_x64(True):
        game = zero_sum(f, (rng.standard_normal(4), rng.standard_normal(4)))
        losses = flat_losses(game, game.init(jax.random.key(0), {}), {})
        here = Derivatives(lambda _: losses).at(())
        exact, free = exact_leader(here), free_leader(here)
    np.testing.assert_allclose(free.derivative, exact.derivative, atol=1e-7)
    assert free.curvatures.leader.value == pytest.approx(exact.curvatures.leader.value, abs=1e-6)
    assert 0 < free.curvatures.inner < 1e-8
