"""Spectral radii of every rule on the bilinear game against their closed forms."""

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Game
from jgan.gans.unrolled import unrolled
from jgan.numerics.eigen import eigenvalues, spectral_radius
from jgan.numerics.field import operator, settled
from jgan.numerics.toy_games import bilinear
from jgan.rules import (
    Rule,
    alternating,
    competitive,
    consensus,
    drift_corrected,
    extragradient,
    lola,
    look_ahead,
    lookahead_minimax,
    negative_momentum,
    optimistic,
    past_extragradient,
    runge_kutta,
    simultaneous,
    symplectic,
)

STRENGTHS = (0.05, 0.3, 0.5, 0.9)
SLOPE = 2.0


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def sgd(eta: float, beta: float | None = None) -> dict[str, optax.GradientTransformation]:
    return dict.fromkeys(PLAYERS, optax.sgd(eta, momentum=beta))


def at_zero(rule: Rule, steps: int = 1):
    """The operator at the equilibrium x = y = 0."""
    state = rule.init(jax.random.key(0), {})
    state = state.replace(variables=jax.tree.map(jnp.zeros_like, state.variables))
    return operator(rule, settled(rule, state, {}), {}, steps)


def radius(rule: Rule, steps: int = 1) -> float:
    return float(spectral_radius(at_zero(rule, steps)))


def optimistic_radius(c: float) -> float:
    if c <= 0.5:
        return np.sqrt((1 + np.sqrt(1 - 4 * c * c)) / 2)
    return np.sqrt(0.25 + (c + 0.5 * np.sqrt(4 * c * c - 1)) ** 2)


def unroll(steps: int, rate: float, second_order: bool = True) -> Callable[[Game, float], Rule]:
    return lambda game, eta: simultaneous(
        unrolled(game, steps, optax.sgd(rate), second_order=second_order), sgd(eta)
    )


ALPHA = 0.1
G = ALPHA * SLOPE
TABLE: dict[str, tuple[Callable[[Game, float], Rule], Callable[[float], float]]] = {
    "simultaneous": (lambda g, eta: simultaneous(g, sgd(eta)), lambda c: np.sqrt(1 + c * c)),
    "alternating": (lambda g, eta: alternating(g, sgd(eta), first=GENERATOR), lambda c: 1.0),
    "extragradient": (
        lambda g, eta: extragradient(g, sgd(eta)),
        lambda c: np.sqrt(1 - c**2 + c**4),
    ),
    "optimistic": (optimistic, optimistic_radius),
    "past_extragradient": (past_extragradient, optimistic_radius),
    "consensus": (
        lambda g, eta: consensus(g, sgd(eta), ALPHA),
        lambda c: np.sqrt((1 - c * G) ** 2 + c * c),
    ),
    "symplectic": (
        lambda g, eta: symplectic(g, sgd(eta), ALPHA, align=False),
        lambda c: np.sqrt((1 - c * G) ** 2 + c * c),
    ),
    "symplectic_aligned": (
        lambda g, eta: symplectic(g, sgd(eta), ALPHA),
        lambda c: np.sqrt((1 - c * G) ** 2 + c * c),
    ),
    "competitive": (competitive, lambda c: 1 / np.sqrt(1 + c * c)),
    "look_ahead": (
        lambda g, eta: look_ahead(g, sgd(eta), ALPHA),
        lambda c: np.sqrt((1 - c * G) ** 2 + c * c),
    ),
    "lola": (
        lambda g, eta: lola(g, sgd(eta), ALPHA),
        lambda c: np.sqrt((1 - 2 * c * G) ** 2 + c * c),
    ),
    "lola_original": (
        lambda g, eta: lola(g, sgd(eta), ALPHA, anticipation=0.0),
        lambda c: np.sqrt((1 - c * G) ** 2 + c * c),
    ),
    "sos": (
        lambda g, eta: lola(g, sgd(eta), ALPHA, shaping=0.3),
        lambda c: np.sqrt((1 - 1.3 * c * G) ** 2 + c * c),
    ),
    "unrolled": (unroll(3, 0.07), lambda c: np.sqrt(1 - 2 * c * 3 * 0.07 * SLOPE + c * c)),
    "unrolled_same_rate": (
        lambda g, eta: unroll(2, eta)(g, eta),
        lambda c: np.sqrt(1 - 3 * c * c),
    ),
    "unrolled_alternating": (
        lambda g, eta: alternating(unrolled(g, 1, optax.sgd(eta)), sgd(eta), first=GENERATOR),
        lambda c: np.sqrt(1 - 2 * c * c),
    ),
    "unrolled_first_order": (
        lambda g, eta: unroll(2, eta, second_order=False)(g, eta),
        lambda c: np.sqrt(1 - c * c),
    ),
    "heun": (lambda g, eta: runge_kutta(g, eta, 2), lambda c: np.sqrt(1 + c**4 / 4)),
    "rk4": (runge_kutta, lambda c: np.sqrt(1 - c**6 / 72 + c**8 / 576)),
    "drift_corrected": (
        lambda g, eta: drift_corrected(g, dict.fromkeys(PLAYERS, eta)),
        lambda c: np.sqrt(1 + c**4 / 4),
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_spectral_radius_on_the_bilinear_game(name: str) -> None:
    make, theory = TABLE[name]
    game = bilinear(SLOPE)
    # Closed forms with a condition are stated where their eigenvalues are complex.
    strengths = (
        STRENGTHS
        if name not in ("unrolled_same_rate", "unrolled_alternating")
        else (0.05, 0.3, 0.5)
    )
    measure = jax.jit(lambda eta: spectral_radius(at_zero(make(game, eta))))
    for c in strengths:
        tolerance = 2e-6 if "optimistic" in name or "past" in name else 1e-9
        assert float(measure(c / SLOPE)) == pytest.approx(theory(c), abs=tolerance), c


def test_table_values_at_three_tenths_and_one_half() -> None:
    printed = {
        0.3: {"simultaneous": 1.044031, "extragradient": 0.958175, "optimistic": 0.948683,
              "competitive": 0.957826, "rk4": 0.999995},
        0.5: {"extragradient": 0.901388, "optimistic": 0.707107, "competitive": 0.894427},
    }  # fmt: skip
    for c, row in printed.items():
        for name, value in row.items():
            rule = TABLE[name][0](bilinear(SLOPE), c / SLOPE)
            assert radius(rule) == pytest.approx(value, abs=2e-6)


@pytest.mark.parametrize(
    ("c", "every", "expected"),
    [
        (0.1, 1, 1.00125),
        (0.1, 2, 1.0000125),
        (0.1, 5, 0.98133),
        (0.1, 10, 0.90086),
        (0.3, 10, 0.30376),
    ],
)
def test_lookahead_on_simultaneous_descent(c: float, every: int, expected: float) -> None:
    rule = lookahead_minimax(simultaneous(bilinear(SLOPE), sgd(c / SLOPE)), every)
    assert radius(rule, every) == pytest.approx(expected, abs=6e-6)


def test_lookahead_on_alternating_descent() -> None:
    base = alternating(bilinear(1.0), sgd(0.1), first=GENERATOR)
    assert radius(lookahead_minimax(base, 5), 5) == pytest.approx(0.96889, abs=6e-6)


def test_lookahead_keeps_the_inner_memory() -> None:
    c = 0.4
    rule = lookahead_minimax(past_extragradient(bilinear(1.0), c), 1, alpha=1.0)
    assert radius(rule) == pytest.approx(optimistic_radius(c), abs=2e-6)


@pytest.mark.parametrize("c", [0.01, *STRENGTHS])
@pytest.mark.parametrize("betas", [(-0.5, -0.5), (0.3, -0.2), (-0.5, 0.0)])
@pytest.mark.parametrize("simultaneously", [True, False])
def test_momentum_has_its_characteristic_polynomial(
    c: float, betas: tuple[float, float], simultaneously: bool
) -> None:
    optimizers = {p: optax.sgd(c, momentum=b) for p, b in zip(PLAYERS, betas, strict=True)}
    game = bilinear(1.0)
    rule = (
        simultaneous(game, optimizers)
        if simultaneously
        else alternating(game, optimizers, first=GENERATOR)
    )
    found = np.sort_complex(np.asarray(eigenvalues(at_zero(rule))))
    factors = np.poly([1.0, 1.0, *betas])
    square = [0, 0, c * c, 0, 0] if simultaneously else [0, c * c, 0, 0, 0]
    theory = np.sort_complex(np.roots(factors + np.array(square)))
    # Roots of the polynomial may come in another order where moduli nearly agree.
    assert np.abs(found[:, None] - theory[None]).min(axis=1).max() < 1e-6
    assert np.abs(found[:, None] - theory[None]).min(axis=0).max() < 1e-6


@pytest.mark.parametrize("beta", [-0.7, -0.5, -0.2, 0.3])
def test_negative_momentum_law_for_small_steps(beta: float) -> None:
    c = 0.01
    alternating_excess = radius(negative_momentum(bilinear(1.0), c, beta)) ** 2 - 1
    assert alternating_excess == pytest.approx(2 * beta * c**2 / (1 - beta) ** 3, rel=0.01)
    together = simultaneous(bilinear(1.0), sgd(c, beta))
    excess = radius(together) ** 2 - 1
    assert excess == pytest.approx(c**2 * (1 + beta) / (1 - beta) ** 3, rel=0.01)


@pytest.mark.parametrize(
    ("c", "expected"), [(0.05, 1.0094), (0.1, 1.0323), (0.5, 1.2693), (1.0, 1.5223)]
)
def test_positive_momentum_diverges(c: float, expected: float) -> None:
    assert radius(negative_momentum(bilinear(1.0), c, 0.5)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("c", "square"), [(0.05, 0.99944), (0.1, 0.99778), (0.5, 0.94340), (1.0, 0.76069)]
)
def test_momentum_of_minus_one_half_for_both(c: float, square: float) -> None:
    both = radius(negative_momentum(bilinear(1.0), c)) ** 2
    first = {GENERATOR: optax.sgd(c, momentum=-0.5), DISCRIMINATOR: optax.sgd(c, momentum=0.0)}
    one = radius(alternating(bilinear(1.0), first, first=GENERATOR)) ** 2
    assert min(abs(both - square), abs(one - square)) < 1e-5


def test_extragradient_is_best_at_one_over_root_two() -> None:
    measure = jax.jit(
        jax.vmap(
            lambda eta: spectral_radius(at_zero(TABLE["extragradient"][0](bilinear(1.0), eta)))
        )
    )
    steps = jnp.linspace(0.5, 0.9, 401)
    radii = measure(steps)
    assert float(steps[jnp.argmin(radii)]) == pytest.approx(1 / np.sqrt(2), abs=1e-3)
    assert float(radii.min()) == pytest.approx(np.sqrt(3) / 2, abs=1e-6)


def test_rk4_is_stable_up_to_two_root_two() -> None:
    limit = 2 * np.sqrt(2)
    assert radius(runge_kutta(bilinear(1.0), 0.999 * limit)) < 1
    assert radius(runge_kutta(bilinear(1.0), 1.001 * limit)) > 1


def test_alternating_conserves_its_quadratic_form() -> None:
    c = 0.4
    rule = alternating(bilinear(1.0), sgd(c), first=GENERATOR)
    state = rule.init(jax.random.key(0), {})
    form = []
    for _ in range(20):
        x, y = (state.variables[p]["params"] for p in PLAYERS)
        form.append(float(x * x + y * y - c * x * y))
        state, _ = rule.update(state, {})
    assert np.ptp(form) < 1e-12
