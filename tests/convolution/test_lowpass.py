"""Low-pass filters against scipy's, their pass and stop bands, and radial filtering against scipy's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal

from jgan.convolution import filtering
from jgan.convolution.lowpass import kaiser_lowpass, radial_lowpass
from jgan.convolution.radial import filter_radially

RNG = np.random.default_rng(0)
# Attenuations of 8, 26, 25 and 70 dB, for each of Kaiser's formulas for the window.
DESIGNS = [
    (12, 2.0, 0.01, 32.0),
    (12, 512.0, 236.0, 2048.0),
    (7, 3.0, 4.0, 20.0),
    (24, 2.0, 12.0, 64.0),
]


def gains(taps, frequencies, rate):
    """The gain of a symmetric filter along an axis."""
    places = (np.arange(len(taps)) - (len(taps) - 1) / 2) / rate
    return np.cos(2 * np.pi * np.outer(frequencies, places)) @ np.asarray(taps)


@pytest.mark.parametrize(("taps", "cutoff", "width", "rate"), DESIGNS)
def test_taps_are_scipys(taps, cutoff, width, rate):
    expected = scipy.signal.firwin(taps, cutoff, width=width, fs=rate)
    np.testing.assert_allclose(kaiser_lowpass(taps, cutoff, width, rate), expected, atol=1e-12)


@pytest.mark.parametrize("taps", [12, 24])
def test_pass_and_stop_bands(taps):
    """From a gain of 1 at frequency 0 through a half at the cutoff to -45 dB beyond the transition band."""
    rate, cutoff, half = taps / 6 * 16.0, 4.0, 4.0
    own = kaiser_lowpass(taps, cutoff, 2 * half, rate)
    np.testing.assert_allclose(gains(own, [0.0, cutoff], rate), [1, 0.5], atol=0.02)
    beyond = np.linspace(cutoff + half, rate / 2, 200)
    assert 20 * np.log10(np.abs(gains(own, beyond, rate)).max()) < -45


def test_a_radial_filter_has_no_directions():
    taps, cutoff, half, rate = 12, 4.0, 4.0, 32.0
    own = radial_lowpass(taps, cutoff, 2 * half, rate)
    assert own.sum() == pytest.approx(1)
    places = (np.arange(taps) - (taps - 1) / 2) / rate
    right, down = np.meshgrid(places, places)

    def gain(taps, frequency, angle):
        along = np.cos(angle) * right + np.sin(angle) * down
        return np.sum(taps * np.cos(2 * np.pi * frequency * along))

    corner = np.pi / 4
    for frequency in np.linspace(0, 15, 16):
        found = [gain(own, frequency, angle) for angle in np.linspace(0, corner, 9)]
        assert np.ptp(found) < 0.01
        if frequency >= cutoff + half:
            assert 20 * np.log10(np.abs(found).max()) < -40
    # A product of two filters passes the corners of a square.
    along_axis = kaiser_lowpass(taps, cutoff, 2 * half, rate)
    square = np.outer(along_axis, along_axis)
    assert gain(square, cutoff, corner) - gain(square, cutoff, 0.0) > 0.03


def test_an_odd_radial_filter_has_its_middle():
    """The limit of J₁(2π f r) / (π r) at 0 is f: it lies on the line through its neighbours' values."""
    own = radial_lowpass(101, 1.0, 0.5, 100.0)
    assert own[50, 50] == pytest.approx(own[50, 49], rel=1e-3)


@pytest.mark.parametrize("small", [filtering.SMALL, 0])
@pytest.mark.parametrize(("down", "padding"), [(1, (0, 0)), (2, (3, 1)), (3, (0, 2))])
def test_radial_filtering_is_scipys(small, down, padding, monkeypatch):
    """By matrices, and as along long axes by a convolution."""
    monkeypatch.setattr(filtering, "SMALL", small)
    x = RNG.normal(size=(2, 9, 11, 3)).astype(np.float32)
    own = radial_lowpass(6, 2.0, 3.0, 12.0)
    found = filter_radially(x, own, down=down, padding=padding)
    padded = np.pad(x, ((0, 0), padding, padding, (0, 0)))
    for n, c in np.ndindex(2, 3):
        expected = scipy.signal.convolve2d(padded[n, :, :, c], own, "valid")[::down, ::down]
        np.testing.assert_allclose(found[n, :, :, c], expected, atol=1e-6)


@pytest.mark.usefixtures("double")
def test_radial_filtering_is_linear_to_its_derivatives():
    own = radial_lowpass(6, 2.0, 3.0, 12.0)
    x, along = (jnp.asarray(RNG.normal(size=(1, 8, 8, 1))) for _ in range(2))
    function = lambda x: filter_radially(x, own, down=2)
    np.testing.assert_allclose(jax.jvp(function, (x,), (along,))[1], function(along), atol=1e-12)
    y = jnp.asarray(RNG.normal(size=function(x).shape))
    back = jax.vjp(function, x)[1](y)[0]
    np.testing.assert_allclose(jnp.vdot(back, along), jnp.vdot(y, function(along)), rtol=1e-10)


def test_mistakes():
    for mistake, message in (
        (lambda: kaiser_lowpass(0, 1.0, 1.0, 4.0), "taps is 0, but must be at least 1"),
        (lambda: kaiser_lowpass(4, 3.0, 1.0, 4.0), r"cutoff is 3\.0, but must lie in \(0, 2\]"),
        (lambda: radial_lowpass(4, 1.0, 0.0, 4.0), r"width is 0\.0, but must be a positive"),
        (lambda: filter_radially(jnp.ones((1, 9, 9, 1)), np.eye(3)), "is not symmetric"),
        (lambda: filter_radially(jnp.ones((1, 2, 9, 1)), np.ones((3, 3))), "filter's 3 taps"),
    ):
        with pytest.raises(ValueError, match=message):
            mistake()
