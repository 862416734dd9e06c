"""Games made of functions, the rules' settings, and step limits against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.game import with_projection
from jgan.numerics.dirac_theory import critical_gamma, field_eigenvalues
from jgan.numerics.dirac_theory import step_limit as theory
from jgan.numerics.eigen import eigenvalues
from jgan.numerics.field import field
from jgan.numerics.game_case import GameCase
from jgan.numerics.named_rules import Setting, check_setting, named_rule
from jgan.numerics.selfmap import jacobian
from jgan.numerics.stability import dirac_field, dirac_operator, radius_an_update
from jgan.numerics.step_limit import step_limit
from jgan.numerics.time_scales import with_time_scale
from jgan.numerics.toy_games import bilinear, quadratic
from jgan.numerics.two_player import two_player, zero_sum

M = np.array([[1.0, -0.5, 0.3], [0.2, 0.8, -1.1]])
P, Q = np.diag([0.3, 0.7]), np.diag([0.1, 0.2, 0.9])


def jacobian_of(game) -> np.ndarray:
    return np.asarray(jacobian(field(game, game.init(jax.random.key(0), {}), {})))


def test_functions_make_the_game_that_they_say() -> None:
    start = (np.ones(2), np.ones(3))
    made = two_player(
        lambda x, y: 0.5 * x @ P @ x + x @ M @ y, lambda x, y: 0.5 * y @ Q @ y - x @ M @ y, start
    )
    known = jacobian_of(quadratic(P, M, Q))
    np.testing.assert_allclose(jacobian_of(made), known, atol=1e-12)
    one = zero_sum(lambda w: w[:2] @ M @ w[2:], np.ones(5), split=2)
    np.testing.assert_allclose(jacobian_of(one), jacobian_of(bilinear(M)), atol=1e-12)
    tree = zero_sum(lambda x, y: x["a"] * y[0] + x["b"] ** 2, ({"a": 1.0, "b": 2.0}, (3.0,)))
    expected = [[0, 1, 0], [-1, 0, 0], [0, 0, -2]]  # y, then a and b
    np.testing.assert_allclose(jacobian_of(tree), expected, atol=1e-12)


@pytest.mark.parametrize(("make", "message"), [
    (lambda: zero_sum(lambda x, y: x * y, 1.0), "start is 1.0, but must be a pair"),
    (lambda: zero_sum(lambda x, y: x * y, (1.0, np.nan)), "y of start is nan, but all its numbers must be"),
    (lambda: zero_sum(lambda x, y: x * y, (1j, 1.0)), "x of start is of type complex128, but must be real"),
    (lambda: zero_sum(lambda x, y: x * y, ([], 1.0)), "x of start holds no numbers"),
    (lambda: zero_sum(lambda w: w[0], [1.0, 2.0], split=2), r"start has the shape \(2,\) and split is 2"),
    (lambda: zero_sum(lambda w: w[0], [1.0, 2.0], split=0), "split is 0, but must be at least 1"),
    (lambda: zero_sum(lambda x, y: x * y, (np.ones(2), 1.0)), r"generator_loss returns an array of shape"),
    (lambda: two_player(lambda x, y: x, lambda x, y: 1j * x, (1.0, 1.0)), "discriminator_loss returns an"),
    (lambda: with_time_scale(bilinear(1.0), -1.0), "tau is -1.0, but must be a positive finite number"),
    (lambda: check_setting("lola", Setting(0.1, weights={"beta": 1.0})), "weights has 'beta', but the rule"),
    (lambda: check_setting("simultaneous", Setting(0.1, weights={"a": 1.0})), "'simultaneous' has none"),
    (lambda: check_setting("lola", Setting(0.1, weights={"alpha": np.nan})), "alpha is nan, but must be"),
    (lambda: check_setting("lookahead-minimax", Setting(0.1, weights={"every": 2.5})), "every is 2.5, but"),
    (lambda: check_setting("extragradient", Setting(0.1, generator_steps=2)), "generator_steps is 2, but only"),
    (lambda: check_setting("optimistic", Setting(0.1, optimizer="adam")), "rule 'optimistic' has no optimizer"),
    (lambda: check_setting("simultaneous", Setting(0.1, optimizer="rms")), "optimizer is 'rms', but must"),
    (lambda: check_setting("simultaneous", Setting(0.1, -0.5, optimizer="adam")), "momentum of adam is -0.5"),
    (lambda: check_setting("simultaneous", Setting(0.1, tau=0.0)), "tau is 0.0, but must be a positive"),
    (lambda: named_rule("consensus", bilinear(1.0), Setting(0.1, weights={"gamma": -1.0})), "gamma is -1.0"),
    (lambda: GameCase(lambda: (bilinear(1.0), {})).value("b"), "'b' is no number that can be mapped over; use"),
])  # fmt: skip
def test_refusals_are_one_sentence(make, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_two_time_scales_of_the_dirac_gan() -> None:
    for tau, gamma in ((0.5, 0.3), (4.0, 0.3), (4.0, 2.0)):
        half, root = -tau * gamma / 2, np.sqrt(complex(tau**2 * gamma**2 / 4 - tau * 0.25))
        found = np.sort_complex(np.asarray(eigenvalues(dirac_field("minimax", "r1", gamma, tau))))
        np.testing.assert_allclose(found, np.sort_complex([half + root, half - root]), atol=1e-9)
        ours = np.sort_complex(field_eigenvalues("minimax", "r1", gamma, tau))
        np.testing.assert_allclose(found, ours, atol=1e-9)
    # Real eigenvalues from tau = 4a²/γ² on.
    assert critical_gamma("minimax", "r1", tau=4.0) == pytest.approx(0.5)
    consensual = np.sort_complex(
        np.asarray(eigenvalues(dirac_field("minimax", "consensus", 0.7, 3.0)))
    )
    ours = np.sort_complex(field_eigenvalues("minimax", "consensus", 0.7, 3.0))
    np.testing.assert_allclose(consensual, ours, atol=1e-9)


def limit(rule: str, scale: float = 1.0, **weights: float):
    case = GameCase(lambda: (bilinear(1.0), {}), {}, rule, Setting(0.1, weights=weights))
    return step_limit(lambda step: case.changed(step=step).radius_at(jnp.zeros(2)), scale)


def lookahead_limit(every: int) -> float:
    low, high = 0.01, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        inside = abs(0.5 + 0.5 * (1 + 1j * middle) ** every) <= 1
        low, high = (middle, high) if inside else (low, middle)
    return low


@pytest.mark.parametrize(("rule", "weights", "expected"), [
    ("simultaneous", {}, 0.0),
    ("alternating", {}, 2.0),
    ("extragradient", {}, 1.0),
    ("optimistic", {}, 1 / np.sqrt(3)),
    ("runge-kutta-4", {}, 2 * np.sqrt(2)),
    ("consensus", {"gamma": 0.5}, 0.8),
    ("lookahead-minimax", {"every": 10}, lookahead_limit(10)),
    *(pytest.param(*case, marks=pytest.mark.full) for case in (
        ("past-extragradient", {}, 1 / np.sqrt(3)),
        ("consensus", {}, 1.0),
        ("symplectic", {"strength": 0.5}, 0.8),
        ("look-ahead", {"alpha": 0.5}, 0.8),
        ("lola", {"alpha": 0.5}, 1.0),
        ("lola", {"alpha": 0.5, "anticipation": 0.0}, 0.8),
        ("runge-kutta-2", {}, 0.0),
        ("drift-corrected", {}, 0.0),
        ("competitive", {}, np.inf),
    )),
])  # fmt: skip
def test_the_largest_step_of_every_rule_on_a_bilinear_game(rule, weights, expected) -> None:
    # At s = 1 the step is c. The bounds are those of the table of spectral radii in closed form.
    found = limit(rule, **weights)
    assert found.step == pytest.approx(expected, abs=1e-6)
    assert found.neutral == (rule == "alternating")


def test_the_largest_step_of_the_dirac_gan_with_two_rates() -> None:
    for rule, tau in (("simultaneous", 0.5), ("alternating", 3.0)):
        found = step_limit(
            lambda step, rule=rule, tau=tau: jnp.max(
                jnp.abs(
                    eigenvalues(dirac_operator(rule, Setting(step, tau=tau), "minimax", "r1", 0.3))
                )
            ),
            2.0,
        )
        assert found.step == pytest.approx(theory(rule, "minimax", "r1", 0.3, tau), abs=1e-6)


def test_lookahead_of_ten_updates() -> None:
    setting = Setting(0.2, weights={"every": 10})
    values = eigenvalues(dirac_operator("lookahead-minimax", setting, "minimax", "none"))
    radius = float(jnp.abs(values).max())
    assert radius == pytest.approx(0.90086, abs=5e-6)
    each = radius_an_update("lookahead-minimax", radius, setting)
    assert float(each) == pytest.approx(radius**0.1)


def test_adam_at_an_equilibrium_is_descent_with_the_rate_over_epsilon() -> None:
    case = GameCase(
        lambda: (bilinear(1.0), {}), {}, "simultaneous", Setting(1e-9, optimizer="adam")
    )
    assert float(case.radius_at(jnp.zeros(2))) == pytest.approx(np.sqrt(1.01), abs=1e-6)
    slower = case.changed(tau=0.25)
    assert float(slower.radius_at(jnp.zeros(2))) == pytest.approx(np.sqrt(1.0025), abs=1e-6)


def test_unequal_rates_and_several_steps_of_both_players() -> None:
    n_g, n_d, h, tau = 3, 2, 0.1, 2.0
    setting = Setting(h, discriminator_steps=n_d, generator_steps=n_g, tau=tau)
    found = np.asarray(jacobian(dirac_operator("alternating", setting, "wasserstein", "none")))
    assert np.linalg.det(found) == pytest.approx(1.0, abs=1e-12)
    assert np.trace(found) == pytest.approx(2 - n_g * n_d * h * h * tau, abs=1e-12)


def test_projections_hold_in_a_game_of_functions() -> None:
    game = with_projection(
        zero_sum(lambda x, y: x * y, (3.0, 1.0)), "generator", lambda x: jnp.clip(x, -1, 1)
    )
    rule = named_rule("simultaneous", game, Setting(0.1))
    state = rule.init(jax.random.key(0), {})
    assert float(state.variables["generator"]["params"]) == 1.0
