"""Studies of games that a file might define: equilibria, exponents, verdicts, maps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.game import PLAYERS, with_projection
from jgan.numerics.dirac import regularised
from jgan.numerics.equilibrium import (
    find_equilibria,
    find_equilibrium,
    has_kink,
    natural_map,
    starts_around,
)
from jgan.numerics.field import field
from jgan.numerics.game_case import GameCase, values_between
from jgan.numerics.game_study import dimension_of_set, study_game
from jgan.numerics.landscape import ELSEWHERE, LEFT, basins, bifurcation, radius_over
from jgan.numerics.lyapunov import largest_exponent
from jgan.numerics.named_rules import Setting, named_rule
from jgan.numerics.selfmap import SelfMap
from jgan.numerics.toy_games import bilinear
from jgan.numerics.two_player import two_player, zero_sum


def begun(game):
    return game.init(jax.random.key(0), {})


def exponent(game, rule: str, setting: Setting, **more):
    moving = named_rule(rule, game, setting)
    go = jax.jit(lambda state: largest_exponent(moving, state, {}, **more))
    return go(moving.init(jax.random.key(0), {}))


def test_exponents_of_known_orbits() -> None:
    # At an equilibrium, the logarithm of the spectral radius: extragradient at c = 0.3.
    found = exponent(bilinear(1.0), "extragradient", Setting(0.3), stretch=400, count=4)
    assert float(found.value) == pytest.approx(np.log(0.958175), abs=2e-6)
    # Steps of 1 along 4x² - 3x make x ← 4x(1 - x), whose exponent is ln 2; y is at rest.
    logistic = two_player(
        lambda x, y: 4 / 3 * x**3 - 1.5 * x**2, lambda x, y: 0.25 * y**2, (0.3, 0.0)
    )
    found = exponent(logistic, "simultaneous", Setting(1.0), stretch=20_000, count=8)
    assert float(found.value) == pytest.approx(np.log(2), abs=3e-3)
    assert abs(float(found.value) - np.log(2)) < 5 * float(found.standard_error) + 1e-4
    cycling = regularised("non-saturating").game
    moving = named_rule("simultaneous", cycling, Setting(0.2))
    batch = regularised("non-saturating").batch
    found = jax.jit(
        lambda s: largest_exponent(moving, s, batch, settle=50_000, stretch=2000, count=4)
    )(moving.init(jax.random.key(0), batch))
    assert abs(float(found.value)) < 1e-4


def test_equilibria_are_found_with_their_residuals() -> None:
    # v = -(x³ - x + y, y - x/2): three of them, x = 0 and x = ±1/√2.
    game = two_player(
        lambda x, y: x**4 / 4 - x**2 / 2 + x * y, lambda x, y: y**2 / 2 - x * y / 2, (2.0, 2.0)
    )
    found, first = find_equilibria(
        field(game, begun(game), {}), starts_around(np.array([2.0, 2.0]))
    )
    points = sorted(np.round(one.point, 9).tolist() for one in found)
    root = 1 / np.sqrt(2)
    np.testing.assert_allclose(points, [[-root / 2, -root], [0, 0], [root / 2, root]], atol=1e-8)
    assert max(float(one.residual) for one in found) < 1e-9
    assert bool(first.found)
    assert found[0].point[1] == pytest.approx(root)  # the nearest to the start comes first


def test_a_field_that_vanishes_at_infinity_has_no_equilibrium_there() -> None:
    away = SelfMap(lambda x: jnp.exp(-x), jnp.ones(2))
    assert not bool(find_equilibrium(away).found)


def test_bounds_hold_players_at_an_equilibrium() -> None:
    inside = lambda value: jnp.clip(value, 0.0, 1.0)
    game = zero_sum(lambda x, y: (x + 1) ** 2 - (y - 0.3) ** 2, (0.9, 0.9))
    for player in PLAYERS:
        game = with_projection(game, player, inside)
    there = find_equilibrium(natural_map(game, begun(game), {}))
    np.testing.assert_allclose(there.point, [0.3, 0.0], atol=1e-9)
    assert bool(there.found)


def test_kinks_and_sets_of_equilibria_are_noticed() -> None:
    assert has_kink(SelfMap(jnp.abs, jnp.zeros(2)), np.zeros(2))
    assert not has_kink(SelfMap(jnp.abs, jnp.zeros(2)), np.ones(2))
    assert not has_kink(SelfMap(lambda x: x**2, jnp.zeros(2)), np.zeros(2))
    line = SelfMap(lambda x: jnp.array([x[0] - x[1], 0.0]), jnp.ones(2))
    assert dimension_of_set(line, np.ones(2)) == 1
    assert dimension_of_set(SelfMap(lambda x: x**3, jnp.ones(2)), np.zeros(2)) == 0


def quadratic_case(tau: float = 2.0, **more) -> GameCase:
    def build(b: float, c: float, d: float):
        f = lambda x, y: -b / 2 * (x - 1) ** 2 + c * (x - 1) * y - d / 2 * y**2
        return zero_sum(f, (2.0, 1.0)), {}

    arguments = {"b": 1.0, "c": 2.0, "d": 1.0}
    return GameCase(build, arguments, setting=Setting(0.1, tau=tau), **more)


def test_a_study_about_an_equilibrium_that_is_not_the_origin() -> None:
    found = study_game(quadratic_case(), steps=300, long=1 << 12)
    assert found.local is not None
    np.testing.assert_allclose(found.centre, [0.0, 1.0], atol=1e-9)
    trace, determinant = 1 - 2.0, 2 * (4 - 1.0)
    root = np.sqrt(complex(trace**2 / 4 - determinant))
    expected = np.array([trace / 2 + root, trace / 2 - root])
    np.testing.assert_allclose(
        np.sort_complex(found.local.field), np.sort_complex(expected), atol=1e-9
    )
    radius = np.abs(1 + 0.1 * expected).max()
    assert found.local.spectral_radius == pytest.approx(radius, abs=1e-9)
    assert found.observed_rate == pytest.approx(radius, abs=1e-3)
    assert found.limit is not None
    assert found.limit.step == pytest.approx(
        -2 * expected[0].real / abs(expected[0]) ** 2, abs=1e-6
    )
    assert found.verdict.word == "converges"
    assert float(found.exponent.value) == pytest.approx(np.log(radius), abs=2e-3)
    assert (found.labels, found.split) == (["discriminator", "generator"], 1)


def test_maps_are_the_closed_form() -> None:
    case = quadratic_case()
    steps, strengths = np.linspace(0.05, 0.3, 4), np.linspace(-1.0, 1.5, 3)
    found = radius_over(case, np.array([0.0, 1.0]), ("step", steps), ("b", strengths))
    for row, b in zip(found, strengths, strict=True):
        values = np.linalg.eigvals(np.array([[-2.0, 4.0], [-2.0, b]]))
        expected = np.abs(1 + steps[:, None] * values).max(axis=1)
        np.testing.assert_allclose(row, expected, atol=1e-9)
    with pytest.raises(ValueError, match="both numbers of the map are 'b', but they must differ"):
        radius_over(case, np.zeros(2), ("b", steps), ("b", steps))
    np.testing.assert_allclose(values_between("tau", 0.1, 10, 3), [0.1, 1.0, 10.0])
    with pytest.raises(ValueError, match=r"the highest step is 0\.1, but must be"):
        values_between("step", 0.2, 0.1, 3)


def test_a_pitchfork_and_its_basins() -> None:
    def build(r: float):
        return two_player(
            lambda x, y: x**4 / 4 - r * x**2 / 2, lambda x, y: y**2 / 2, (0.5, 0.5)
        ), {}

    case = GameCase(build, {"r": 1.0}, setting=Setting(0.2))
    values = np.array([-1.0, 0.25, 1.0])
    over = bifurcation(case, np.zeros(2), "r", values, settle=500, kept=3)
    np.testing.assert_allclose(
        over.points[..., 1], np.array([[0], [0.5], [1]]) * np.ones(3), atol=1e-6
    )
    assert (over.radii <= 1).tolist() == [True, False, False]
    equilibria = np.array([[0.0, -1.0], [0.0, 1.0]])
    starts = np.array([[[0.0, -0.5], [0.0, 0.3], [0.0, 0.0], [0.0, 1e4]]])
    ends = basins(case, equilibria, starts, updates=300, near=1e-6)
    assert ends.ends.tolist() == [[0, 1, ELSEWHERE, LEFT]]


@pytest.mark.full
def test_the_orbit_decides_where_nothing_is_linearised() -> None:
    def kinked():
        return two_player(
            lambda x, y: jnp.abs(x - y), lambda x, y: (y - x) ** 2 / 2 + x * y, (1.0, -0.5)
        ), {}

    found = study_game(GameCase(kinked), steps=50, long=1 << 12)
    assert (found.equilibria, found.local) == ([], None)
    assert found.verdict.word == "limit-cycle"
    assert found.verdict.radius == pytest.approx(0.05, abs=1e-6)
