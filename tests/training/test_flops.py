import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import mlp_game
from jax import lax

from jgan.convolution.convolution import conv
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import dcgan_discriminator, dcgan_generator, mlp_discriminator, mlp_generator
from jgan.rules import alternating
from jgan.training.flops import count_flops

SGD = {player: optax.sgd(0.1) for player in PLAYERS}


def shaped(*shape):
    return jax.ShapeDtypeStruct(shape, jnp.float32)


def of_compiler(function, *arguments):
    """XLA's count of the program as it stands, before any optimisation."""
    return jax.jit(function).lower(*arguments).cost_analysis()["flops"]


def of_step(rule, shape, batch_size):
    """The count of one update."""
    batch = lambda count: {"image": shaped(count, *shape)}
    state = jax.eval_shape(lambda b: rule.init(jax.random.key(0), b), batch(batch_size))
    return count_flops(rule.update, state, batch(batch_size * rule.minibatches))


@pytest.mark.parametrize("discriminator_steps", [1, 5])
def test_an_mlp_gan_by_hand(discriminator_steps):
    batch_size, latent, width, dim = 32, 8, 16, 2
    generator = latent * width + width * width + width * dim
    discriminator = dim * width + width * width + width
    # Backwards: once more for the weights, once more for the inputs of all layers but the first.
    to_weights, to_inputs = discriminator, discriminator - dim * width
    one = generator + 2 * (discriminator + to_weights + to_inputs)
    # The generator's step needs the discriminator's slope in its inputs, and none in its weights.
    other = generator + 2 * discriminator + generator + (generator - latent * width)
    game = gan(
        mlp_generator((dim,), (width, width)),
        mlp_discriminator((width, width)),
        non_saturating(),
        normal(latent),
    )
    rule = alternating(game, SGD, discriminator_steps=discriminator_steps)
    expected = 2 * batch_size * (discriminator_steps * one + other)
    assert of_step(rule, (dim,), batch_size) == expected


def test_a_dcgan_by_hand():
    batch_size, latent, width = 4, 3, 8
    taps = lambda size: sum(
        0 <= 2 * place + tap - low < size
        for low in [max(0, (-(-size // 2) - 1) * 2 + 5 - size) // 2]
        for place in range(-(-size // 2))
        for tap in range(5)
    )
    # From 16 pixels to 8 and 4, and back; the dense layers at 4 x 4.
    layer = lambda size, outer, inner: taps(size) ** 2 * outer * inner
    discriminator = [layer(16, 3, width), layer(8, width, 2 * width), 16 * 2 * width]
    generator = [latent * 16 * 2 * width, layer(8, width, 2 * width), layer(16, 3, width)]
    d, g = sum(discriminator), sum(generator)
    one = g + 2 * (3 * d - discriminator[0])
    other = g + 2 * d + 2 * g - generator[0]
    game = gan(
        dcgan_generator((16, 16, 3), width=width, norm="none"),
        dcgan_discriminator(width=width, norm="none"),
        non_saturating(),
        normal(latent),
    )
    assert of_step(alternating(game, SGD), (16, 16, 3), batch_size) == 2 * batch_size * (
        one + other
    )


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", ["SAME", "VALID", ((2, 0), (1, 3))])
@pytest.mark.parametrize("groups", [1, 2])
def test_convolutions_as_the_compiler_counts_them(stride, padding, groups):
    x, k = shaped(3, 9, 7, 4), shaped(3, 4, 4 // groups, 6)

    def reference(x, k):
        return lax.conv_general_dilated(
            x,
            k,
            (stride, stride),
            padding,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=groups,
        )

    def own(x, k):
        return conv(x, k, stride=stride, padding=padding, groups=groups)

    expected = of_compiler(reference, x, k)
    assert expected > 0
    assert count_flops(reference, x, k) == expected
    assert count_flops(own, x, k) == expected
    # The gradient in each argument costs as much again.
    y = jax.eval_shape(reference, x, k)
    for index in (0, 1):
        for forward in (reference, own):
            pull = lambda x, k, y, f=forward, i=index: jax.vjp(f, x, k)[1](y)[i]
            assert count_flops(pull, x, k, y) == expected


def test_dilated_kernels():
    x, k = shaped(2, 12, 11, 3), shaped(3, 3, 3, 5)

    def dilated(x, k):
        return lax.conv_general_dilated(
            x, k, (1, 2), "SAME", rhs_dilation=(2, 3), dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    assert count_flops(dilated, x, k) == of_compiler(dilated, x, k)


def test_a_batch_of_kernels_costs_as_many_times():
    x, k = shaped(2, 8, 8, 3), shaped(7, 3, 3, 3, 4)
    single = count_flops(conv, x, shaped(3, 3, 3, 4))
    assert count_flops(jax.vmap(conv, in_axes=(None, 0)), x, k) == 7 * single


def test_batched_products():
    a, b = shaped(5, 3, 4), shaped(5, 4, 6)
    assert count_flops(jnp.matmul, a, b) == 2 * 5 * 3 * 4 * 6
    assert count_flops(lambda a, b: jnp.einsum("bij,bjk->ik", a, b), a, b) == 2 * 5 * 3 * 4 * 6


def test_loops_and_branches():
    w, x = shaped(4, 4), shaped(4)
    once = 2 * 4 * 4
    assert count_flops(lambda w, x: w @ x, w, x) == once
    scanned = lambda w, x: lax.scan(lambda x, _: (w @ x, None), x, length=10)[0]
    assert count_flops(scanned, w, x) == 10 * once
    nested = lambda w, x: lax.scan(lambda x, _: (scanned(w, x), None), x, length=3)[0]
    assert count_flops(nested, w, x) == 30 * once
    branch = lambda w, x: lax.cond(x[0] > 0, lambda: w @ (w @ x), lambda: w @ x)
    assert count_flops(branch, w, x) == 2 * once
    turns = lambda w, x, n: lax.fori_loop(0, n, lambda _, x: w @ x, x)
    assert count_flops(turns, w, x, jax.ShapeDtypeStruct((), jnp.int32)) == once
    assert count_flops(jax.jit(jax.checkpoint(lambda w, x: w @ x)), w, x) == once


def test_what_nobody_needs_is_not_counted():
    w, x = shaped(4, 4), shaped(4)

    def wasteful(w, x):
        unused = jax.jit(lambda: w @ w)()
        return (w @ x, unused)[0]

    assert count_flops(wasteful, w, x) == 2 * 4 * 4


def test_nothing_is_computed():
    called = []

    def traced(x):
        jax.debug.callback(lambda: called.append(1))
        return x @ x

    assert count_flops(traced, np.eye(3, dtype=np.float32)) == 2 * 27
    jax.effects_barrier()
    assert called == []


def test_a_step_of_one_player_at_a_time_is_near_the_compiler_s_count():
    rule = alternating(mlp_game(dim=64), SGD)
    batch = {"image": shaped(256, 64)}
    state = jax.eval_shape(lambda b: rule.init(jax.random.key(0), b), batch)
    compiled = jax.jit(rule.update).lower(state, batch).compile().cost_analysis()["flops"]
    # The compiler counts activations and random numbers too.
    assert 0.5 * compiled < count_flops(rule.update, state, batch) < compiled
