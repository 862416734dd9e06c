"""Affine resampling against NumPy, SciPy, waves that are known everywhere, and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.ndimage import map_coordinates
from scipy.signal import upfirdn

from jgan.augmentation.affine import (
    SYM6,
    composed,
    resample_affine,
    rotated,
    scaled,
    translated,
)

SHAPE = (7, 9, 2)
RNG = np.random.default_rng(0)
IMAGES = RNG.normal(size=(3, *SHAPE)).astype(np.float32)
ones = lambda value: jnp.full(3, value, jnp.float32)
run = jax.jit(resample_affine)


def turned(angle):
    return rotated(jnp.cos(angle), jnp.sin(angle))


def random_maps(count, dtype=np.float32, seed=1):
    """Turns, stretches and shifts of all sizes."""
    rng = np.random.default_rng(seed)
    numbers = lambda low, high: jnp.asarray(rng.uniform(low, high, count), dtype)
    return composed(
        turned(numbers(-3, 3)),
        scaled(numbers(0.7, 1.4), numbers(0.7, 1.4)),
        turned(numbers(-3, 3)),
        translated(numbers(-4, 4), numbers(-4, 4)),
    )


def test_the_filter_is_orthogonal_to_its_shifts_by_two():
    taps = np.asarray(SYM6)
    products = [np.dot(taps[2 * shift :], taps[: len(taps) - 2 * shift]) for shift in range(6)]
    np.testing.assert_allclose(products, [1, 0, 0, 0, 0, 0], atol=1e-10)
    assert taps.sum() == pytest.approx(np.sqrt(2))


def test_the_identity_changes_no_bit():
    still = np.asarray(run(IMAGES, translated(ones(0), ones(0))))
    assert still.tobytes() == IMAGES.tobytes()


@pytest.mark.parametrize(("x", "y"), [(1, 0), (0, -2), (-3, 4), (11, -20)])
def test_shifts_by_whole_pixels_are_numpys(x, y):
    moved = run(IMAGES, translated(ones(-x), ones(-y)))
    padded = np.pad(IMAGES, ((0, 0), (30, 30), (30, 30), (0, 0)), "reflect")
    expected = padded[:, 30 - y : 37 - y, 30 - x : 39 - x]
    np.testing.assert_allclose(moved, expected, atol=2e-5)


def by_scipy(image, back):
    """The same resampling by SciPy, from a picture that is reflected far beyond what is needed."""
    height, width, pad = *image.shape, 40
    taps = np.asarray(SYM6)
    delay = np.arange(12) @ taps / taps.sum()
    large = np.pad(image, pad, "reflect")
    for axis in (0, 1):
        large = upfirdn(np.sqrt(2) * taps, large, up=2, axis=axis)
    rows, columns = np.mgrid[-6 : 2 * height + 6, -6 : 2 * width + 6]
    # A pixel stands behind its place by the filter's delay, of which five taps lie before the first number.
    columns, rows = (
        (x + 5 - delay) / 2 - (s - 1) / 2 for x, s in ((columns, width), (rows, height))
    )
    places = np.stack([columns, rows, np.ones(rows.shape)])
    x, y = np.tensordot(np.asarray(back), places, 1)[:2]
    found = [2 * y + height - 1 + 2 * pad + delay, 2 * x + width - 1 + 2 * pad + delay]
    sampled = map_coordinates(large, found, order=1, mode="nearest")
    for axis in (0, 1):
        sampled = upfirdn(taps[::-1] / np.sqrt(2), sampled, axis=axis)
    return sampled[12:-12:2, 12:-12:2]


def test_any_map_is_scipys():
    maps = random_maps(3)
    moved = np.asarray(run(IMAGES, maps))
    for number, channel in ((0, 0), (1, 1), (2, 0)):
        expected = by_scipy(IMAGES[number, ..., channel].astype(np.float64), maps[number])
        np.testing.assert_allclose(moved[number, ..., channel], expected, atol=1e-4)


def test_waves_are_found_where_the_map_says():
    side = 32
    y, x = (np.mgrid[:side, :side] - (side - 1) / 2) * 0.4
    wave = lambda x, y: np.cos(0.8 * x + 0.5 * y + 0.3)
    angle, factor = 0.7, 1.2
    back = composed(turned(ones(angle)), scaled(ones(factor), ones(factor)))[:1]
    moved = run(wave(x, y)[None, ..., None].astype(np.float32), back)[0, ..., 0]
    cos, sin = factor * np.cos(angle), factor * np.sin(angle)
    expected = wave(cos * x - sin * y, sin * x + cos * y)
    inner = slice(9, -9)
    np.testing.assert_allclose(moved[inner, inner], expected[inner, inner], atol=0.01)


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 2, 1), (6, 5, 3)])
def test_what_is_constant_stays_so(shape):
    moved = run(np.full((3, *shape), 0.7, np.float32), random_maps(3))
    np.testing.assert_allclose(moved, 0.7, atol=1e-5)


@pytest.mark.usefixtures("double")
def test_derivatives_are_those_of_a_linear_map():
    images, along, back = RNG.normal(size=(3, 3, *SHAPE))
    maps = random_maps(3, np.float64)
    move = jax.jit(lambda images: resample_affine(images, maps))
    forward = move(along)
    _, tangent = jax.jvp(move, (images,), (along,))
    np.testing.assert_allclose(tangent, forward, atol=1e-12)
    (reverse,) = jax.vjp(move, images)[1](back)
    assert np.vdot(reverse, along) == pytest.approx(np.vdot(back, forward), rel=1e-10)
    # Of second order: the Hessian of the sum of the fourth powers, along one direction.
    slope = jax.grad(lambda images: jnp.sum(move(images) ** 4))
    _, bend = jax.jvp(slope, (images,), (along,))
    gap = slope(images + 1e-5 * along) - slope(images - 1e-5 * along)
    np.testing.assert_allclose(bend, gap / 2e-5, rtol=1e-5, atol=1e-6)
