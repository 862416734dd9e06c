"""Modified flows (Rosca et al. 2021), order of Runge-Kutta, and exact expectations."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Aux, Game, with_weight_clipping
from jgan.losses import non_saturating, relativistic, wasserstein
from jgan.numerics.field import field, vector_field
from jgan.numerics.orbit import flow, positions
from jgan.numerics.quadrature import fixed_latents, gauss_hermite, weighted
from jgan.numerics.selfmap import SelfMap, jacobian, transposed_product
from jgan.numerics.toy_games import as_variables, dirac, dirac_batch, gaussian
from jgan.rules import alternating, runge_kutta, simultaneous, with_drift
from jgan.rules.rule import Rule
from jgan.scene.constants import constant, recording, replaying


def curved() -> Game:
    """Two losses of scalars without any symmetry."""

    def losses(v, batch, key, step, held=None):
        x, y = v[GENERATOR]["params"], v[DISCRIMINATOR]["params"]
        generator = x * y + 0.3 * x**2 + 0.2 * jnp.sin(x * y) + 0.1 * x**2 * y
        discriminator = -1.5 * x * y + 0.2 * y**2 + 0.3 * jnp.cos(x + 2 * y)
        return {GENERATOR: (generator, Aux()), DISCRIMINATOR: (discriminator, Aux())}

    return Game(lambda key, batch: as_variables(0.7, -0.4), losses)


def discretisation_error(
    rule: Rule, game: Game, rates: dict[str, float], time: float = 1.0
) -> float:
    """Distance between one update and the flow of ``game`` at ``rates`` for a unit of time."""
    state = rule.init(jax.random.key(0), {})
    here = positions(rule, state, {}, 1)[-1]
    speeds = {player: jnp.asarray(rates[player]) for player in PLAYERS}
    base = field(game, state.variables, {})
    scaled = SelfMap(lambda x: jax.tree.map(jnp.multiply, speeds, base.function(x)), base.point)
    return float(np.linalg.norm(flow(scaled, np.array([0.0, time]), tolerance=1e-13)[-1] - here))


@pytest.mark.parametrize("first", [None, GENERATOR, DISCRIMINATOR])
def test_the_drift_residual_is_of_third_order(first: str | None) -> None:
    def error(h: float) -> float:
        rates = {GENERATOR: 0.7 * h, DISCRIMINATOR: h}
        optimizers = {player: optax.sgd(rate) for player, rate in rates.items()}
        game = curved()
        rule = (
            simultaneous(game, optimizers)
            if first is None
            else alternating(game, optimizers, first=first)
        )
        return discretisation_error(rule, with_drift(game, rates, first=first), rates)

    assert error(0.04) / error(0.02) == pytest.approx(8, rel=0.15)
    plain = curved()
    rates = {GENERATOR: 0.7 * 0.02, DISCRIMINATOR: 0.02}
    rule = simultaneous(plain, {player: optax.sgd(rate) for player, rate in rates.items()})
    assert discretisation_error(rule, plain, rates) > 20 * error(0.02)


def test_runge_kutta_is_of_its_order() -> None:
    for order in (2, 4):
        errors = [
            discretisation_error(
                runge_kutta(curved(), h, order), curved(), dict.fromkeys(PLAYERS, h)
            )
            for h in (0.1, 0.05)
        ]
        assert np.log2(errors[0] / errors[1]) == pytest.approx(order + 1, abs=0.5)


def test_modified_losses_of_a_zero_sum_game() -> None:
    value = lambda v: jnp.sin(v[GENERATOR]["params"]) * v[DISCRIMINATOR]["params"] ** 2
    losses = lambda v, batch, key, step, held=None: {
        GENERATOR: (value(v), Aux()),
        DISCRIMINATOR: (-value(v), Aux()),
    }
    game = Game(lambda key, batch: as_variables(0.4, 0.9), losses)
    h, x, y = 0.1, 0.4, 0.9
    variables = as_variables(x, y)
    found = vector_field(with_drift(game, dict.fromkeys(PLAYERS, h)), variables, {})

    def total(x, y, sign):
        e = lambda x, y: jnp.sin(x) * y**2
        squares = jax.grad(e, 0)(x, y) ** 2, jax.grad(e, 1)(x, y) ** 2
        return sign * e(x, y) + sign * h / 4 * (squares[0] - squares[1])

    assert float(found[GENERATOR]) == pytest.approx(float(-jax.grad(total, 0)(x, y, 1.0)))
    assert float(found[DISCRIMINATOR]) == pytest.approx(float(-jax.grad(total, 1)(x, y, -1.0)))


def test_held_variables_are_constant_to_gradients_only() -> None:
    def losses(v, batch, key, step, held=None):
        return {
            GENERATOR: (held[GENERATOR]["params"] ** 2 * v[GENERATOR]["params"], Aux()),
            DISCRIMINATOR: (held[GENERATOR]["params"] * v[DISCRIMINATOR]["params"], Aux()),
        }

    variables = as_variables(3.0, 1.0)
    game = Game(lambda key, batch: variables, losses)
    found = vector_field(game, variables, {})
    assert [float(found[player]) for player in (GENERATOR, DISCRIMINATOR)] == [-9.0, -3.0]
    expected = [[0.0, -1.0], [0.0, -6.0]]  # tree order: discriminator first
    here = field(game, variables, {})
    assert jacobian(here).tolist() == expected
    columns = [transposed_product(here, as_params(row)) for row in np.eye(2)]
    found = [[float(column[p]) for p in (DISCRIMINATOR, GENERATOR)] for column in columns]
    assert found == expected


def as_params(row: np.ndarray) -> dict[str, jax.Array]:
    return dict(zip((DISCRIMINATOR, GENERATOR), jnp.asarray(row), strict=True))


def test_declared_constants_are_constant_to_every_derivative() -> None:
    square = lambda x: constant("square", x**2) * x
    gradient = jax.grad(square)
    assert float(gradient(3.0)) == 9.0
    assert float(jax.jit(jax.jacfwd(gradient))(3.0)) == 0.0
    assert jax.vmap(gradient)(jnp.arange(3.0)).tolist() == [0.0, 1.0, 4.0]
    with recording() as found:
        square(3.0)
    with replaying(found):
        assert float(square(5.0)) == 45.0
    with replaying([("other", 1.0)]), pytest.raises(ValueError, match="'square' is declared where"):
        square(5.0)


def test_gauss_hermite_is_exact_for_polynomials() -> None:
    nodes, weights = gauss_hermite(60)
    for power, moment in ((0, 1), (2, 1), (4, 3), (6, 15), (7, 0), (10, 945)):
        assert float((weights * nodes**power).sum()) == pytest.approx(moment, abs=1e-8)
    with pytest.raises(ValueError, match=r"count is 0, but there must be at least 1 node\."):
        gauss_hermite(0)
    with pytest.raises(ValueError, match=r"weighted was given a Loss, but takes a game"):
        weighted(relativistic(), weights)
    pairs = weighted(gaussian(relativistic(), fixed_latents(nodes)), weights)
    batch = {"image": jnp.asarray(nodes).reshape(-1, 1)}
    with pytest.raises(ValueError, match=r"have weights, but the loss averages over pairs"):
        vector_field(pairs, pairs.init(jax.random.key(0), batch), batch)
    with pytest.raises(ValueError, match=r"group 'real' has 59 examples, but there are 60 weights"):
        vector_field(
            weighted(dirac(wasserstein()), weights), as_variables(1.0, 1.0), dirac_batch(count=59)
        )


def test_gaussian_gan_has_its_moment_field() -> None:
    nodes, weights = gauss_hermite(8)
    game = weighted(gaussian(wasserstein(), fixed_latents(nodes)), weights)
    mean, std = 0.5, 2.0
    batch = {"image": jnp.asarray(mean + std * nodes).reshape(-1, 1)}
    a, b, w, v = 0.8, -0.3, 0.6, 0.2
    one = lambda x: np.full((1, 1), x)
    variables = as_variables(
        {"matrix": one(a), "shift": np.array([b])}, {"matrix": one(w), "vector": np.array([v])}
    )
    variables = jax.tree.map(jnp.asarray, variables)
    found = vector_field(game, variables, batch)
    # E D(G(z)) = w (a² + b²)/2 + v b, and the same of the data.
    assert float(found[GENERATOR]["matrix"][0, 0]) == pytest.approx(w * a)
    assert float(found[GENERATOR]["shift"][0]) == pytest.approx(w * b + v)
    second = 0.5 * (mean**2 + std**2 - a**2 - b**2)
    assert float(found[DISCRIMINATOR]["matrix"][0, 0]) == pytest.approx(second)
    assert float(found[DISCRIMINATOR]["vector"][0]) == pytest.approx(mean - b)


def test_projections_hold_in_runge_kutta_stages() -> None:
    game = with_weight_clipping(dirac(non_saturating(), (3.0, 0.1)), 0.1)
    rule = runge_kutta(game, 0.5)
    path = positions(rule, rule.init(jax.random.key(0), dirac_batch()), dirac_batch(), 20)
    assert float(jnp.abs(path[:, 0]).max()) <= 0.1
