import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.data import load
from jgan.data.augment import chain, flip, jitter, shift

KEY = jax.random.key(0)
IMAGES = jnp.asarray(np.random.default_rng(0).normal(size=(64, 8, 6, 1)), jnp.float32)


def test_pairs_and_masks_move_with_the_image():
    batch = {"image": IMAGES, "mask": 2 * IMAGES, "label": jnp.arange(64)}
    for augment in (flip(), shift(2), chain(flip(), shift(1))):
        moved = augment(KEY, batch)
        assert not np.array_equal(moved["image"], IMAGES)
        np.testing.assert_array_equal(moved["mask"], 2 * moved["image"])
        np.testing.assert_array_equal(moved["label"], batch["label"])


@pytest.mark.parametrize("dtype", [bool, np.int32])
def test_masks_without_channels_move_with_the_image(dtype):
    mask = (IMAGES[..., 0] > 0).astype(dtype)
    moved = chain(flip(), shift(2))(KEY, {"image": IMAGES, "mask": mask})
    assert moved["mask"].dtype == dtype
    np.testing.assert_array_equal(moved["mask"], (moved["image"][..., 0] > 0).astype(dtype))


def test_half_are_flipped():
    moved = flip()(KEY, {"image": IMAGES})["image"]
    same = (moved == IMAGES).all((1, 2, 3))
    mirrored = (moved == IMAGES[:, :, ::-1]).all((1, 2, 3))
    assert (same ^ mirrored).all()
    assert 20 <= int(mirrored.sum()) <= 44


def test_shifts_reach_both_ways():
    image = jnp.zeros((200, 7, 7, 1)).at[:, 3, 3].set(1.0)
    moved = shift(2)(KEY, {"image": image})["image"]
    rows, columns = np.nonzero(np.asarray(moved.sum(0)[..., 0]))
    assert (set(rows), set(columns)) == (set(range(1, 6)), set(range(1, 6)))


def test_sources_by_name_are_augmented():
    plain, both = load("fashion", size=10), load("fashion+flip+shift2", size=10)
    assert plain.augment is None
    np.testing.assert_array_equal(plain.arrays["image"], both.arrays["image"])
    images = both.first(10)
    moved = both.augment(KEY, images)
    assert moved["image"].shape == (10, 28, 28, 1)
    assert not np.array_equal(moved["image"], images["image"])
    assert both.take(5).augment is both.augment


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ring+flip", "+flip is for pictures, but 'ring' has points."),
        ("fashion+disk", "+disk is for folder:FOLDER and tfds:NAME, not for 'fashion'."),
        ("fashion+shift0", "shift is by 0 pixels; it must be at least 1."),
        (
            "fashion+flop",
            "there is no option '+flop' of 'fashion+flop'; there are +flip, +shift4, +jitter, +swap and +disk.",
        ),
    ],
)
def test_mistakes(name, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        load(name)


def test_jitter_enlarges_and_cuts_pairs_alike():
    """Where pictures are straight lines, so are those that are enlarged, and the cut says how far it moved."""
    rows, columns = jnp.indices((64, 64)) / 128 - 0.25
    ramp = jnp.broadcast_to((rows + columns)[..., None], (40, 64, 64, 1))
    batch = {"a": ramp, "b": -ramp, "mask": ramp[..., 0] > 0}
    moved = jitter()(KEY, batch)
    np.testing.assert_array_equal(moved["a"], -moved["b"])
    inner = np.asarray(moved["a"])[:, 16:48, 16:48, 0]
    factor = round(64 * 286 / 256) / 64
    for axis in (1, 2):
        np.testing.assert_allclose(np.diff(inner, axis=axis), 1 / 128 / factor, atol=1e-4)
    # Of the 72 - 64 + 1 places along each axis all are met, the middle one leaving the centre where it was.
    places = (inner[:, 16, 16] - 0.0) * 128 * factor
    assert 4 < places.max() - places.min() <= 16
    mask = np.asarray(moved["mask"])
    assert mask.dtype == bool
    assert (mask == (moved["a"][..., 0] > 0)).mean() > 0.97
