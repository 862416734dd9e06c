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
from jgan.numerics.dense import exact_jacobian
from jgan.numerics.double import in_double, promoted
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


@pytest.mark.parametrize("norm", ["none", "spectral"])
def test_a_field_is_that_of_doubles(norm: str) -> None:
    with jax.enable_x64(False):
        single = game("float32", norm)
        variables = single.init(jax.random.key(0), {"image": jnp.asarray(IMAGE)})
        here = field(single, variables, {"image": jnp.asarray(IMAGE)})
    wide = in_double(here)
    exact = field(
        game("float64", norm), tree(variables, "float64"), {"image": jnp.asarray(IMAGE, float)}
    )
    assert jax.tree.leaves(wide.function(wide.point))[0].dtype == jnp.float64
    for one, other in zip(
        jax.tree.leaves(wide.function(wide.point)),
        jax.tree.leaves(exact.function(exact.point)),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(exact_jacobian(wide), exact_jacobian(exact), rtol=1e-9, atol=1e-12)
    # The transposed product and a step of central differences.
    function, point = wide.function, wide.point
    direction = jax.tree.map(lambda x: jnp.ones_like(x) / 7, point)
    moved = jax.jvp(function, (point,), (direction,))[1]
    ends = [
        function(jax.tree.map(lambda x, d, s=s: x + s * d, point, direction)) for s in (1e-6, -1e-6)
    ]
    slope = jax.tree.map(lambda a, b: (a - b) / 2e-6, *ends)
    for one, other in zip(jax.tree.leaves(moved), jax.tree.leaves(slope), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-8)
    back = jax.vjp(function, point)[1](direction)[0]
    assert float(optax.tree.vdot(back, direction)) == pytest.approx(
        float(optax.tree.vdot(moved, direction)), rel=1e-12
    )


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
    found = in_double(SelfMap(function, jnp.asarray(point)))
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
    # The noise is converted from the same bits, and its own function is that of doubles.
    np.testing.assert_allclose(found.function(found.point), exact, atol=1e-6)
    np.testing.assert_allclose(
        found.function(found.point) - promoted(lambda x: noise32(x) * x)(found.point),
        exact - noise * x,
        rtol=1e-12,
    )


def noise32(x: jax.Array) -> jax.Array:
    return jax.random.normal(jax.random.key(3), x.shape, jnp.float32)


@pytest.mark.full
def test_an_operator_with_random_latents_and_hinges() -> None:
    with jax.enable_x64(False):
        networks = mlp_generator((2,), (4,)), mlp_discriminator((5,), norm="spectral")
        rule = alternating(
            gan(*networks, hinge(), normal(3)), dict.fromkeys(PLAYERS, optax.adam(0.01))
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
