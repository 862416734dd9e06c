import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.signal
from jax import lax

from jgan.convolution import filtering
from jgan.convolution.convolution import conv
from jgan.convolution.filtering import (
    BINOMIAL,
    binomial,
    downsample_filtered,
    filtered_downsample_conv,
    filtered_upsample_conv,
    resample,
    upsample_filtered,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 6, 5, 3)).astype(np.float32)
TAPS = (0.1, 0.5, 0.3, 0.2)


def by_scipy(x, taps, up, down, before, behind):
    """`scipy.signal.upfirdn` along each axis: its full result cropped to the valid part of the padded image."""
    for axis in (1, 2):
        full = scipy.signal.upfirdn(taps, x, up=up, axis=axis)
        size = x.shape[axis] * up
        # Index m of the full result is the filter's last tap at m.
        count = size + before + behind - len(taps) + 1
        start = len(taps) - 1 - before
        wanted = np.arange(count)[::down] + start
        inside = (wanted >= 0) & (wanted < full.shape[axis])
        taken = np.take(full, np.where(inside, wanted, 0), axis=axis)
        mask = inside.reshape([-1 if number == axis else 1 for number in range(4)])
        x = np.where(mask, taken, 0)
    return x


@pytest.mark.parametrize(
    ("up", "down", "padding"),
    [
        (1, 1, (1, 2)),
        (2, 1, (2, 1)),
        (1, 2, (1, 1)),
        (3, 2, (4, 2)),
        (2, 1, (-1, -3)),
        (5, 1, (0, 9)),
    ],
)
@pytest.mark.parametrize("small", [filtering.SMALL, 0])
def test_resampling_is_scipys(up, down, padding, small, monkeypatch):
    """By a matrix, and as along long axes by a convolution."""
    monkeypatch.setattr(filtering, "SMALL", small)
    found = resample(X, TAPS, up=up, down=down, padding=padding)
    expected = by_scipy(X, TAPS, up, down, *padding)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_resampling_is_a_depthwise_convolution_of_a_dilated_image():
    kernel = np.tile(np.outer(TAPS, TAPS)[::-1, ::-1, None, None], (1, 1, 1, 3))
    expected = lax.conv_general_dilated(
        X,
        kernel.astype(np.float32),
        (1, 1),
        ((2, 1), (2, 1)),
        lhs_dilation=(2, 2),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=3,
        precision="highest",
    )
    # Unlike scipy, XLA puts no zero behind the last pixel.
    found = resample(X, TAPS, up=2, padding=(2, 0))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def zeros_between(x):
    wide = np.zeros((x.shape[0], 2 * x.shape[1], 2 * x.shape[2], x.shape[3]), np.float32)
    wide[:, ::2, ::2] = x
    return wide


@pytest.mark.parametrize("taps", [BINOMIAL, (0.25, 0.5, 0.25), TAPS])
@pytest.mark.parametrize("size", [1, 3])
def test_a_filtered_upsampling_convolution_filters_then_convolves(taps, size):
    """The two in the order of the paper, without the border between them."""
    kernel = RNG.normal(size=(size, size, 3, 2)).astype(np.float32)
    margin = size // 2
    before, behind = (len(taps) + 1) // 2, (len(taps) - 2) // 2
    doubled = [2 * tap for tap in taps]
    smooth = resample(zeros_between(X), doubled, padding=(before + margin, behind + margin))
    expected = conv(smooth, kernel, padding="VALID", precision="highest")
    found = filtered_upsample_conv(X, kernel, taps, precision="highest")
    assert found.shape == (2, 12, 10, 2)
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("size", [1, 3])
def test_a_filtered_downsampling_convolution_filters_then_convolves(size):
    x, kernel = X[:, :, :4], RNG.normal(size=(size, size, 3, 2)).astype(np.float32)
    margin = size // 2
    smooth = resample(x, BINOMIAL, padding=(1 + margin, 1 + margin))
    expected = conv(smooth, kernel, padding="VALID", precision="highest")[:, ::2, ::2]
    found = filtered_downsample_conv(x, kernel, precision="highest")
    assert found.shape == (2, 3, 2, 2)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_brightness_is_kept():
    flat = jnp.full((1, 8, 8, 1), 5.0)
    inner = (slice(None), slice(2, -2), slice(2, -2))
    np.testing.assert_allclose(upsample_filtered(flat)[:, 3:-3, 3:-3], 5, rtol=1e-6)
    np.testing.assert_allclose(downsample_filtered(flat)[:, 1:-1, 1:-1], 5, rtol=1e-6)
    for taps in (BINOMIAL, binomial(3), binomial(5)):
        assert sum(taps) == pytest.approx(1)
        smooth = resample(flat, taps, padding=len(taps) // 2)
        np.testing.assert_allclose(smooth[inner], 5, rtol=1e-6)


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("frequency", [0.0, 0.125, 0.25, 0.5])
def test_pass_bands(count, frequency):
    """A binomial filter's gain is a power of the cosine: 1 at frequency 0, and 0 at Nyquist's."""
    wave = np.exp(2j * np.pi * frequency * np.arange(32))
    image = np.broadcast_to(wave[None, :, None, None], (1, 32, 8, 1))
    found = [
        resample(jnp.asarray(part, jnp.float32), binomial(count))
        for part in (image.real, image.imag)
    ]
    gain = np.hypot(*(np.asarray(part) for part in found))
    np.testing.assert_allclose(gain, np.cos(np.pi * frequency) ** (count - 1), atol=1e-6)
    assert binomial(4) == BINOMIAL


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    "function",
    [
        lambda x: resample(x, TAPS, up=3, down=2, padding=(4, 2)),
        lambda x: filtered_upsample_conv(x, jnp.ones((3, 3, 1, 1)) * x[0, 0, 0, 0]),
        lambda x: filtered_downsample_conv(x, jnp.ones((3, 3, 1, 1)) * x[0, 0, 0, 0]),
    ],
)
def test_derivatives_of_both_orders_and_modes(function):
    x, along = (jnp.asarray(RNG.normal(size=(1, 4, 4, 1))) for _ in range(2))
    value = lambda x: jnp.sum(jnp.sin(function(x)))
    slope = jax.grad(value)
    width = 1e-5
    numeric = (value(x + width * along) - value(x - width * along)) / (2 * width)
    np.testing.assert_allclose(jnp.vdot(slope(x), along), numeric, rtol=1e-7)
    np.testing.assert_allclose(jax.jvp(value, (x,), (along,))[1], numeric, rtol=1e-7)
    numeric = (slope(x + width * along) - slope(x - width * along)) / (2 * width)
    np.testing.assert_allclose(jax.jvp(slope, (x,), (along,))[1], numeric, rtol=1e-6, atol=1e-8)


def test_mistakes():
    with pytest.raises(ValueError, match=r"up is 0, but must be a whole number of at least 1"):
        resample(X, TAPS, up=0)
    with pytest.raises(ValueError, match=r"fewer pixels than the filter's 4 taps"):
        resample(X[:, :2], TAPS)
    with pytest.raises(ValueError, match=r"x has shape \(6, 5, 3\), but must be"):
        resample(X[0], TAPS)
    with pytest.raises(ValueError, match=r"kernel has shape \(2, 2, 3, 1\), but must be"):
        filtered_upsample_conv(X, jnp.ones((2, 2, 3, 1)))
    with pytest.raises(ValueError, match=r"count is 0"):
        binomial(0)
