"""DiffAugment by its ranges, pixel by pixel, and its derivatives."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY

from jgan.augmentation import diff_augment
from jgan.augmentation.diff_augment import POLICY, color, cutout, translation
from jgan.scene import Moment, as_step

NOW = Moment(as_step(0), {})
RNG = np.random.default_rng(0)


def test_colours_are_those_of_some_numbers_within_the_ranges():
    """Each picture tells its three numbers, and with them NumPy makes the same of it."""
    images = RNG.uniform(-1, 1, (300, 5, 4, 3)).astype(np.float32)
    found = np.asarray(jax.jit(color)(KEY, images))
    own, moved = (x.mean(axis=(1, 2, 3), keepdims=True) for x in (images, found))
    brightness = moved - own
    grey = lambda x: x.mean(axis=3, keepdims=True)
    contrast = np.std(grey(found), axis=(1, 2, 3)) / np.std(grey(images), axis=(1, 2, 3))
    hues = [np.std(x - grey(x), axis=(1, 2, 3)) for x in (found, images)]
    saturation = hues[0] / hues[1] / contrast
    for numbers, low, high in ((brightness, -0.5, 0.5), (contrast, 0.5, 1.5), (saturation, 0, 2)):
        assert low - 1e-3 <= numbers.min() < low + 0.05 * (high - low)
        assert high - 0.05 * (high - low) < numbers.max() <= high + 1e-3
    wide = lambda numbers: numbers[:, None, None, None]
    coloured = wide(saturation) * (images - grey(images)) + grey(images)
    expected = wide(contrast) * (coloured - own) + own + brightness
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_grey_pictures_have_no_saturation():
    images = RNG.uniform(-1, 1, (6, 4, 5, 1)).astype(np.float32)
    found = np.asarray(color(KEY, images))
    gaps = [x - x.mean(axis=(1, 2, 3), keepdims=True) for x in (found, images)]
    contrast = np.std(gaps[0], axis=(1, 2, 3)) / np.std(gaps[1], axis=(1, 2, 3))
    np.testing.assert_allclose(gaps[0], contrast[:, None, None, None] * gaps[1], atol=1e-5)


def test_translations_are_numpys():
    image = np.arange(1.0, 17 * 9 + 1, dtype=np.float32).reshape(17, 9, 1)
    found = np.asarray(jax.jit(translation)(KEY, np.tile(image, (200, 1, 1, 1))))
    # Up to an eighth: 2 of 17 rows, 1 of 9 columns.
    padded = np.pad(image, ((2, 2), (1, 1), (0, 0)))
    allowed = {
        padded[down : down + 17, across : across + 9].tobytes(): (down, across)
        for down in range(5)
        for across in range(3)
    }
    assert {allowed[one.tobytes()] for one in found} == set(allowed.values())


@pytest.mark.parametrize(("height", "width"), [(8, 6), (7, 5)])
def test_holes_are_half_of_each_side_wherever_their_centre_lies(height, width):
    found = np.asarray(jax.jit(cutout)(KEY, jnp.ones((800, height, width, 1))))[..., 0]
    holes = set()
    for one in found:
        rows, columns = np.nonzero(one == 0)
        hole = (rows.min(), rows.max(), columns.min(), columns.max())
        assert (one[hole[0] : hole[1] + 1, hole[2] : hole[3] + 1] == 0).all()
        assert len(rows) == (hole[1] - hole[0] + 1) * (hole[3] - hole[2] + 1)
        holes.add(hole)

    def spans(side):
        size, even = (side + 1) // 2, 1 - (side + 1) // 2 % 2
        starts = [centre - size // 2 for centre in range(side + even)]
        return {(max(start, 0), min(start + size, side) - 1) for start in starts}

    assert holes == {(*rows, *columns) for rows in spans(height) for columns in spans(width)}


@pytest.mark.usefixtures("double")
def test_derivatives_are_finite_differences():
    images, along = RNG.normal(size=(2, 3, 6, 5, 3))
    augment = jax.jit(lambda images: diff_augment()(KEY, images, NOW))
    value = lambda images: jnp.sum(jnp.sin(augment(images)))
    slope, width = jax.grad(value), 1e-5
    difference = (value(images + width * along) - value(images - width * along)) / (2 * width)
    assert float(jnp.vdot(slope(images), along)) == pytest.approx(float(difference), rel=1e-7)
    assert float(jax.jvp(value, (images,), (along,))[1]) == pytest.approx(
        float(difference), rel=1e-7
    )
    bend = jax.jvp(slope, (images,), (along,))[1]
    gap = (slope(images + width * along) - slope(images - width * along)) / (2 * width)
    np.testing.assert_allclose(bend, gap, atol=1e-7)


def test_the_policy_says_what_is_done():
    images = jnp.ones((9, 8, 8, 1))
    np.testing.assert_array_equal(diff_augment(())(KEY, images, NOW), images)
    holes = diff_augment(("cutout",))(KEY, images, NOW)
    assert set(np.unique(holes)) == {0.0, 1.0}
    assert POLICY == ("color", "translation", "cutout")
    for policy, message in (
        (
            ("colour",),
            r"^policy has 'colour', but its names must be of color, translation, cutout\.$",
        ),
        (("color", "color"), r"^policy is color, color, but must have each name once\.$"),
    ):
        with pytest.raises(ValueError, match=message):
            diff_augment(policy)
