"""What bfloat16 computation leaves in float32."""

import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, STEP, assert_same, images

from jgan.convolution.convolution import conv, conv_transpose
from jgan.errors import UserError
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import (
    dcgan_discriminator,
    dcgan_generator,
    from_linen,
    infogan_discriminator,
    infogan_generator,
    mlp,
    mlp_discriminator,
    mlp_generator,
    pair,
    sngan_discriminator,
    sngan_generator,
)
from jgan.networks.layers import Conv, Dense, Norm
from jgan.rules import alternating, averaged
from jgan.scene import Inputs
from jgan.terms.penalties import input_gradients, r1, wgan_gp
from jgan.training.experiment import load_experiment

SHAPE = (16, 16, 3)
HALF, SINGLE = jnp.dtype("bfloat16"), jnp.dtype("float32")
REMAT = jax.make_jaxpr(jax.checkpoint(jnp.sin))(1.0).eqns[0].primitive.name
EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def equations(jaxpr):
    """All equations of a program, those of its inner programs included."""
    for equation in jaxpr.eqns:
        yield equation
        for value in equation.params.values():
            for inner in value if isinstance(value, tuple | list) else (value,):
                inner = getattr(inner, "jaxpr", inner)
                if hasattr(inner, "eqns"):
                    yield from equations(inner)


def program(function, *arguments):
    return list(equations(jax.make_jaxpr(function)(*arguments).jaxpr))


def dtypes(tree):
    """The floating-point types in a pytree."""
    kinds = {leaf.dtype for leaf in jax.tree.leaves(tree)}
    return {kind for kind in kinds if jnp.issubdtype(kind, jnp.floating)}


# Names.


@pytest.mark.parametrize(
    "make",
    [
        lambda dtype: pair((2,), dtype=dtype),
        lambda dtype: pair(SHAPE, dtype=dtype, remat=True),
        lambda dtype: sngan_generator(SHAPE, dtype=dtype),
        lambda dtype: sngan_discriminator(SHAPE, dtype=dtype),
        lambda dtype: infogan_generator(SHAPE, dtype=dtype),
        lambda dtype: infogan_discriminator(dtype=dtype),
    ],
)
@pytest.mark.parametrize("dtype", ["float16", jnp.float16])
def test_float16_is_refused_for_its_exponent(make, dtype):
    sentence = r"^dtype is 'float16', .* needs no loss scaling because its exponent is float32's\.$"
    with pytest.raises(ValueError, match=sentence):
        make(dtype)


@pytest.mark.parametrize("dtype", ["bf16", "int8", None])
def test_other_names_are_refused(dtype):
    with pytest.raises(ValueError, match=rf"^dtype is '{dtype}', but must be one of float32, bfl"):
        pair((2,), dtype=dtype)


def test_names_and_types_mean_the_same():
    z = jnp.ones((2, 3))
    shown = set()
    for kind in ("bfloat16", jnp.bfloat16, HALF):
        network = mlp((4,), 2, dtype=kind)
        own = network.init(KEY, z)
        shown.add(str(jax.make_jaxpr(network.apply)(own, z)))
    assert len(shown) == 1
    assert "bf16" in shown.pop()


# Flags.


@pytest.mark.parametrize("network", ["dcgan", "resnet"])
@pytest.mark.parametrize(
    "name", ["dcgan", "r1", "rpgan", "wgan_gp", "sngan", "dragan", "lsgan", "wgan"]
)
def test_experiments_hand_both_options_on(name, network, tmp_path):
    if network == "resnet" and name != "sngan":
        return
    np.savez(tmp_path / "pictures.npz", image=np.zeros((4, 8, 8, 1), np.uint8))
    options = {"network": network} if name == "sngan" else {}
    options |= {"data": str(tmp_path / "pictures.npz"), "width": 2}
    file = load_experiment(EXPERIMENTS / f"{name}.py")
    with pytest.raises(UserError, match="loss scaling"):
        file.build(**options, dtype="float16")
    batch = images(2)

    def traced(**chosen):
        game = file.build(**options, **chosen).game
        made = jax.eval_shape(game.init, KEY, batch)
        both = lambda made: [loss for loss, _ in game.losses(made, batch, KEY, STEP).values()]
        return {
            (equation.primitive.name, variable.aval.dtype)
            for equation in program(both, made)
            for variable in equation.outvars
        }

    plain, other = traced(), traced(dtype="bfloat16", remat=True)
    assert HALF not in {kind for _, kind in plain}
    assert HALF in {kind for _, kind in other}
    assert REMAT not in {name for name, _ in plain}
    assert REMAT in {name for name, _ in other}


# What stays single.

NETWORKS = {
    "dcgan G": (lambda kind: dcgan_generator(SHAPE, width=2, dtype=kind), (5,)),
    "dcgan D": (lambda kind: dcgan_discriminator(width=2, dtype=kind), SHAPE),
    "dcgan D spectral": (
        lambda kind: dcgan_discriminator(width=2, norm="spectral", dtype=kind),
        SHAPE,
    ),
    "sngan G": (lambda kind: sngan_generator(SHAPE, width=4, dtype=kind), (5,)),
    "sngan D": (lambda kind: sngan_discriminator(SHAPE, width=4, dtype=kind), SHAPE),
    "infogan G": (lambda kind: infogan_generator(SHAPE, width=2, dtype=kind), (5,)),
    "infogan D": (lambda kind: infogan_discriminator(width=2, dtype=kind), SHAPE),
    "mlp G": (lambda kind: mlp_generator((2,), (6,), dtype=kind), (5,)),
    "mlp D layer": (lambda kind: mlp_discriminator((6,), norm="layer", dtype=kind), (2,)),
}
PRODUCTS = ("dot_general", "jgan_conv", "jgan_conv_input_adjoint", "jgan_conv_kernel_adjoint")


@pytest.mark.parametrize("name", NETWORKS)
def test_products_are_half_and_sums_are_single(name):
    make, shape = NETWORKS[name]
    network, x = make("bfloat16"), jnp.ones((4, *shape))
    own = jax.eval_shape(network.init, KEY, x)
    assert dtypes(own) == {SINGLE}

    def loss(x, own):
        output, state = network.apply(own, x, train=True)
        assert dtypes((output, state)) == {SINGLE}
        return jnp.sum(jnp.square(output))

    # The second derivative in the input holds what gradient penalties ask for.
    slope = lambda own, x: jnp.sum(jnp.square(jax.grad(loss)(x, own)))
    found = program(jax.grad(slope), own, x)
    halves = [
        equation
        for equation in found
        if any(getattr(v.aval, "dtype", None) == HALF for v in equation.invars)
    ]
    assert {equation.primitive.name for equation in halves} & set(PRODUCTS)
    for equation in halves:
        assert "precision" not in equation.params or equation.params["precision"] is None
        if equation.primitive.name.startswith(("reduce_sum", "cumsum", "reduce_window", "psum")):
            (into,), (out,) = equation.invars, equation.outvars
            # Nearest upsampling adds pairs; an axis of one is dropped.
            assert math.prod(into.aval.shape) <= 2 * math.prod(out.aval.shape)
    iterations = [e for e in found if e.params.get("precision") is not None]
    assert bool(iterations) == ("spectral" in own)
    for equation in iterations:
        assert {v.aval.dtype for v in equation.invars} == {SINGLE}
        assert "HIGHEST" in str(equation.params["precision"])


def test_a_training_keeps_nothing_in_half():
    networks = pair((8, 8, 1), width=2, discriminator_norm="spectral", dtype="bfloat16", remat=True)
    game = gan(*networks, get_loss("hinge"), normal(3)).add(r1(1.0), wgan_gp())
    rule = averaged(alternating(game, dict.fromkeys(PLAYERS, optax.adam(1e-3))))
    batch = images()
    state = jax.eval_shape(rule.init, KEY, batch)
    assert dtypes(state) == {SINGLE}
    assert dtypes(jax.eval_shape(rule.update, state, batch)) == {SINGLE}
    assert dtypes(jax.eval_shape(game.views["samples"], state.variables, batch, KEY)) == {SINGLE}

    def slopes(variables, image):
        scene = game.scene(variables, batch, KEY, STEP)
        return input_gradients(scene, Inputs(image), "real")[0]

    assert jax.eval_shape(slopes, state.variables, batch["image"]).dtype == SINGLE
    for equation in program(rule.update, state, batch):
        if equation.primitive.name in ("reduce_sum", "sqrt", "log", "exp", "log1p"):
            shape = equation.outvars[0].aval.shape
            assert equation.invars[0].aval.dtype == SINGLE or (
                math.prod(equation.invars[0].aval.shape) == math.prod(shape)
            )


@pytest.mark.parametrize("name", ["dcgan D", "sngan D", "infogan D", "mlp G", "mlp D layer"])
def test_the_last_layer_is_single(name):
    """Logits and points are no numbers of half precision, and their own layer rounds nothing."""
    make, shape = NETWORKS[name]
    network, x = make("bfloat16"), jax.random.normal(KEY, (16, *shape))
    output = jax.jit(lambda x: network.apply(network.init(KEY, x), x)[0])(x)
    assert np.mean(np.asarray(output.astype(HALF), np.float32) != np.asarray(output)) > 0.5


def test_batch_statistics_of_half_activations():
    # Adding in half precision would stop at 256 times the mean; squares would lose all of the spread.
    x = (5 + jax.random.normal(KEY, (512, 3, 3, 2))).astype(HALF)
    network = from_linen(Norm("batch"))
    made = network.init(KEY, x)
    output, state = jax.jit(lambda x: network.apply(made, x, train=True))(x)
    wide = np.asarray(x, np.float64)
    stats = state["batch_stats"]["BatchNorm_0"]
    np.testing.assert_allclose(stats["mean"], 0.1 * wide.mean((0, 1, 2)), rtol=1e-5)
    np.testing.assert_allclose(stats["var"], 0.9 + 0.1 * wide.var((0, 1, 2)), rtol=1e-5)
    expected = (wide - wide.mean((0, 1, 2))) / np.sqrt(wide.var((0, 1, 2)) + 1e-5)
    assert output.dtype == HALF
    np.testing.assert_allclose(np.asarray(output, np.float64), expected, rtol=2**-8, atol=1e-4)


@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_gradients_of_norms_cancel_before_they_are_rounded(kind):
    """All but a small part of this gradient is constant, which moves nothing that a norm centres."""
    x, noise = jax.random.normal(KEY, (2, 8, 4, 4, 2)).astype(HALF)
    weight = (100 + 8 * noise).astype(HALF)
    network = from_linen(Norm(kind))
    made = network.init(KEY, x)
    _, pull = jax.vjp(lambda x: network.apply(made, x, train=True)[0], x)
    wide, w = np.asarray(x, np.float64), np.asarray(weight, np.float64)
    axes = (0, 1, 2) if kind == "batch" else (1, 2, 3)
    mean = lambda z: z.mean(axes, keepdims=True)
    scale = np.sqrt(mean(wide**2) - mean(wide) ** 2 + 1e-5)
    normed = (wide - mean(wide)) / scale
    expected = (w - mean(w) - normed * mean(w * normed)) / scale
    found = np.asarray(pull(weight)[0], np.float64)
    np.testing.assert_allclose(found, expected, rtol=2**-8, atol=1e-3)


def test_gradients_of_biases_count_beyond_256():
    x = jnp.ones((8, 12, 12, 1))
    network = from_linen(Conv(2, size=1, dtype=HALF))
    made = network.init(KEY, x)
    total = lambda own: jnp.sum(network.apply(own, x, train=True)[0].astype(SINGLE))
    bias = jax.jit(jax.grad(total))(made)["params"]["bias"]
    np.testing.assert_array_equal(bias, [8.0 * 12 * 12] * 2)


def test_spectral_norms_are_single():
    x = jax.random.normal(KEY, (3, 8, 8, 2))
    single, half = (
        dcgan_discriminator(width=4, norm="spectral", dtype=kind) for kind in (SINGLE, HALF)
    )
    made = jax.jit(single.init)(KEY, x)
    states = [
        jax.jit(lambda x, network=network: network.apply(made, x, train=True)[1])(x)
        for network in (single, half)
    ]
    assert_same(*states)
    eye = jnp.eye(12)
    layer = from_linen(Dense(40, bias=False, spectral=True, dtype=HALF))
    own = layer.init(KEY, eye)
    output, state = layer.apply(own, eye, train=True)
    kernel = np.asarray(own["params"]["kernel"], np.float64)
    u = np.asarray(state["spectral"]["u"], np.float64)
    divided = (kernel / np.linalg.norm(kernel @ u)).astype(np.float32)
    # Rounded once, at the very end; two last digits leave room for numbers that lie between two halves.
    wrong = np.asarray(output) != np.asarray(jnp.asarray(divided).astype(HALF))
    assert wrong.mean() < 0.01


# Convolutions: products of halves, added in single precision and rounded once.


def rounded_once(ours, oracle):
    assert ours.dtype == HALF
    np.testing.assert_allclose(
        np.asarray(ours, np.float64), oracle, rtol=2**-8, atol=1e-6 * np.abs(oracle).max()
    )


@pytest.mark.parametrize(("operation", "stride"), [(conv, 1), (conv, 2), (conv_transpose, 2)])
def test_convolutions_of_halves_are_rounded_once(operation, stride):
    """Positive numbers, whose sums in half precision would stop growing; a split kernel gradient."""
    draw = lambda seed, *shape: jax.random.uniform(jax.random.key(seed), shape).astype(HALF)
    x, kernel = draw(0, 160, 8, 8, 12), draw(1, 3, 3, 12, 12)
    run = lambda x, kernel: operation(x, kernel, stride=stride)
    weight = draw(2, *jax.eval_shape(run, x, kernel).shape)
    tangents = draw(3, *x.shape), draw(4, *kernel.shape)
    slopes = lambda x, kernel, weight: jax.vjp(run, x, kernel)[1](weight)
    # Forward over reverse, in each operand: each result is one convolution of one tangent.
    second = lambda *z: jax.jvp(slopes, z, (*tangents, jnp.zeros_like(z[2])))[1]

    def everything(x, kernel, weight):
        return run(x, kernel), slopes(x, kernel, weight), second(x, kernel, weight)

    ours = jax.jit(everything)(x, kernel, weight)
    with jax.enable_x64(True):
        wide = [jnp.asarray(np.asarray(z, np.float64)) for z in (x, kernel, weight)]
        tangents = [jnp.asarray(np.asarray(z, np.float64)) for z in tangents]
        oracle = jax.jit(everything)(*wide)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(oracle), strict=True):
        rounded_once(a, np.asarray(b))
    first = jax.jit(lambda *z: jax.jvp(run, z, (z[0], jnp.zeros_like(z[1])))[1])(x, kernel)
    rounded_once(first, np.asarray(oracle[0]))
