"""Games of single precision in double precision, against the same games written in doubles."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import hinge, non_saturating
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.numerics.chunks import mean_over
from jgan.numerics.dense import exact_jacobian
from jgan.numerics.double import Program, in_double
from jgan.numerics.field import field, operator
from jgan.numerics.selfmap import SelfMap
from jgan.rules import alternating
from jgan.terms.penalties import r1

IMAGE = np.random.default_rng(0).standard_normal((11, 2)).astype(np.float32)
LATENT = np.random.default_rng(1).standard_normal((11, 3)).astype(np.float32)


def game(dtype: str, norm: str = "none"):
    options = {"activation": "tanh", "dtype": dtype}
    prior = lambda key, count: jnp.asarray(LATENT, dtype)
    networks = mlp_generator((2,), (4,), **options), mlp_discriminator((5,), norm=norm, **options)
    return gan(*networks, non_saturating(), prior).add(r1(1.0))


def tree(variables, dtype: str):
    floats = lambda x: jnp.issubdtype(x.dtype, jnp.floating)
    return jax.tree.map(lambda x: x.astype(dtype) if floats(x) else x, variables)


@pytest.mark.parametrize("norm", [pytest.param("none", marks=pytest.mark.full), "spectral"])
def test_a_field_is_that_of_doubles(norm: str) -> None:
    with jax.enable_x64(False):
        single = game("float32", norm)
        variables = jax.jit(single.init)(jax.random.key(0), {"image": jnp.asarray(IMAGE)})
        here = field(single, variables, {"image": jnp.asarray(IMAGE)})
    wide = in_double(here)
    exact = field(
        game("float64", norm), tree(variables, "float64"), {"image": jnp.asarray(IMAGE, float)}
    )
    one, other = jax.jit(lambda: [found.function(found.point) for found in (wide, exact)])()
    assert jax.tree.leaves(one)[0].dtype == jnp.float64
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14), one, other)
    np.testing.assert_allclose(exact_jacobian(wide), exact_jacobian(exact), rtol=1e-9, atol=1e-12)


def test_products_are_those_of_finite_differences_and_transposed() -> None:
    with jax.enable_x64(False):
        single = game("float32")
        batch = {"image": jnp.asarray(IMAGE)}
        here = field(single, jax.jit(single.init)(jax.random.key(0), batch), batch)
    wide = in_double(here)
    direction = jax.tree.map(lambda x: jnp.ones_like(x) / 7, wide.point)

    @jax.jit
    def both():
        move = lambda s: wide.function(jax.tree.map(lambda x, d: x + s * d, wide.point, direction))
        slope = jax.tree.map(lambda a, b: (a - b) / 2e-6, move(1e-6), move(-1e-6))
        moved = jax.jvp(wide.function, (wide.point,), (direction,))[1]
        back = jax.vjp(wide.function, wide.point)[1](direction)[0]
        inner = [optax.tree.vdot(one, direction) for one in (moved, back)]
        return moved, slope, inner

    moved, slope, inner = both()
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-8), moved, slope)
    assert float(inner[0]) == pytest.approx(float(inner[1]), rel=1e-12)


def test_loops_branches_and_random_numbers() -> None:
    def function(x: jax.Array) -> jax.Array:
        noise = jax.random.normal(jax.random.key(3), x.shape, jnp.float32)
        added, rows = jax.lax.scan(lambda c, r: (c + r, c * r), jnp.float32(0), x)
        doubled = jax.lax.while_loop(lambda c: c < 5, lambda c: 2 * c, jnp.float32(1.3))
        chosen = jax.lax.cond(x[0] > 0, jnp.sin, jnp.cos, x)
        picked = x.at[jnp.array([0, 2])].add(x[1:3].astype(jnp.float32))
        scaled = jax.nn.relu(x) + jax.checkpoint(jnp.tanh)(x)
        return noise * x + added + rows * doubled + chosen + picked + scaled

    point = np.array([0.3, -0.7, 1.1, 0.2], np.float32)
    wide = in_double(SelfMap(function, jnp.asarray(point)))
    value = jax.jit(lambda: wide.function(wide.point))()
    x = point.astype(float)
    with jax.enable_x64(False):
        noise = np.asarray(jax.random.normal(jax.random.key(3), (4,)), float)
    before = np.concatenate([[0.0], np.cumsum(x)[:-1]])
    picked = x + np.array([x[1], 0, x[2], 0])
    doubled = float(np.float32(1.3)) * 4
    exact = (
        noise * x + x.sum() + before * x * doubled + np.sin(x) + picked
        + np.maximum(x, 0) + np.tanh(x)
    )  # fmt: skip
    of_noise = Program(
        lambda x: jax.random.normal(jax.random.key(3), x.shape, jnp.float32) * x, point
    )
    # The noise is converted from the same bits, and its own function is that of doubles.
    np.testing.assert_allclose(value, exact, atol=1e-6)
    np.testing.assert_allclose(
        value - of_noise.run(of_noise.held, wide.point),
        exact - noise * x,
        rtol=1e-12,
    )


def test_a_mean_over_chunks_of_doubles_is_theirs() -> None:
    rows = jnp.asarray(IMAGE, jnp.float32)
    make = lambda row: SelfMap(
        lambda x: jnp.tanh(x * row.astype(jnp.float32)), jnp.ones(2, jnp.float32)
    )
    mean = mean_over(lambda row: in_double(make(row)), rows)
    x = np.ones(2)
    expected = np.diag(np.mean((1 - np.tanh(x * IMAGE.astype(float)) ** 2) * IMAGE, axis=0))
    np.testing.assert_allclose(exact_jacobian(mean), expected, rtol=1e-12)


@pytest.mark.full
def test_an_operator_with_random_latents_and_hinges() -> None:
    with jax.enable_x64(False):
        networks = mlp_generator((2,), (4,)), mlp_discriminator((5,), norm="spectral")
        rule = alternating(
            gan(*networks, hinge(), normal(3)), dict.fromkeys(PLAYERS, optax.sgd(0.1, momentum=0.5))
        )
        batch = {"image": jnp.asarray(IMAGE)}
        state, _ = rule.update(rule.init(jax.random.key(0), batch), batch)
        here = operator(rule, state, batch)
        single = exact_jacobian(here)
    wide = exact_jacobian(in_double(here))
    np.testing.assert_allclose(wide, single, rtol=2e-3, atol=2e-4)
    assert np.abs(wide - single).max() > 0


def test_single_precision_alone_is_refused() -> None:
    with jax.enable_x64(False), pytest.raises(ValueError, match="jax_enable_x64 is off, but must"):
        in_double(SelfMap(jnp.sin, jnp.ones(2)))
