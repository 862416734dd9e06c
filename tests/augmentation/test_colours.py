"""Colour matrices against NumPy and SciPy, and the law that they are drawn by."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY
from scipy.spatial.transform import Rotation

from jgan.augmentation.chances import centred
from jgan.augmentation.colours import OF_COLOURS, _about_grey, _turned, colour_maps, recoloured

RNG = np.random.default_rng(0)
COUNT = 4000
NUMBERS = centred(KEY, OF_COLOURS, COUNT, jnp.float32)
AXIS = np.ones(3) / np.sqrt(3)


def test_colours_are_mapped_as_by_numpy():
    images = RNG.normal(size=(2, 4, 3, 3)).astype(np.float32)
    maps = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))
    maps[1, :3] = RNG.normal(size=(3, 4))
    found = np.asarray(recoloured(images, jnp.asarray(maps)))
    assert found[0].tobytes() == images[0].tobytes()
    with_one = np.concatenate([images[1], np.ones((4, 3, 1))], axis=2)
    np.testing.assert_allclose(found[1], with_one @ maps[1, :3].T, rtol=1e-5, atol=1e-6)
    # A grey picture is that of three equal channels, whose mean is taken afterwards.
    grey = images[1:, ..., :1]
    tripled = np.concatenate([np.repeat(grey[0], 3, axis=2), np.ones((4, 3, 1))], axis=2)
    expected = (tripled @ maps[1, :3].T).mean(axis=2, keepdims=True)
    np.testing.assert_allclose(recoloured(grey, maps[1:])[0], expected, rtol=1e-5, atol=1e-6)


def test_turns_about_grey_and_reflections_are_scipys():
    angles = RNG.uniform(-np.pi, np.pi, 5)
    expected = Rotation.from_rotvec(angles[:, None] * AXIS).as_matrix()
    np.testing.assert_allclose(_turned(jnp.asarray(angles))[:, :3, :3], expected, atol=1e-6)
    flip, pale = _about_grey(jnp.array([1.0, 0.4]), jnp.array([-1.0, 1.0]))
    along = np.outer(AXIS, AXIS)
    np.testing.assert_allclose(flip[:3, :3], np.eye(3) - 2 * along, atol=1e-6)
    np.testing.assert_allclose(pale[:3, :3], along + 0.4 * (np.eye(3) - along), atol=1e-6)


@pytest.fixture(scope="module")
def certain():
    """Maps at p = 1, of pictures with three channels."""
    return np.asarray(jax.jit(colour_maps, static_argnums=2)(NUMBERS, 1.0, 3))


def test_greys_stay_grey_and_are_scaled_moved_and_flipped(certain):
    of_grey = certain[:, :3, :3] @ np.ones(3)
    moved = certain[:, :3, 3]
    for values in (of_grey, moved):
        assert np.ptp(values, axis=1).max() < 1e-3
    factor, shift = of_grey[:, 0], moved[:, 0] / of_grey[:, 0]
    assert np.mean(factor < 0) == pytest.approx(0.5, abs=0.03)
    logarithm = np.log2(np.abs(factor))
    assert [logarithm.mean(), logarithm.std()] == pytest.approx([0, 0.5], abs=0.03)
    assert [shift.mean(), shift.std()] == pytest.approx([0, 0.2], abs=0.015)


def test_hues_turn_and_saturations_stretch(certain):
    # Across the grey axis a map is a turn times contrast and saturation.
    red = np.asarray([2, -1, -1]) / np.sqrt(6)
    green = np.asarray([0, 1, -1]) / np.sqrt(2)
    turned = certain[:, :3, :3] @ red
    contrast = np.abs(certain[:, :3, :3].sum(axis=(1, 2)) / 3)
    saturation = np.log2(np.linalg.norm(turned, axis=1) / contrast)
    assert [saturation.mean(), saturation.std()] == pytest.approx([0, 1], abs=0.06)
    angle = np.arctan2(turned @ green, turned @ red)
    quarters = np.histogram(angle, bins=4, range=(-np.pi, np.pi))[0] / COUNT
    np.testing.assert_allclose(quarters, 0.25, atol=0.03)


@pytest.mark.parametrize(("channels", "effects"), [(1, 2), (3, 4)])
def test_each_happens_with_probability_p(channels, effects):
    p = 0.2
    maps = jax.jit(colour_maps, static_argnums=2)(NUMBERS, p, channels)
    same = (np.asarray(maps) == np.eye(4)).all(axis=(1, 2)).mean()
    # All but the luma flip, which does nothing in one half of its cases.
    assert same == pytest.approx((1 - p) ** effects * (1 - p / 2), abs=0.03)
