import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, assert_same, differ
from jax import lax

from jgan.networks import (
    Network,
    count_parameters,
    dcgan_discriminator,
    dcgan_generator,
    from_linen,
    infogan_discriminator,
    infogan_generator,
    mlp,
    mlp_discriminator,
    mlp_generator,
)
from jgan.networks.conditional import ConditionalNorm
from jgan.networks.layers import Conv, ConvTranspose, Dense, Norm
from jgan.networks.sngan import _Down, _Up
from jgan.networks.virtual import VirtualNorm

LAYOUT = ("NHWC", "HWIO", "NHWC")
X = jax.random.normal(jax.random.key(3), (3, 6, 4, 5))


def run(module, x, **options):
    """``(collections, output, state)`` of a module whose parameters are all made random."""
    network = from_linen(module)
    made = jax.jit(network.init)(KEY, x)
    rng = np.random.default_rng(5)
    draw = lambda leaf: rng.normal(0, 0.4, leaf.shape).astype(np.float32)
    made = {**made, "params": jax.tree.map(draw, made["params"])}
    output, state = jax.jit(lambda made, x: network.apply(made, x, **options))(made, x)
    return made, output, state


def plain_conv(x, layer, size):
    pad = (size - 1) // 2, size // 2
    y = lax.conv_general_dilated(
        x, layer["kernel"], (1, 1), (pad, pad), dimension_numbers=LAYOUT, precision="highest"
    )
    return y + layer["bias"]


def batch_norm(x, layer):
    axes = tuple(range(x.ndim - 1))
    mean, variance = x.mean(axes), x.var(axes)
    inner = layer["BatchNorm_0"]
    return (x - mean) / jnp.sqrt(variance + 1e-5) * inner["scale"] + inner["bias"]


def pool(x):
    return lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4


def repeat(x):
    return np.asarray(x).repeat(2, axis=1).repeat(2, axis=2)


# The residual blocks of SNGAN against the order of operations in the paper.


def test_up_block_upsamples_then_convolves():
    made, output, _ = run(_Up(7, jnp.float32), X, train=True)
    p = made["params"]
    h = jax.nn.relu(batch_norm(X, p["Norm_0"]))
    h = plain_conv(repeat(h), p["Conv_0"], 3)
    h = plain_conv(jax.nn.relu(batch_norm(h, p["Norm_1"])), p["Conv_1"], 3)
    np.testing.assert_allclose(
        output, h + plain_conv(repeat(X), p["Conv_2"], 1), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize(("features", "downsample"), [(7, True), (7, False), (5, False), (5, True)])
def test_down_block_convolves_then_pools(first, features, downsample):
    block = _Down(features, 6, downsample, False, jnp.float32, first)
    made, output, _ = run(block, X, train=True)
    p = made["params"]
    h = X if first else jax.nn.relu(X)
    h = plain_conv(jax.nn.relu(plain_conv(h, p["Conv_0"], 3)), p["Conv_1"], 3)
    shortcut = plain_conv(X, p["Conv_2"], 1) if "Conv_2" in p else X
    assert ("Conv_2" in p) == (downsample or features != 5)
    expected = pool(h) + pool(shortcut) if downsample else h + shortcut
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-4)


# Layers.


def test_dense():
    made, output, _ = run(Dense(4), X[:, 0, 0], train=True)
    p = made["params"]
    np.testing.assert_allclose(output, X[:, 0, 0] @ p["kernel"] + p["bias"], rtol=1e-5, atol=1e-6)
    assert "bias" not in run(Dense(4, bias=False), X[:, 0, 0], train=True)[0]["params"]


@pytest.mark.parametrize("stride", [1, 2])
def test_conv(stride):
    made, output, _ = run(Conv(4, size=4, stride=stride), X, train=True)
    p = made["params"]
    expected = lax.conv_general_dilated(
        X, p["kernel"], (stride, stride), "SAME", dimension_numbers=LAYOUT
    )
    np.testing.assert_allclose(output, expected + p["bias"], rtol=1e-4, atol=1e-4)


def test_conv_transpose_is_the_adjoint_of_conv():
    made, output, _ = run(ConvTranspose(4, size=5, output_size=(11, 8), bias=False), X, train=True)
    kernel = made["params"]["kernel"]
    y = jax.random.normal(KEY, (3, 11, 8, 4))
    down = lax.conv_general_dilated(
        y, kernel.swapaxes(2, 3), (2, 2), "SAME", dimension_numbers=LAYOUT
    )
    np.testing.assert_allclose(jnp.vdot(output, y), jnp.vdot(X, down), rtol=1e-4)


def test_layer_norm_runs_over_all_of_an_example():
    made, output, _ = run(Norm("layer"), X, train=True)
    inner = made["params"]["LayerNorm_0"]
    x = np.asarray(X, np.float64)
    mean = x.mean((1, 2, 3), keepdims=True)
    variance = x.var((1, 2, 3), keepdims=True)
    expected = (x - mean) / np.sqrt(variance + 1e-5) * inner["scale"] + inner["bias"]
    assert inner["scale"].shape == (5,)
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


def test_batch_norm_trains_on_the_batch_and_evaluates_on_averages():
    module = Norm("batch", momentum=0.8, epsilon=1e-3)
    made, output, state = run(module, X, train=True)
    x = np.asarray(X, np.float64)
    inner = made["params"]["BatchNorm_0"]
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    expected = (x - mean) / np.sqrt(variance + 1e-3) * inner["scale"] + inner["bias"]
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)
    stats = state["batch_stats"]["BatchNorm_0"]
    np.testing.assert_allclose(stats["mean"], 0.2 * mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(stats["var"], 0.8 + 0.2 * variance, rtol=1e-4)
    evaluated, _ = jax.jit(from_linen(module).apply)({**made, **state}, X)
    expected = (x - stats["mean"]) / np.sqrt(stats["var"] + 1e-3) * inner["scale"] + inner["bias"]
    np.testing.assert_allclose(evaluated, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["batch", "layer", "conditional", "virtual"])
@pytest.mark.parametrize(("mean", "std"), [(100, 0.1), (1000, 0.1), (30, 0.01)])
def test_variances_keep_their_digits_where_the_mean_is_large(kind, mean, std):
    x = (mean + std * np.random.default_rng(0).standard_normal((16, 4, 4, 3))).astype(np.float32)
    wide = x.astype(np.float64)
    moments = lambda axes: (wide.mean(axes, keepdims=True), wide.var(axes, keepdims=True))
    if kind in ("batch", "layer"):
        module, inputs = Norm(kind), (x,)
        centre, variance = moments((0, 1, 2) if kind == "batch" else (1, 2, 3))
    elif kind == "conditional":
        module, inputs = ConditionalNorm(2), (x, jnp.arange(16) % 2)
        centre, variance = moments((0, 1, 2))
    else:
        module, inputs = VirtualNorm(16), (np.concatenate([x, x[:1]]),)
        centre, variance = moments((0, 1, 2))
    options = {} if kind == "virtual" else {"train": True}
    found, _ = module.init_with_output(KEY, *map(jnp.asarray, inputs), **options)
    # Float32 itself rounds x to mean * 6e-8, the mean likewise.
    tolerance = 4 * mean * 1.2e-7 / std + 1e-5
    expected = (wide - centre) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(found[:16], expected, atol=tolerance * 4)
    assert np.asarray(found[:16]).std() == pytest.approx(expected.std(), rel=1e-2)


def test_a_batch_of_one_value_is_refused_by_batch_normalisation_alone():
    x = jnp.ones((1, 5))
    with pytest.raises(ValueError, match="a batch of 1 example is normalised to zeros"):
        Norm("batch").init(KEY, x, train=True)
    with pytest.raises(ValueError, match="a batch of 1 example is normalised to zeros"):
        ConditionalNorm(2).init(KEY, x, jnp.zeros(1, jnp.int32), train=True)
    Norm("batch").init(KEY, x, train=False)
    Norm("batch").init(KEY, jnp.ones((1, 2, 2, 5)), train=True)
    Norm("layer").init(KEY, x, train=True)


@pytest.mark.parametrize("kind", ["spectral", "none"])
def test_other_norms_leave_activations_alone(kind):
    made, output, _ = run(Norm(kind), X, train=True)
    np.testing.assert_array_equal(output, X)
    assert made["params"] == {}


# The bridge from Linen.


@pytest.mark.parametrize("norm", ["batch", "spectral", "layer", "none"])
def test_only_training_changes_the_state(norm):
    network = dcgan_discriminator(width=2, norm=norm)
    x = jax.random.normal(KEY, (3, 12, 9, 1))
    made = jax.jit(network.init)(KEY, x)
    frozen = {name: value for name, value in made.items() if name != "params"}
    states = lambda made: [network.apply(made, x, train=train)[1] for train in (False, True)]
    still, state = jax.jit(states)(made)
    assert_same(still, frozen)
    assert set(state) == set(frozen)
    assert differ(state, frozen) == (norm in ("batch", "spectral"))


def test_collections_of_others_pass_through():
    network = mlp((3,), 2)
    made = {**jax.jit(network.init)(KEY, X), "lecam": {"real": jnp.float32(2.0)}}
    for train in (True, False):
        state = jax.jit(lambda made, train=train: network.apply(made, X, train=train)[1])(made)
        assert_same(state, {"lecam": {"real": jnp.float32(2.0)}})


def test_dropout_follows_its_key():
    class Dropped(nn.Module):
        @nn.compact
        def __call__(self, x, *, train):
            return nn.Dropout(0.5, deterministic=not train)(x)

    network = from_linen(Dropped())
    made = network.init(KEY, X)
    assert made == {"params": {}}
    first, second = (network.apply(made, X, key=jax.random.key(i), train=True)[0] for i in (0, 1))
    assert differ(first, second)
    np.testing.assert_array_equal(network.apply(made, X)[0], X)


def test_a_network_is_any_pair_of_functions():
    network = Network(
        lambda key, x: {"params": {"w": jnp.ones((2, 3))}}, lambda own, x, **_: (x, {})
    )
    assert count_parameters(network.init(KEY, X)) == 6


# Precision.


@pytest.mark.parametrize(
    ("network", "shape"),
    [
        (dcgan_discriminator(width=2, norm="spectral", dtype=jnp.bfloat16), (8, 8, 1)),
        (dcgan_generator((8, 8, 1), width=2, dtype=jnp.bfloat16), (4,)),
        (infogan_discriminator(dtype=jnp.bfloat16), (8, 8, 1)),
        (infogan_generator((8, 8, 1), dtype=jnp.bfloat16), (4,)),
        (mlp_discriminator((4,), norm="layer", dtype=jnp.bfloat16), (3,)),
    ],
    ids=["dcgan D", "dcgan G", "infogan D", "infogan G", "mlp D"],
)
def test_half_precision_inside_single_outside(network, shape):
    x = jnp.zeros((2, *shape))
    made = jax.eval_shape(network.init, KEY, x)
    assert {leaf.dtype for leaf in jax.tree.leaves(made)} == {jnp.dtype("float32")}
    shown = lambda made, x: network.apply(made, x, train=True)
    output, state = jax.eval_shape(shown, made, x)
    assert output.dtype == jnp.float32
    assert {leaf.dtype for leaf in jax.tree.leaves(state)} <= {jnp.dtype("float32")}
    assert "bf16" in str(jax.make_jaxpr(shown)(made, x))


# Ranges and formulas of whole networks.


@pytest.mark.parametrize("make", [dcgan_generator, infogan_generator, mlp_generator])
def test_generators_of_images_stay_within_range(make):
    network = make((8, 8, 1))
    z = 100 * jax.random.normal(KEY, (4, 3))
    images = jax.jit(lambda z: network.apply(network.init(KEY, z), z, train=True)[0])(z)
    assert float(jnp.abs(images).max()) <= 1
    assert float(images.min()) < 0 < float(images.max())


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "tanh"])
def test_perceptron_in_numpy(activation):
    network = mlp((6,), 2, activation=activation)
    made = jax.jit(network.init)(KEY, X)
    output, _ = jax.jit(network.apply)(made, X)
    f = {
        "relu": lambda t: np.maximum(t, 0),
        "leaky_relu": lambda t: np.where(t > 0, t, 0.2 * t),
        "tanh": np.tanh,
    }[activation]
    first, last = (made["params"][f"Dense_{i}"]["kernel"] for i in (0, 1))
    expected = f(np.asarray(X).reshape(3, -1) @ first) @ last
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


def test_infogan_discriminator_sees_images_over_0_to_1():
    # Black, -1 here, is 0 there, so the first convolution answers with its bias, which is zero.
    network = infogan_discriminator(norm="none")
    black = -jnp.ones((2, 8, 8, 1))
    made = jax.jit(network.init)(KEY, black)
    np.testing.assert_array_equal(jax.jit(network.apply)(made, black)[0], 0)
