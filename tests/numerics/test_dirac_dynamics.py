"""Orbits and step bounds of the Dirac-GAN against theory (Mescheder et al. 2018)."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgan.game import GENERATOR, PLAYERS
from jgan.losses import wasserstein
from jgan.numerics.dirac import SLOPES, regularised
from jgan.numerics.eigen import eigenvalues, spectral_radius
from jgan.numerics.field import field
from jgan.numerics.named_rules import Setting, named_rule
from jgan.numerics.orbit import flow, iterate, limit_cycle, positions
from jgan.numerics.stability import (
    alternating_r1_step,
    critical_gamma,
    dirac_field,
    dirac_operator,
    largest_stable_step,
    largest_step,
    radius_map,
    simultaneous_r1_step,
)
from jgan.numerics.toy_games import as_variables, dirac, dirac_batch
from jgan.rules import alternating
from jgan.terms.penalties import wgan_gp

FULL = pytest.mark.full


def begin(loss: str, penalty: str, rule: str, step: float, start: tuple[float, float], **more):
    toy = regularised(loss, penalty, more.pop("strength", None), start)
    moving = named_rule(rule, toy.game, Setting(step, **more))
    return moving, moving.init(jax.random.key(0), toy.batch), toy.batch


def orbit(*arguments, steps: int, every: int = 1, **more) -> np.ndarray:
    moving, state, batch = begin(*arguments, **more)
    return np.asarray(jax.jit(lambda s: positions(moving, s, batch, steps, every))(state))


def distances(*arguments, steps: int, every: int = 1, **more) -> np.ndarray:
    return np.linalg.norm(orbit(*arguments, steps=steps, every=every, **more), axis=1)


def test_saturating_growth_is_exact_at_every_point() -> None:
    h = 0.2
    path = orbit("minimax", "none", "simultaneous", h, (1.0, 1.0), steps=500)
    psi, theta = path.T
    squares = theta**2 + psi**2
    slope = 1 / (1 + np.exp(-theta * psi))  # our psi is minus theirs
    np.testing.assert_allclose(squares[1:], squares[:-1] * (1 + (h * slope[:-1]) ** 2), rtol=1e-12)
    # Their start (1, 1) is our (1, -1).
    path = orbit("minimax", "none", "simultaneous", h, (1.0, -1.0), steps=500)
    assert np.linalg.norm(path[-1]) == pytest.approx(3.09695, abs=1e-5)


def test_the_continuous_saturating_flow_keeps_its_radius() -> None:
    toy = regularised("minimax")
    path = flow(field(toy.game, as_variables(1.0, -1.0), toy.batch), np.linspace(0, 50, 30))
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), np.sqrt(2), rtol=1e-6)


@pytest.mark.parametrize("loss", SLOPES)
def test_simultaneous_radius_without_a_penalty(loss: str) -> None:
    h = 0.2
    found = float(spectral_radius(dirac_operator("simultaneous", Setting(h), loss, "none")))
    assert found == pytest.approx(np.sqrt(1 + (h * SLOPES[loss][0]) ** 2), abs=1e-12)


BOUNDS = np.array([
    (0.1, 0.4, 3.61995), (0.3, 1.2, 2.97612), (0.9, 3.6, 1.78145),
    (1.5, 1.52786, 1.21110), (3.0, 0.68629, 0.64911),
])  # fmt: skip
"""The strength of R1, the largest step of simultaneous descent, and that of alternating descent."""


@pytest.mark.parametrize(("rule", "bounds"), [
    ("simultaneous", BOUNDS[:, 1]), ("alternating", BOUNDS[:, 2]),
])  # fmt: skip
def test_step_bounds_of_r1(rule: str, bounds: np.ndarray) -> None:
    exact = {"simultaneous": simultaneous_r1_step, "alternating": alternating_r1_step}[rule]

    @jax.jit
    @jax.vmap
    def measured(gamma, bound):
        operator = lambda step: dirac_operator(rule, Setting(step), "minimax", "r1", gamma)
        around = [spectral_radius(operator(share * bound)) for share in (0.99, 1.01)]
        return exact(gamma, 0.5), *around, largest_stable_step(operator, 8.0)

    closed, below, above, found = measured(BOUNDS[:, 0], bounds)
    np.testing.assert_allclose(closed, bounds, atol=1e-5)
    np.testing.assert_allclose(found, bounds, atol=1e-5)
    assert (below < 1).all()
    assert (above > 1).all()


def test_the_step_bound_of_eigenvalues() -> None:
    of_field = jax.jit(
        jax.vmap(lambda gamma: largest_step(eigenvalues(dirac_field("minimax", "r1", gamma))))
    )
    np.testing.assert_allclose(of_field(BOUNDS[:, 0]), BOUNDS[:, 1], atol=1e-5)


def test_iterates_agree_with_the_step_bounds() -> None:
    for rule, bound in (("simultaneous", 1.2), ("alternating", 2.97612)):
        start = (1e-3, 1e-3)
        for share, grows in ((0.99, False), (1.01, True)):
            radii = distances("minimax", "r1", rule, share * bound, start, steps=400, strength=0.3)
            assert (radii[-50:].max() > radii[:50].max()) == grows


def test_general_bound_for_random_eigenvalues() -> None:
    parts = jax.random.normal(jax.random.key(0), (20_000, 2))
    values = -jnp.abs(parts[:, 0]) + 1j * parts[:, 1]
    bound = largest_step(values[:, None])
    assert (jnp.abs(1 + 0.999 * bound * values) < 1).all()
    assert (jnp.abs(1 + 1.001 * bound * values) > 1).all()
    assert float(largest_step(jnp.array([0.1 + 1j, -1.0 + 0j]))) == 0.0


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_alternating_descent_is_neutral_up_to_alpha_two(steps: int) -> None:
    rates = np.array([0.2, 1.0, 2.05, 4.1])

    @jax.jit
    @jax.vmap
    def measured(h):
        setting = Setting(h, discriminator_steps=steps)
        return eigenvalues(dirac_operator("alternating", setting, "minimax", "none"))

    for h, found in zip(rates, np.asarray(measured(rates)), strict=True):
        alpha = np.sqrt(steps) * h * 0.5
        middle = 1 - alpha**2 / 2
        root = np.sqrt(complex(middle**2 - 1))
        expected = np.array([middle + root, middle - root])
        assert np.abs(found[:, None] - expected[None]).min(axis=1).max() < 1e-7
        assert (np.abs(found).max() < 1 + 1e-7) == (alpha <= 2)


def test_values_beyond_alpha_two() -> None:
    found = eigenvalues(dirac_operator("alternating", Setting(4.1), "minimax", "none"))
    assert sorted(np.abs(found)) == pytest.approx([0.64, 1.5625], abs=1e-4)


@pytest.mark.parametrize("steps", [1, 3])
def test_alternating_r1_with_several_discriminator_steps(steps: int) -> None:
    h, gamma, a = 0.7, 0.3, 0.5
    setting = Setting(h, discriminator_steps=steps)
    found = np.asarray(eigenvalues(dirac_operator("alternating", setting, "minimax", "r1", gamma)))
    kept = (1 - h * gamma) ** steps
    assert np.prod(found).real == pytest.approx(kept, abs=1e-10)
    assert found.sum().real == pytest.approx(1 + kept - h * a * a * (1 - kept) / gamma, abs=1e-10)


def test_observed_decay_of_r1() -> None:
    start = (0.1, -0.1)
    for rule, observed, theory in (
        ("simultaneous", 0.97378, 0.97468), ("alternating", 0.96884, 0.96954),
    ):  # fmt: skip
        radii = distances("minimax", "r1", rule, 0.2, start, steps=500, strength=0.3)
        rate = (radii[500] / radii[0]) ** (1 / 500)
        operator = dirac_operator(rule, Setting(0.2), "minimax", "r1", 0.3)
        assert float(spectral_radius(operator)) == pytest.approx(theory, abs=5e-6)
        assert rate == pytest.approx(theory, abs=2e-3)
        assert abs(observed - rate) < 2e-3


def test_critical_gammas() -> None:
    for loss in ("minimax", "wasserstein"):
        for penalty, factor in (("r1", 2.0), ("r1+r2", 1.0)):
            found = jax.jit(
                lambda loss=loss, penalty=penalty: critical_gamma(
                    lambda gamma: dirac_field(loss, penalty, gamma), 5.0
                )
            )()
            assert float(found) == pytest.approx(factor * SLOPES[loss][0], abs=1e-7)
    sigma = critical_gamma(lambda s: dirac_field("minimax", "instance-noise", s), 3.0)
    assert float(sigma) ** 2 == pytest.approx(2.0, abs=1e-6)


@pytest.mark.parametrize(
    ("time", "radius", "accuracy"),
    [(50.0, (25 + 50 / 8) ** -0.5, 1e-3), pytest.param(2000.0, 0.060298, 2e-6, marks=FULL)],
)
def test_non_saturating_flow_decays_like_a_cubic(
    time: float, radius: float, accuracy: float
) -> None:
    """r' = -r³/16 for a small radius r, so 1/r² grows by t/8."""
    toy = regularised("non-saturating")
    path = flow(field(toy.game, as_variables(0.2, 0.0), toy.batch), np.array([0.0, time]))
    assert np.linalg.norm(path[-1]) == pytest.approx(radius, abs=accuracy)


@pytest.mark.parametrize("loss", ["non-saturating", "least-squares"])
def test_non_saturating_limit_cycle_from_inside_and_outside(loss: str) -> None:
    rates, measured = np.array([(0.01, 0.1413), (0.05, 0.31621), (0.1, 0.44708), (0.2, 0.63175)]).T
    starts = np.array([(0.05, 0.0), (1.0, 1.0)])

    @jax.jit
    @partial(jax.vmap, in_axes=(0, None))
    @partial(jax.vmap, in_axes=(None, 0))
    def cycle(h, start):
        cycle = limit_cycle(*begin(loss, "none", "simultaneous", h, tuple(start)), settle=500_000)
        return cycle.radius, cycle.settled

    radii, settled = cycle(rates, starts)
    np.testing.assert_allclose(radii, np.sqrt(2 * rates)[:, None] * np.ones(2), rtol=0.01)
    assert (settled < 2e-3).all()
    if loss == "non-saturating":
        np.testing.assert_allclose(radii, measured[:, None] * np.ones(2), rtol=3e-3)


def test_non_saturating_alternating_descent_decays_like_the_root() -> None:
    radii = distances(
        "non-saturating", "none", "alternating", 0.2, (1.0, -1.0), steps=400_000, every=500
    )
    for k, printed, formula in (
        (500, 0.28392, 0.27735),
        (20_000, 0.04576, 0.04470),
        (400_000, 0.01023, 0.01),
    ):
        found = radii[k // 500]
        assert found == pytest.approx(printed, rel=0.06)
        assert found == pytest.approx(formula, rel=0.06)


@pytest.mark.parametrize(("rule", "h", "expected"), [
    ("simultaneous", 0.2, 1.170), ("simultaneous", 0.05, 1.040), ("simultaneous", 0.01, 1.008),
    ("alternating", 0.01, 1.000),
])  # fmt: skip
def test_clipped_wasserstein_settles_on_its_widest_circle(
    rule: str, h: float, expected: float
) -> None:
    path = orbit("wasserstein", "clip", rule, h, (1.0, -1.0), steps=40_000, strength=1.0)
    psi, theta = path[-5000:].T
    assert np.abs(theta).max() == pytest.approx(expected, abs=0.003)
    assert np.abs(psi).max() <= 1.0


def test_wgan_simultaneous_growth_and_alternating_conservation() -> None:
    radii = distances("wasserstein", "none", "simultaneous", 0.2, (1.0, 1.0), steps=100)
    np.testing.assert_allclose(radii[1:] / radii[:-1], np.sqrt(1.04), rtol=1e-12)
    path = orbit("wasserstein", "none", "alternating", 0.2, (1.0, 1.0), steps=2000)
    psi, theta = path.T
    assert np.ptp(theta**2 + psi**2 + 0.2 * theta * psi) < 1e-10


@pytest.mark.parametrize(
    ("gamma", "target", "crossing"),
    [(0.7, 1.0, 1.32660), (1.0, 0.3, 0.416875), (1.5, 0.5, 0.793806)],
)
def test_wgan_gp_cycles_through_its_crossing(gamma: float, target: float, crossing: float) -> None:
    theory = gamma * target / np.tanh(gamma * np.pi / (4 * np.sqrt(1 - gamma**2 / 4)))
    assert theory == pytest.approx(crossing, abs=2e-5)
    game = dirac(wasserstein(), (1.0, 1.0)).add(wgan_gp(gamma / 2, target))
    h = 2e-4
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.sgd(h)), first=GENERATOR)
    batch = dirac_batch()
    state = jax.jit(lambda s: iterate(rule, s, batch, 400_000))(rule.init(jax.random.key(0), batch))
    path = np.asarray(jax.jit(lambda s: positions(rule, s, batch, 80_000))(state))
    psi, theta = path.T
    turns = np.nonzero(np.diff(np.sign(psi)))[0]
    assert len(turns) > 1
    np.testing.assert_allclose(np.abs(theta[turns]), theory, atol=1e-3)


@pytest.mark.parametrize("gamma", [2.5, 3.0])
def test_strong_wgan_gp_converges_to_wrong_points(gamma: float) -> None:
    toy_path = orbit(
        "wasserstein", "wgan-gp", "simultaneous", 0.01, (1.0, 1.0), steps=20_000, strength=gamma
    )
    psi, theta = toy_path[-1]
    assert abs(theta) == pytest.approx(gamma, abs=0.01)
    assert abs(psi) < 0.05


def test_map_of_radii_is_the_closed_form() -> None:
    steps, gammas = jnp.linspace(0.05, 3, 7), jnp.linspace(0.1, 0.9, 5)
    found = radius_map(steps, gammas, rule="alternating", loss="minimax")
    determinant = np.asarray(1 - gammas[:, None] * steps[None])
    complex_pair = (1 + determinant - steps**2 / 4) ** 2 < 4 * determinant
    assert complex_pair.sum() > 20
    np.testing.assert_allclose(found[complex_pair], np.sqrt(determinant[complex_pair]), atol=1e-9)
    together = radius_map(steps, gammas, loss="minimax")
    np.testing.assert_allclose(
        together, np.sqrt(1 - gammas[:, None] * steps + steps**2 / 4), atol=1e-9
    )


def test_maps_run_over_momentum_and_discriminator_steps() -> None:
    steps, gammas = jnp.linspace(0.1, 1, 3), jnp.array([0.0, 0.3])
    over_momentum = jax.vmap(lambda m: radius_map(steps, gammas, rule="alternating", momentum=m))
    found = over_momentum(jnp.array([-0.5, 0.0, 0.5]))
    assert found.shape == (3, 2, 3)
    assert (found[0, 0] < 1).all()
    assert (found[2, 0] > 1).all()
    plain = radius_map(steps, gammas, rule="alternating")
    np.testing.assert_allclose(found[1], plain, atol=1e-7)
    assert radius_map(steps, gammas, rule="alternating", discriminator_steps=5).shape == (2, 3)
