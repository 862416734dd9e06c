"""Pixels are taken for what they mean, whatever range they are stored in; masks stay masks."""

import re

import numpy as np
import pytest

from jgan.data import Source, from_arrays, load

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 8, 5, 3)).astype(np.uint8)
EXPECTED = PIXELS / 127.5 - 1


@pytest.mark.parametrize(
    ("image", "note"),
    [
        (PIXELS, None),
        (PIXELS / 127.5 - 1, None),
        (PIXELS.astype(np.float64), "image: whole floats in [0, 255] became uint8"),
        (PIXELS - 0.25 * (PIXELS > 0), "image: floats in [0, 255] became [-1, 1]"),
        ((PIXELS / 255).astype(np.float16), "image: floats in [0, 1] became [-1, 1]"),
        (PIXELS.astype(np.int64), "image: int64 became uint8"),
        (PIXELS.astype(np.uint16), "image: uint16 became uint8"),
        (
            PIXELS.astype(np.uint16) * 257,
            "image: uint16 up to 65535 became uint8, divided by 257",
        ),
    ],
)
def test_the_same_pictures_in_any_range(image, note):
    source = from_arrays(image)
    assert source.notes == (() if note is None else (note,))
    np.testing.assert_allclose(source.first(6)["image"], EXPECTED, atol=3e-3)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int32, np.float32])
def test_black_and_white(dtype):
    source = from_arrays((PIXELS > 99).astype(dtype))
    np.testing.assert_array_equal(source.first(6)["image"], np.where(PIXELS > 99, 1.0, -1.0))
    assert len(source.notes) == 1


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (
            EXPECTED * 3,
            r"holds -3 to 3; floats of pictures must fill \[-1, 1\], \[0, 1\] or \[0, 25",
        ),
        (PIXELS * 2.0, r"holds 0 to 510; floats of pictures must fill"),
        (PIXELS / 100, r"holds 0 to 2\.55; floats of pictures must fill"),
        (
            PIXELS.astype(np.int64) * 2 - 9,
            r"holds -9 to 501; integers of pictures must be 0 to 255, or uint1",
        ),
        (
            PIXELS.transpose(0, 3, 1, 2),
            r"looks like \(N, C, H, W\); pictures are \(N, H, W, C\), so t",
        ),
    ],
)
def test_other_pictures_are_refused(image, message):
    with pytest.raises(ValueError, match=f"^image of source 'arrays' .*{message}"):
        from_arrays(image)


def test_splits_are_scaled_alike(tmp_path):
    np.savez(tmp_path / "x.npz", image_train=EXPECTED, image_test=np.abs(EXPECTED[:2]))
    for split, expected in (("train", EXPECTED), ("test", np.abs(EXPECTED[:2]))):
        source = load(str(tmp_path / "x.npz"), split=split)
        assert source.notes == ()
        np.testing.assert_allclose(source.arrays["image"], expected, atol=1e-6)


def test_points_are_left_as_they_are():
    points = np.linspace(0, 1, 6)
    source = from_arrays(points)
    assert (source.shape, source.points, source.notes) == ((1,), True, ())
    np.testing.assert_allclose(source.arrays["image"][:, 0], points, atol=1e-7)


@pytest.mark.parametrize("channels", [2, 5])
def test_any_number_of_channels(channels):
    source = from_arrays(np.resize(PIXELS, (6, 8, 5, channels)))
    assert source.pictures
    assert source.shape == (8, 5, channels)


@pytest.mark.parametrize(
    ("mask", "expected", "note"),
    [
        (PIXELS[..., 0] > 99, bool, None),
        ((PIXELS[..., :1] > 99).astype(np.uint8), bool, "0 and 1 became false and true"),
        ((PIXELS[..., 0] > 99).astype(np.int64) * 255, bool, "0 and 255 became false and true"),
        (PIXELS[..., 0] % 7, np.int32, "uint8 became labels, int32"),
        (PIXELS[..., 0] / 255, np.float32, None),
    ],
)
def test_masks_stay_masks(mask, expected, note):
    source = from_arrays(PIXELS, mask=mask, own_mask=mask)
    notes = () if note is None else (f"mask: {note}", f"own_mask: {note}")
    assert source.notes == notes
    for field in ("mask", "own_mask"):
        found = source.first(6)[field]
        assert found.dtype == expected
        values = mask != 0 if expected is bool else mask.astype(expected)
        np.testing.assert_array_equal(found, values)


def test_a_mask_is_no_picture():
    mask = np.ones((6, 8, 5, 1), np.uint8)
    message = (
        "mask of source 'arrays' has dtype uint8, which is for pictures; a mask must be bool, i"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        Source({"image": PIXELS, "mask": mask})
    assert Source({"image": PIXELS, "mask": mask}, example=("image", "mask")).size == 6


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"image_test": np.zeros((2, 4, 4, 1), "V4")}, "image of source 's' has dtype uint8, but"),
        ({"image_test": np.full((2, 4, 4, 1), np.nan)}, "image of source 's' has dtype uint8, but"),
        (
            {"image_test": np.zeros((2, 4, 4, 1), np.uint8), "label_test": np.asarray(["a", "b"])},
            "label of source 's' has dtype int64, but that of another split has <U1",
        ),
    ],
)
def test_splits_of_unlike_types_are_refused(fields, message, tmp_path):
    own = {"image_train": np.ones((2, 4, 4, 1), np.uint8), "label_train": np.asarray([0, 1])}
    np.savez(tmp_path / "s.npz", **own, **fields)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        load(str(tmp_path / "s.npz"))
    assert str(error.value).endswith("both must be alike.")


def test_bytes_that_are_no_text_may_be_names():
    names = np.asarray([b"caf\xe9", "café".encode()])
    source = from_arrays(np.zeros((2, 3), np.float32), names)
    assert source.classes == ("caf\\xe9", "café")
