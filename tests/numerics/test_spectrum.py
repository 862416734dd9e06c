"""Matrix-free eigenvalues, Helmholtz parts and path-angles against dense and closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Aux, Game, with_weight_clipping
from jgan.gans.gan import gan
from jgan.gans.unrolled import unrolled
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.numerics.eigen import eigenvalues
from jgan.numerics.field import field, operator, player_field
from jgan.numerics.leading import leading_eigenvalues
from jgan.numerics.path_angle import path_angle
from jgan.numerics.selfmap import (
    SelfMap,
    antisymmetric_product,
    helmholtz,
    jacobian,
    product,
    rotation_share,
    symmetric_product,
    transposed_product,
)
from jgan.numerics.toy_games import as_variables, bilinear, quadratic
from jgan.rules import alternating, simultaneous
from jgan.terms.penalties import r1


def small_gan(width: int) -> tuple[Game, dict]:
    """A GAN in double precision, smooth, with R1."""
    options = {"activation": "tanh", "dtype": jnp.float64}
    networks = (
        mlp_generator((2,), (width, width), **options),
        mlp_discriminator((width, width), **options),
    )
    game = gan(*networks, non_saturating(), normal(2)).add(r1(1.0))
    return game, {"image": jax.random.normal(jax.random.key(1), (32, 2))}


def variables_of(game: Game, batch: dict):
    variables = jax.jit(game.init)(jax.random.key(0), batch)
    return jax.tree.map(lambda leaf: leaf.astype(jnp.float64), variables)


def linear(matrix: jax.Array) -> SelfMap:
    return SelfMap(lambda x: matrix @ x, jnp.ones(matrix.shape[0]))


@pytest.mark.full
def test_dense_and_matrix_free_agree_on_a_gan_of_networks() -> None:
    game, batch = small_gan(20)
    here = field(game, variables_of(game, batch), batch)
    count = sum(leaf.size for leaf in jax.tree.leaves(here.point))
    assert 900 < count < 1_100
    dense = np.linalg.eigvals(np.asarray(jax.jit(lambda: jacobian(here))()))
    for which, key in (("modulus", np.abs), ("right", np.real), ("left", lambda z: -np.real(z))):
        found = leading_eigenvalues(here, 6, which=which, tolerance=1e-10, restarts=300)
        assert found.residuals.max() < 1e-8
        leading = dense[np.argsort(-key(dense))[:8]]
        assert np.abs(found.values[:, None] - leading[None]).min(axis=1).max() < 1e-6
        np.testing.assert_allclose(key(found.values)[0], key(leading)[0], atol=1e-6)


@pytest.mark.full
def test_operator_of_adam_and_its_matrix_free_spectrum() -> None:
    game, batch = small_gan(6)
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.adam(1e-2)))
    state = jax.jit(rule.init)(jax.random.key(0), batch)
    state = state.replace(variables=variables_of(game, batch))
    state = state.replace(
        optimizers={p: optax.adam(1e-2).init(state.variables[p]["params"]) for p in PLAYERS}
    )
    state, _ = jax.jit(rule.update)(state, batch)
    # Second moments near zero make entries of 1e8, and eigenvalues with condition numbers of 5e7.
    floats = lambda leaf: jnp.issubdtype(leaf.dtype, jnp.floating)
    away = lambda leaf: jnp.abs(leaf) + 0.1 if floats(leaf) else leaf
    state = state.replace(optimizers=jax.tree.map(away, state.optimizers))
    here = operator(rule, state, batch)
    params = sum(leaf.size for leaf in jax.tree.leaves([state.variables[p] for p in PLAYERS]))
    assert sum(leaf.size for leaf in jax.tree.leaves(here.point)) == 3 * params
    dense = np.asarray(jax.jit(lambda: eigenvalues(here))())
    found = leading_eigenvalues(here, 4, tolerance=1e-10, basis=40, restarts=1000)
    assert np.abs(found.values[:, None] - dense[None]).min(axis=1).max() < 1e-6
    assert abs(found.values[0]) == pytest.approx(abs(dense[0]), rel=1e-8)


def test_player_hessian_is_symmetric_and_minus_the_field() -> None:
    game, batch = small_gan(5)
    variables = variables_of(game, batch)
    own = player_field(game, DISCRIMINATOR, variables, batch)
    matrix = np.asarray(jax.jit(lambda: jacobian(own))())
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-10)
    found = leading_eigenvalues(own, 3, which="left", symmetric=True, tolerance=1e-10)
    np.testing.assert_allclose(found.values, np.linalg.eigvalsh(matrix)[:3], atol=1e-8)


def test_products_are_those_of_the_dense_matrix() -> None:
    matrix = jax.random.normal(jax.random.key(0), (7, 7))
    vector = jax.random.normal(jax.random.key(1), (7,))
    here = linear(matrix)
    symmetric, antisymmetric = helmholtz(matrix)
    for found, expected in (
        (product(here, vector), matrix @ vector),
        (transposed_product(here, vector), matrix.T @ vector),
        (symmetric_product(here, vector), symmetric @ vector),
        (antisymmetric_product(here, vector), antisymmetric @ vector),
    ):
        np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(symmetric + antisymmetric, matrix, atol=1e-15)
    np.testing.assert_allclose(symmetric, symmetric.T)
    np.testing.assert_allclose(antisymmetric, -antisymmetric.T)


def test_rotation_share_of_known_maps() -> None:
    key = jax.random.key(0)
    share = lambda matrix, probes=16: float(rotation_share(linear(matrix), key, probes))
    turn = jnp.array([[0.0, -1.0], [1.0, 0.0]])
    assert share(turn) == pytest.approx(1.0)
    assert share(-jnp.eye(2)) == pytest.approx(0.0)
    assert share(turn - 0.5 * jnp.eye(2)) == pytest.approx(0.8)
    big = jax.random.normal(key, (60, 60))
    _, antisymmetric = helmholtz(big)
    exact = float((antisymmetric**2).sum() / (big**2).sum())
    assert share(big, 400) == pytest.approx(exact, abs=0.03)


def test_quadratic_game_has_its_jacobian() -> None:
    rng = np.random.default_rng(0)
    square = lambda n: (lambda m: m @ m.T)(rng.standard_normal((n, n)))
    own, other = square(3), square(2)
    coupling, answer = rng.standard_normal((2, 3, 2))
    game = quadratic(own, coupling, other, answer)
    found = jacobian(field(game, game.init(jax.random.key(0), {}), {}))
    # Tree order: discriminator first.
    expected = np.block([[-other, answer.T], [-coupling, -own]])
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_positive_definite_discriminator_and_full_rank_coupling_attract() -> None:
    rng = np.random.default_rng(1)
    root = rng.standard_normal((5, 5))
    game = quadratic(0.0, rng.standard_normal((3, 5)), root @ root.T + 0.1 * np.eye(5))
    found = eigenvalues(field(game, game.init(jax.random.key(0), {}), {}))
    assert found.real.max() < 0


def test_bilinear_game_rotates_only() -> None:
    game = bilinear(np.random.default_rng(0).standard_normal((4, 4)))
    here = field(game, game.init(jax.random.key(0), {}), {})
    assert float(jnp.abs(eigenvalues(here).real).max()) < 1e-7
    assert float(rotation_share(here, jax.random.key(0))) == pytest.approx(1.0)


def test_path_angle_jumps_at_a_spiral_point() -> None:
    game = quadratic(0.5, 1.0, 0.5)
    end, start = as_variables(0.0, 0.0), as_variables(1.0, 0.7)
    shares = jnp.array([0.0, 0.9, 0.999, 1.001, 1.1])
    found = path_angle(game, start, end, {}, shares=shares)
    limit = 0.5 / np.sqrt(1.25)
    np.testing.assert_allclose(found.cosines, [limit, limit, limit, -limit, -limit], atol=1e-9)
    np.testing.assert_allclose(
        found.norms, np.abs(1 - shares) * np.sqrt(1.25) * np.hypot(1.0, 0.7), atol=1e-9
    )


def test_path_angle_bump_of_a_rotation_that_is_missed() -> None:
    game = bilinear(1.0)
    end, start = as_variables(0.0, 0.05), as_variables(1.0, 0.05)
    shares = jnp.array([0.9, 0.95, 1.0, 1.05])
    found = path_angle(game, start, end, {}, shares=shares)
    # Height near 1 with width of the miss; the article's code has a path of unit length too.
    expected = 0.05 / np.hypot(1 - shares, 0.05)
    np.testing.assert_allclose(np.abs(found.cosines), expected, atol=1e-9)
    assert (jnp.sign(found.cosines) == jnp.sign(found.cosines[0])).all()


def test_path_angle_ignores_gradients_out_of_a_clip() -> None:
    game = with_weight_clipping(quadratic(0.0, 1.0, 0.0), 0.5)
    end, start = as_variables(1.0, 0.5), as_variables(0.0, 0.5)
    found = path_angle(game, start, end, {}, shares=jnp.array([0.5]))
    # The discriminator is at its bound and pushed outwards; only the generator's pull by -y remains.
    assert float(found.norms[0]) == pytest.approx(0.5)
    assert float(found.cosines[0]) == pytest.approx(-1.0)


@pytest.mark.full
def test_unrolled_gradient_is_that_of_the_unrolled_value() -> None:
    game, batch = small_gan(4)
    variables = variables_of(game, batch)
    key, step = jax.random.key(3), jnp.zeros((), jnp.int32)
    ahead = unrolled(game, 3, optax.sgd(0.1))
    of_generator = lambda game, made: game.losses(made, batch, key, step)[GENERATOR][0]
    value = lambda params: of_generator(
        ahead, {**variables, GENERATOR: {**variables[GENERATOR], "params": params}}
    )
    params = variables[GENERATOR]["params"]
    rng = np.random.default_rng(3)
    direction = jax.tree.map(lambda leaf: rng.normal(size=leaf.shape), params)
    slope = float(optax.tree.vdot(jax.jit(jax.grad(value))(params), direction))
    at = jax.jit(lambda t: value(jax.tree.map(lambda p, d: p + t * d, params, direction)))
    assert slope == pytest.approx(float(at(1e-5) - at(-1e-5)) / 2e-5, rel=1e-6)
    both = (game, unrolled(game, 0, optax.sgd(0.1)))
    own, plain = jax.jit(lambda made: [of_generator(game, made) for game in both])(variables)
    assert float(plain) == float(own)


def test_bad_input_is_one_sentence() -> None:
    here = linear(jnp.eye(5))
    with pytest.raises(ValueError, match=r"which is 'top', but must be one of modulus"):
        leading_eigenvalues(here, which="top")
    with pytest.raises(
        ValueError, match=r"count is 10, but must lie in \[1, 3\] for 5 parameters\."
    ):
        leading_eigenvalues(here)
    with pytest.raises(ValueError, match=r"the map is not finite at this point"):
        leading_eigenvalues(SelfMap(jnp.log, -jnp.ones(6)), 2)
    hard = linear(jnp.diag(jnp.linspace(1.0, 1.001, 200)))
    with pytest.raises(ValueError, match=r"the eigen-solver found none of 4 eigenvalues"):
        leading_eigenvalues(hard, 4, tolerance=1e-14, restarts=1, basis=7)
    game = bilinear(1.0)
    with pytest.raises(ValueError, match=r"start and end have the same parameters"):
        path_angle(game, as_variables(1.0, 1.0), as_variables(1.0, 1.0), {})
    rule = simultaneous(game, dict.fromkeys(PLAYERS, optax.sgd(0.1)))
    with pytest.raises(ValueError, match=r"steps is 0, but must be at least 1\."):
        operator(rule, rule.init(jax.random.key(0), {}), {}, 0)


def test_operator_of_adam_has_a_derivative_at_dead_parameters() -> None:
    def losses(v, batch, key, step, held=None):
        product = v[GENERATOR]["params"][0] * v[DISCRIMINATOR]["params"][0]
        return {GENERATOR: (product, Aux()), DISCRIMINATOR: (-product, Aux())}

    start = as_variables(np.array([0.5, 0.3]), np.array([0.4, 0.2]))
    game = Game(lambda key, batch: start, losses)
    rule = simultaneous(game, dict.fromkeys(PLAYERS, optax.adam(0.1)))
    state, _ = rule.update(rule.init(jax.random.key(0), {}), {})
    values = eigenvalues(operator(rule, state, {}))
    assert jnp.isfinite(values).all()
    # The two parameters without a gradient stay where they are.
    assert int((jnp.abs(values - 1) < 1e-9).sum()) >= 2
