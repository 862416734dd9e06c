"""Compiled steps and samplers can be lowered for accelerators, and choose the forms that are theirs."""

import jax
import jax.numpy as jnp
import optax
import pytest
from helpers import KEY, images, mlp_game, points
from lowering import ACCELERATORS, assert_lowers, foreign_calls, lowered

from jgan.convolution.convolution import conv, conv_pool, conv_transpose, upsample_conv
from jgan.features.chunks import in_chunks
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import (
    dcgan_discriminator,
    dcgan_generator,
    sngan_discriminator,
    sngan_generator,
)
from jgan.rules import alternating, averaged
from jgan.threefry import unrolled
from jgan.training.loop import run_steps

EVERYWHERE = pytest.mark.parametrize("platform", ACCELERATORS)
COUNT = jax.ShapeDtypeStruct((), jnp.int32)


def dcgan():
    networks = dcgan_generator((8, 8, 1), width=2), dcgan_discriminator(width=2)
    return gan(*networks, get_loss("non_saturating"), normal(3)), images()


def sngan():
    shape = (16, 16, 3)
    networks = sngan_generator(shape, width=2), sngan_discriminator(shape, width=2)
    return gan(*networks, get_loss("hinge"), normal(3)), images(shape=shape)


SYSTEMS = {"mlp": lambda: (mlp_game(norm="spectral"), points()), "dcgan": dcgan, "sngan": sngan}


@pytest.mark.parametrize("name", SYSTEMS)
def test_steps_and_samplers(name):
    game, batch = SYSTEMS[name]()
    rule = averaged(alternating(game, dict.fromkeys(PLAYERS, optax.adam(1e-3))))
    state = jax.eval_shape(rule.init, KEY, batch)
    steps = lambda state, arrays, count: run_steps(rule, state, arrays, count, 4)
    assert_lowers(steps, state, batch, COUNT)
    latent = game.sampler.latent(KEY, batch)
    assert_lowers(game.sampler.for_batch, state.variables, batch, latent)


# Forms that are chosen by platform.

IMAGE, KERNEL = jnp.ones((2, 8, 8, 64)), jnp.ones((3, 3, 64, 64))


@EVERYWHERE
@pytest.mark.parametrize("layer", [conv, conv_transpose, conv_pool, upsample_conv])
def test_accelerators_get_one_convolution(layer, platform):
    apply = lambda x, k: layer(x, k)
    assert lowered(apply, IMAGE, KERNEL, platform=platform).count("stablehlo.convolution") == 1


@EVERYWHERE
def test_accelerators_get_the_convolution_of_lax(platform):
    plain = lambda x, k: jax.lax.conv_general_dilated(
        x, k, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    found = [lowered(f, IMAGE, KERNEL, platform=platform) for f in (conv, plain)]
    lines = [[line for line in text.splitlines() if "convolution(" in line] for text in found]
    ours, theirs = (line.split("convolution(")[1].split(")", 1)[1] for (line,) in lines)
    assert ours == theirs


def test_a_cpu_gets_products_instead():
    assert "stablehlo.convolution" not in lowered(conv, IMAGE, KERNEL, platform="cpu")


@EVERYWHERE
def test_a_batch_stays_whole_on_accelerators(platform):
    loops = lambda platform: (
        "while" in lowered(lambda x: in_chunks(jnp.tanh, x), jnp.ones((8, 4)), platform=platform)
    )
    assert loops("cpu")
    assert not loops(platform)


@EVERYWHERE
def test_random_numbers_need_no_loop_and_no_call(platform):
    draw = lambda key: jax.random.normal(unrolled(key), (8,))
    assert_lowers(draw, KEY, platforms=(platform,))
    assert "while" not in lowered(draw, KEY, platform=platform)


# What would be noticed.


@EVERYWHERE
def test_libraries_of_a_platform_are_its_own(platform):
    decompose = lambda x: (
        jnp.linalg.eigh(x @ x.T),
        jnp.linalg.cholesky(x @ x.T),
        jnp.linalg.inv(x),
    )
    assert_lowers(decompose, jnp.eye(3), platforms=(platform,))
    on_a_cpu = lowered(decompose, jnp.eye(3), platform="cpu")
    assert any(name.startswith("lapack_") for name in foreign_calls(on_a_cpu, platform))


@EVERYWHERE
def test_a_call_that_only_a_cpu_has_is_refused(platform):
    solver = jax.ffi.ffi_call("lapack_spotrf_ffi", jax.ShapeDtypeStruct((3, 3), jnp.float32))
    with pytest.raises(AssertionError, match=f"{platform} has no lapack_spotrf_ffi"):
        assert_lowers(solver, jnp.eye(3), platforms=(platform,))


def test_a_call_that_only_one_platform_has_is_refused_for_the_other():
    solver = jax.ffi.ffi_call("cusolver_potrf_ffi", jax.ShapeDtypeStruct((3, 3), jnp.float32))
    assert_lowers(solver, jnp.eye(3), platforms=("cuda",))
    with pytest.raises(AssertionError, match="tpu has no cusolver_potrf_ffi"):
        assert_lowers(solver, jnp.eye(3))


def test_an_operation_without_a_rule_for_a_platform_is_refused():
    with pytest.raises(NotImplementedError, match="schur"):
        assert_lowers(lambda x: jax.lax.linalg.schur(x), jnp.eye(3))


@EVERYWHERE
def test_callbacks_into_python_are_refused(platform):
    def printing(x):
        jax.debug.print("{}", x)
        return x

    with pytest.raises(ValueError, match="platform"):
        assert_lowers(printing, jnp.ones(3), platforms=(platform,))


def test_a_choice_by_the_machine_at_hand_is_refused():
    choose = lambda x: jnp.sin(x) if jax.default_backend() == "cpu" else jnp.cos(x)
    with pytest.raises(AssertionError, match="while it is traced"):
        assert_lowers(choose, jnp.ones(3))
