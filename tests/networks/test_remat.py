"""Rematerialised networks: the same values and derivatives, the same products, less memory."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, STEP, assert_close, assert_same, images

from jgan import batch_axis
from jgan.game import DISCRIMINATOR, PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import dcgan_discriminator, from_linen, pair, rematerialised, sngan_discriminator
from jgan.rules import alternating
from jgan.rules.rule import gradient
from jgan.terms.penalties import lazy, r1

SHAPE = (12, 12, 1)
X = images(4, SHAPE)["image"]
PRODUCTS = ("dot_general", "jgan_conv", "jgan_conv_input_adjoint", "jgan_conv_kernel_adjoint")


def game_of(remat, norm="none", penalty=None, width=4, shape=SHAPE, dtype="float32"):
    networks = pair(shape, width=width, discriminator_norm=norm, dtype=dtype, remat=remat)
    game = gan(*networks, get_loss("non_saturating"), normal(3))
    return game.add(penalty) if penalty else game


def products(jaxpr):
    """The number of products in a program, those of its inner programs included."""
    count = 0
    for equation in jaxpr.eqns:
        count += equation.primitive.name in PRODUCTS
        for value in equation.params.values():
            for inner in value if isinstance(value, tuple | list) else (value,):
                inner = getattr(inner, "jaxpr", inner)
                count += products(inner) if hasattr(inner, "eqns") else 0
    return count


@pytest.mark.parametrize("norm", ["batch", pytest.param("spectral", marks=pytest.mark.full)])
def test_a_game_has_the_same_gradients_and_states(norm):
    """With R1 where the norm allows it, so that the gradient is one of a gradient."""
    batch = {"image": X}
    found = []
    for remat in (False, True):
        game = game_of(remat, norm, None if norm == "batch" else r1(1.0))
        variables = jax.jit(game.init)(KEY, batch)

        def run(variables, game=game):
            return [gradient(game, player, variables, batch, KEY, STEP) for player in PLAYERS]

        found.append((variables, jax.jit(run)(variables)))
    assert_same(found[0][0], found[1][0])
    assert_close(found[0][1], found[1][1], 1e-6)


@pytest.mark.full
def test_forward_mode_and_populations():
    plain = dcgan_discriminator(width=4, norm="spectral")
    seeds = jax.random.split(KEY, 2)
    own = jax.jit(jax.vmap(lambda key: plain.init(key, X)))(seeds)
    found = []
    for network in (plain, rematerialised(plain)):

        def score(x, own, network=network):
            return network.apply(own, x, key=KEY, train=True)[0]

        def slopes(own, score=score):
            total = lambda x: jnp.sum(jnp.square(score(x, own)))
            # The value and its tangent, and the Hessian's product as numerics takes it.
            forward = jax.jvp(lambda x: score(x, own), (X,), (X,))
            return forward, jax.jvp(jax.grad(total), (X,), (X,))

        found.append(jax.jit(jax.vmap(slopes))(own))
    assert_close(*found, 1e-6)


@pytest.mark.full
def test_a_scan_of_updates_with_a_lazy_penalty():
    batches = images(8, SHAPE)["image"].reshape(2, 4, *SHAPE)
    ends = []
    for remat in (False, True):
        game = game_of(remat, penalty=lazy(r1(1.0), 2))
        rule = alternating(game, dict.fromkeys(PLAYERS, optax.sgd(0.1)))

        def run(rule=rule):
            step = lambda state, image: rule.update(state, {"image": image})
            return jax.lax.scan(step, rule.init(KEY, {"image": batches[0]}), batches)

        ends.append(jax.jit(run)())
    assert_close(*ends, 1e-6)


def test_statistics_over_devices():
    """Batch normalisation over two devices of two examples is that of four, gradients included."""
    network = rematerialised(dcgan_discriminator(width=2))
    own = jax.jit(network.init)(KEY, X)
    loss = lambda own, x: jnp.mean(jnp.square(network.apply(own, x, train=True)[0]))

    def mapped(x):
        with batch_axis.over_axis("devices", 2):
            return batch_axis.whole_mean(jax.grad(loss)(own, x))

    parts = jax.pmap(mapped, axis_name="devices", devices=jax.devices()[:2])(
        X.reshape(2, 2, *SHAPE)
    )
    whole = jax.jit(jax.grad(loss))(own, X)
    assert_close(jax.tree.map(lambda leaf: leaf[1], parts)["params"], whole["params"], 1e-5)


def test_random_numbers_are_drawn_once():
    class Dropped(nn.Module):
        @nn.compact
        def __call__(self, x, *, train):
            return jnp.square(nn.Dropout(0.5, deterministic=not train)(x))

    network = rematerialised(from_linen(Dropped()))
    own = network.init(KEY, X)
    for key in jax.random.split(KEY, 3):
        run = lambda x, key=key: network.apply(own, x, key=key, train=True)[0]
        output, pull = jax.vjp(run, X)
        # The derivative of (mask x)^2 is twice the value over x, for the very mask of the value.
        np.testing.assert_allclose(pull(jnp.ones_like(output))[0], 2 * output / X, rtol=1e-5)


@pytest.mark.parametrize("penalty", [None, r1(1.0)], ids=["plain", "r1"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_no_product_is_computed_twice(penalty, dtype):
    counts = []
    for remat in (False, True):
        game = game_of(remat, "spectral", penalty, dtype=dtype)
        variables = jax.eval_shape(game.init, KEY, {"image": X})

        def run(variables, game=game):
            return gradient(game, DISCRIMINATOR, variables, {"image": X}, KEY, STEP)

        counts.append(products(jax.make_jaxpr(run)(variables).jaxpr))
    assert counts[0] == counts[1] > 10


def test_the_residual_discriminator_keeps_only_products():
    """What waits for the backward pass, as JAX itself lists it, is made by products or given."""
    plain = sngan_discriminator((8, 8, 1), width=2, norm="none")
    x = images(4, (8, 8, 1))["image"]
    own = jax.eval_shape(plain.init, KEY, x)

    def kept(network):
        pull = lambda own, x: jax.vjp(lambda own: network.apply(own, x, train=True)[0], own)[1]
        leaves = jax.tree.leaves(jax.eval_shape(pull, own, x))
        return sum(leaf.size for leaf in leaves if leaf.shape[:1] == (4,))

    assert kept(rematerialised(plain)) < 0.6 * kept(plain)


@pytest.mark.full
def test_a_training_step_takes_less_memory():
    sizes = []
    for remat in (False, True):
        game = game_of(remat, penalty=r1(1.0), width=4, shape=(32, 32, 1))
        rule = alternating(game, dict.fromkeys(PLAYERS, optax.sgd(0.1)))
        batch = {"image": jax.ShapeDtypeStruct((64, 32, 32, 1), jnp.float32)}
        state = jax.eval_shape(rule.init, KEY, batch)
        compiled = jax.jit(rule.update, donate_argnums=0).lower(state, batch).compile()
        sizes.append(compiled.memory_analysis().temp_size_in_bytes)
    assert sizes[1] < 0.85 * sizes[0]


def test_evaluation_is_left_alone():
    plain = dcgan_discriminator(width=2)
    own = plain.init(KEY, X)
    shown = [
        str(jax.make_jaxpr(jax.grad(lambda x, net=net: jnp.sum(net.apply(own, x)[0])))(X))
        for net in (plain, rematerialised(plain))
    ]
    assert shown[0] == shown[1]
