"""The layers of StyleGAN's networks against closed forms and explicit computations."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY
from jax import lax

from jgan.networks import from_linen
from jgan.networks.equalized import EqualizedConv, EqualizedDense, scaled_leaky_relu
from jgan.networks.mapping import Mapping, StyleMapping, crossovers, mixed
from jgan.networks.minibatch import group_deviation, with_group_deviation
from jgan.networks.modulated import ModulatedConv, Noise, modulated_conv

RNG = np.random.default_rng(0)
draw = lambda *shape: jnp.asarray(RNG.normal(size=shape), jnp.float32)


# Equalised layers.


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (EqualizedDense(500), (200, 50)),
        (EqualizedDense(500, rate=0.01), (200, 50)),
        (EqualizedConv(200), (4, 12, 12, 30)),
    ],
)
def test_equalised_layers_keep_the_variance_whatever_their_rate(layer, shape):
    x = draw(*shape)
    made = layer.init(KEY, x)
    rate = getattr(layer, "rate", 1.0)
    assert float(jnp.std(made["params"]["kernel"])) * rate == pytest.approx(1, abs=0.02)
    output = layer.apply(made, x)
    inner = output[:, 1:-1, 1:-1] if x.ndim == 4 else output
    assert float(jnp.std(inner)) == pytest.approx(1, abs=0.03)


def test_a_rate_slows_kernel_and_bias():
    """The same function, whose gradients are smaller by the rate and whose parameters are larger."""
    x = draw(3, 4)
    fast, slow = EqualizedDense(2, bias=1.0), EqualizedDense(2, bias=1.0, rate=0.01)
    own = fast.init(KEY, x)
    large = jax.tree.map(lambda leaf: 100 * leaf, own)
    np.testing.assert_allclose(fast.apply(own, x), slow.apply(large, x), rtol=1e-5)
    slope = lambda layer, own: jax.grad(lambda own: jnp.sum(layer.apply(own, x)))(own)
    for quick, careful in zip(
        jax.tree.leaves(slope(fast, own)), jax.tree.leaves(slope(slow, large)), strict=True
    ):
        np.testing.assert_allclose(0.01 * quick, careful, rtol=1e-5)


def test_the_activation_keeps_the_mean_square():
    # (1 + 0.04) / 2 of a symmetric input's mean square, times 2.
    found = jnp.mean(jnp.square(scaled_leaky_relu(draw(200_000))))
    assert float(found) == pytest.approx(1.04, abs=0.02)


# Minibatch standard deviation.


def test_group_deviation_by_hand():
    values = jnp.array([0.0, 0.0, 2.0, 2.0])[:, None, None, None] * jnp.ones((4, 2, 2, 3))
    np.testing.assert_allclose(group_deviation(values, 4), 1, rtol=1e-6)
    np.testing.assert_allclose(group_deviation(jnp.ones((4, 5)), 4), 1e-4, rtol=1e-4)
    x = draw(6, 2, 2, 3)
    expected = [np.std(np.asarray(x)[n % 2 :: 2], axis=0).mean() for n in range(6)]
    np.testing.assert_allclose(group_deviation(x, 3), expected, rtol=1e-5)
    # 4 does not divide 6; 3 is the next number that does.
    np.testing.assert_allclose(group_deviation(x, 4), group_deviation(x, 3))
    joined = with_group_deviation(x, 3)
    assert joined.shape == (6, 2, 2, 4)
    np.testing.assert_allclose(joined[:, 1, 0, 3], expected, rtol=1e-5)


# Modulation.


def with_a_kernel_for_each(x, kernel, style, demodulate):
    """The convolution of each example with its own kernel, as one grouped convolution."""
    count = len(x)
    own = kernel[None] * style[:, None, None, :, None]
    if demodulate:
        own = own / np.sqrt(np.sum(own**2, axis=(1, 2, 3), keepdims=True) + 1e-8)
    grouped = np.concatenate(list(own), axis=3)
    beside = np.concatenate(list(x), axis=2)[None]
    y = lax.conv_general_dilated(
        beside,
        grouped,
        (1, 1),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=count,
        precision="highest",
    )
    return np.stack(np.split(np.asarray(y)[0], count, axis=2))


@pytest.mark.parametrize("demodulate", [True, False])
def test_a_modulated_convolution_has_a_kernel_for_each_example(demodulate):
    x, kernel, style = draw(3, 5, 4, 2), draw(3, 3, 2, 6), draw(3, 2)
    found = modulated_conv(x, kernel, style, demodulate=demodulate)
    expected = with_a_kernel_for_each(*map(np.asarray, (x, kernel, style)), demodulate)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_demodulated_outputs_have_unit_variance_whatever_the_style(scale):
    x, kernel = draw(2, 40, 40, 8), draw(3, 3, 8, 50)
    style = scale * (1 + draw(2, 8))
    found = modulated_conv(x, kernel, style)[:, 1:-1, 1:-1]
    np.testing.assert_allclose(jnp.mean(jnp.square(found), axis=(1, 2, 3)), 1, atol=0.06)


def test_styles_start_at_one():
    own = ModulatedConv(2).init(KEY, draw(1, 4, 4, 3), draw(1, 5))["params"]
    np.testing.assert_array_equal(own["style"]["bias"], 1)


# Noise.


@pytest.mark.parametrize("by_channel", [True, False])
def test_noise_is_fresh_in_training_and_fixed_outside(by_channel):
    network, x = from_linen(Noise(by_channel)), jnp.zeros((50, 8, 8, 2))
    own = network.init(KEY, x, 1.0)
    strength = own["params"]["strength"]
    assert strength.shape == ((2,) if by_channel else ())
    np.testing.assert_array_equal(strength, 0)
    own["params"]["strength"] = jnp.full_like(strength, 0.5)
    run = lambda amount, **options: network.apply(own, x, amount, **options)[0]
    still = run(1.0)
    np.testing.assert_array_equal(still, still[:1].repeat(50, axis=0))
    np.testing.assert_array_equal(still, run(1.0, key=KEY))
    fresh = run(1.0, key=KEY, train=True)
    assert float(jnp.std(fresh)) == pytest.approx(0.5, abs=0.02)
    assert float(jnp.std(fresh, axis=0).mean()) == pytest.approx(0.5, abs=0.02)
    np.testing.assert_array_equal(fresh[..., 0], fresh[..., 1])
    np.testing.assert_array_equal(run(0.0, key=KEY, train=True), x)
    np.testing.assert_allclose(run(2.0, key=KEY, train=True), 2 * fresh, rtol=1e-6)


# Mapping and mixing.


def test_styles_change_at_their_places():
    styles, other = jnp.zeros((3, 4, 2)), jnp.ones((3, 2))
    found = mixed(styles, other, jnp.array([1, 4, 3]))
    np.testing.assert_array_equal(found[:, :, 0], [[0, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 1]])
    np.testing.assert_array_equal(mixed(other[:, None], other, jnp.array([0, 0, 0])), 1)


def test_places_are_uniform_over_a_share():
    places = np.asarray(crossovers(KEY, 100_000, 5, 0.9))
    assert set(places) == {1, 2, 3, 4, 5}
    shares = np.bincount(places, minlength=6)[1:] / len(places)
    np.testing.assert_allclose(shares, [0.225] * 4 + [0.1], atol=0.006)


@pytest.fixture(scope="module")
def mapping():
    network = from_linen(StyleMapping(Mapping(6, layers=2), inputs=4, mixing=0.9, decay=0.8))
    z = draw(300, 5)
    return network, network.init(KEY, z), z


def test_styles_are_mixed_in_training_only(mapping):
    network, own, z = mapping
    plain = network.apply(own, z)[0]["styles"]
    np.testing.assert_array_equal(plain, plain[:, :1].repeat(4, axis=1))
    trained = network.apply(own, z, key=KEY, train=True)[0]["styles"]
    np.testing.assert_allclose(trained[:, 0], plain[:, 0], rtol=1e-6)
    changed = np.asarray(jnp.any(trained != trained[:, :1], axis=(1, 2)))
    assert changed.mean() == pytest.approx(0.9, abs=0.07)
    # Latents of any length have the same style.
    np.testing.assert_allclose(network.apply(own, 3 * z)[0]["styles"], plain, atol=1e-5)


def test_the_mean_of_styles_runs(mapping):
    network, own, z = mapping
    _, state = network.apply(own, z, key=KEY, train=True)
    w = network.apply(own, z)[0]["styles"][:, 0]
    np.testing.assert_allclose(state["average"]["w"], 0.2 * w.mean(0), rtol=1e-4, atol=1e-6)
    _, again = network.apply({**own, **state}, z, key=KEY, train=True)
    np.testing.assert_allclose(again["average"]["w"], 0.36 * w.mean(0), rtol=1e-4, atol=1e-6)


def test_labels_and_vectors_of_them_map_alike():
    network = Mapping(6, layers=1, classes=3)
    z, label = draw(2, 5), jnp.array([0, 2])
    own = network.init(KEY, z, label)
    found = network.apply(own, z, label)
    np.testing.assert_allclose(network.apply(own, z, jnp.eye(3)[label]), found, rtol=1e-6)
    assert float(jnp.abs(network.apply(own, z, label[::-1]) - found).min()) > 0
    with pytest.raises(ValueError, match="needs labels"):
        network.apply(own, z)
