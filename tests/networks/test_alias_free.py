"""The layers of StyleGAN3: bands as published, filters, waves that move, and running magnitudes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal
from helpers import KEY

from jgan.convolution.lowpass import kaiser_lowpass, radial_lowpass
from jgan.metrics.equivariance import translate_whole
from jgan.networks import from_linen
from jgan.networks.alias_free import (
    Band,
    FilteredConv,
    ToImage,
    bands,
    filtered_leaky_relu,
    resampling,
)
from jgan.networks.equalized import scaled_leaky_relu
from jgan.networks.fourier import FourierInput

draw = lambda *shape: jax.random.normal(KEY, shape)


def test_bands_are_those_of_the_paper():
    """The sizes of the authors' networks at 1024 pixels, margins of 10 pixels included, and their cutoffs."""
    found = bands(1024, 14)
    sizes = [36, 36, 52, 52, 84, 148, 148, 276, 276, 532, 1044, 1044, 1044, 1024, 1024]
    assert [band.size for band in found] == sizes
    assert [band.rate for band in found[:13]] == [size - 20 for size in sizes[:13]]
    cutoffs = [2 * 256 ** min(layer / 12, 1) for layer in range(15)]
    np.testing.assert_allclose([band.cutoff for band in found], cutoffs)
    # Half of the transition band lies below half the rate, but where the image's own band is wanted whole.
    for band in found[:12]:
        assert band.cutoff + band.half_width == pytest.approx(band.rate / 2)
    assert found[12].cutoff + found[12].half_width == pytest.approx(512 * 2**0.3)


@pytest.mark.parametrize(
    ("side", "rates"), [(28, [14, 14, 28, 28, 28]), (27, [27] * 5), (48, [12, 24, 48, 48, 48])]
)
def test_other_sides_are_halved_while_they_are_even(side, rates):
    found = bands(side, 4, critical=1, margin=3)
    assert [band.rate for band in found] == rates
    assert [band.size for band in found] == [rate + 6 for rate in rates[:3]] + 2 * [side]


def test_filters_fall_to_a_hundredth_where_the_rate_leaves_room():
    """-40 dB beyond the stopband where the rate is four times the cutoff or more; the others have less room."""
    for band in bands(1024, 14):
        fast = 2 * band.rate
        taps = kaiser_lowpass(12, band.cutoff, 2 * band.half_width, fast)
        places = (np.arange(12) - 5.5) / fast
        beyond = np.linspace(band.cutoff + band.half_width, band.rate, 100)
        gain = np.cos(2 * np.pi * np.outer(beyond, places)) @ np.array(taps)
        assert np.abs(gain).max() < (0.01 if band.rate >= 4 * band.cutoff else 0.05)


@pytest.mark.parametrize("radial", [True, False])
@pytest.mark.parametrize("there", [Band(3.0, 5.0, 16, 21), Band(5.0, 11.0, 32, 30)])
def test_a_filtered_nonlinearity_step_by_step(there, radial):
    """Zeros between the pixels, scipy's filters in two dimensions, the rectifier, and every second pixel."""
    here, size = Band(2.0, 6.0, 16, 19), 20
    x = np.asarray(draw(1, size, size, 1))
    up = 2 * there.rate // here.rate
    fast = up * here.rate
    wide = np.zeros((up * size, up * size))
    wide[::up, ::up] = x[0, ..., 0]
    before = scipy.signal.firwin(6 * up, here.cutoff, width=2 * here.half_width, fs=fast)
    behind = scipy.signal.firwin(12, there.cutoff, width=2 * there.half_width, fs=fast)
    behind = np.outer(behind, behind)
    if radial:
        behind = radial_lowpass(12, there.cutoff, 2 * there.half_width, fast)
    smooth = scipy.signal.convolve2d(wide, up**2 * np.outer(before, before))
    bent = np.sqrt(2) * np.where(smooth > 0, smooth, 0.2 * smooth)
    full = scipy.signal.convolve2d(bent, behind)
    # Both maps have one middle; that of a pixel lies half its width behind the first of its samples.
    delay = (len(before) + 12 - 2) / 2
    start = round((up * size - up) / 2 + delay - (there.size - 1))
    expected = full[start::2, start::2][: there.size, : there.size]
    way = resampling(here, there, size, radial=radial, filtered=True)
    found = filtered_leaky_relu(jnp.asarray(x), way)
    np.testing.assert_allclose(found[0, ..., 0], expected, atol=1e-5)


def test_without_filters_pixels_are_repeated():
    here, there = Band(2.0, 6.0, 4, 6), Band(4.0, 4.0, 8, 8)
    x = draw(1, 6, 6, 2)
    same = resampling(here, here, 6, radial=False, filtered=False)
    np.testing.assert_allclose(filtered_leaky_relu(x, same), scaled_leaky_relu(x), rtol=1e-6)
    twice = resampling(here, there, 6, radial=False, filtered=False)
    expected = jnp.repeat(jnp.repeat(scaled_leaky_relu(x), 2, axis=1), 2, axis=2)[:, 2:-2, 2:-2]
    np.testing.assert_allclose(filtered_leaky_relu(x, twice), expected, rtol=1e-6)


@pytest.fixture(scope="module")
def waves():
    network = from_linen(Placed())
    w = draw(3, 4)
    return network, network.init(KEY, w), w


class Placed(FourierInput):
    """The input with the keyword that networks have."""

    channels: int = 50
    size: int = 12
    rate: int = 8
    bandwidth: float = 2.0

    def __call__(self, w, shift=None, angle=None, *, train):
        return super().__call__(w, shift, angle)


def test_waves_by_their_formula(waves):
    network, own, w = waves
    frequencies, phases = (own["waves"][name] for name in ("frequencies", "phases"))
    assert float(jnp.linalg.norm(frequencies, axis=1).max()) <= 2
    # Uniform on the disc: half of the frequencies lie within 1/√2 of its radius.
    within = jnp.mean(jnp.linalg.norm(frequencies, axis=1) < np.sqrt(2))
    assert float(within) == pytest.approx(0.5, abs=0.2)
    assert float(jnp.abs(phases).max()) <= 0.5
    place = (np.arange(12) - 5.5) / 8
    right, down = np.meshgrid(place, place)
    points = np.stack([right, down], axis=-1)
    features = np.sin(2 * np.pi * (points @ frequencies.T + phases))
    expected = features @ own["params"]["kernel"] / np.sqrt(50)
    np.testing.assert_allclose(network.apply(own, w)[0][1], expected, atol=1e-4)


def test_waves_move_down_and_right_by_pixels(waves):
    network, own, w = waves
    pixels = jnp.array([[2, -1], [0, 3], [-4, 0]])
    still, moved = network.apply(own, w)[0], network.apply(own, w, pixels / 8)[0]
    expected, inside = translate_whole(still, pixels)
    np.testing.assert_allclose(moved[inside], expected[inside], atol=1e-4)


def test_waves_turn_counter_clockwise_and_then_move(waves):
    network, own, w = waves
    still, quarter = network.apply(own, w)[0], np.pi / 2
    turned = network.apply(own, w, None, quarter)[0]
    np.testing.assert_allclose(turned, jnp.rot90(still, axes=(1, 2)), atol=1e-4)
    both = network.apply(own, w, jnp.array([0.25, 0.0]), quarter)[0]
    np.testing.assert_allclose(both[:, 2:], turned[:, :-2], atol=1e-4)


def test_a_style_turns_and_moves_the_plane(waves):
    """Its four numbers are cosine, sine and a shift right and down, all over the norm of the first two."""
    network, own, w = waves
    affine = {"kernel": jnp.zeros((4, 4)), "bias": jnp.array([0.0, 2.0, 0.5, -0.25])}
    learned = {**own, "params": {**own["params"], "affine": affine}}
    found = network.apply(learned, w)[0]
    moved = network.apply(own, w, jnp.array([-0.125, 0.25]), np.pi / 2)[0]
    np.testing.assert_allclose(found, moved, atol=1e-4)
    # What the caller does comes on top.
    again = network.apply(learned, w, jnp.array([0.125, 0.25]))[0]
    np.testing.assert_allclose(again[:, 1:, 2:], found[:, :-1, :-2], atol=1e-4)


@pytest.mark.parametrize("layer", ["convolution", "image"])
def test_maps_are_divided_by_the_running_mean_of_their_square(layer):
    band = Band(2.0, 6.0, 16, 12)
    module = (
        FilteredConv(4, band, band, size=1, decay=0.75) if layer != "image" else ToImage(4, 0.75)
    )
    network, x, w = from_linen(module), 3 * draw(2, 12, 12, 3), draw(2, 5)
    own = network.init(KEY, x, w)
    power = float(jnp.mean(x**2))
    first, state = network.apply(own, x, w, train=True)
    assert float(state["average"]["square"]) == pytest.approx(0.75 + 0.25 * power, rel=1e-5)
    np.testing.assert_allclose(first, network.apply(own, x, w)[0], rtol=1e-6)
    own = {**own, "average": {"square": jnp.array(power)}}
    scaled = network.apply(own, x, w)[0]
    unit = {**own, "average": {"square": jnp.array(1.0)}}
    expected = network.apply(unit, x / np.sqrt(power), w)[0]
    np.testing.assert_allclose(scaled, expected, rtol=1e-4, atol=1e-5)
