import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.data import Source, from_arrays, gather, ring

IMAGES = np.arange(256, dtype=np.uint8).reshape(16, 4, 2, 2)


def test_a_source_describes_itself():
    label = np.arange(16, dtype=np.int32) % 3
    source = Source({"image": IMAGES, "label": label, "angle": np.ones((16, 5), np.float32)}, "s")
    assert (source.size, source.shape, source.num_classes) == (16, (4, 2, 2), 3)
    assert source.describe() == (
        "s: 16 examples; image uint8 (4, 2, 2); label int32 (); angle float32 (5,); 3 classes"
    )


def test_attribute_labels_are_not_classes():
    source = Source({"image": IMAGES, "label": np.ones((16, 4), np.int32)})
    assert source.num_classes == 0
    assert Source({"image": IMAGES}).num_classes == 0


@pytest.mark.parametrize("order", ["sorted", "alternating"])
def test_take_draws_each_class_by_its_share(order):
    label = np.arange(60, dtype=np.int32) % 3
    label = np.sort(label) if order == "sorted" else label
    images = np.arange(60, dtype=np.float32)[:, None]
    some = Source({"image": images, "label": label}).take(30)
    assert np.bincount(some.arrays["label"]).tolist() == [10, 10, 10]
    rows = some.arrays["image"][:, 0].astype(int)
    np.testing.assert_array_equal(label[rows], some.arrays["label"])
    assert not np.array_equal(np.diff(rows), np.full(29, 2))
    np.testing.assert_array_equal(rows, np.unique(rows))


def test_take_keeps_the_density():
    source = ring(50)
    first = source.take(7)
    assert first.size == 7
    assert (first.name, first.density) == (source.name, source.density)
    assert source.take(None) is source


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"label": IMAGES}, "source 's' has no field 'image'; it has label."),
        ({}, "source 's' has no field 'image'; it has nothing."),
        (
            {"image": IMAGES.astype(np.int64)},
            "image of source 's' has dtype int64; it must be uint8 or float32.",
        ),
        (
            {"image": IMAGES[..., 0]},
            "image of source 's' has shape (16, 4, 2); "
            "it must be (N, H, W, C), or (N, d) for float32 points.",
        ),
        (
            {"image": IMAGES.reshape(16, 16)},
            "image of source 's' has shape (16, 16); "
            "it must be (N, H, W, C), or (N, d) for float32 points.",
        ),
        (
            {"image": IMAGES[:0]},
            "image of source 's' has shape (0, 4, 2, 2); it must hold at least 1 example.",
        ),
        (
            {"image": IMAGES, "label": np.zeros(16)},
            "label of source 's' has dtype float64; it must be int32.",
        ),
        (
            {"image": IMAGES, "label": np.zeros((16, 1, 1), np.int32)},
            "label of source 's' has shape (16, 1, 1); it must be (N,) or (N, A).",
        ),
        (
            {"image": IMAGES, "label": np.zeros(15, np.int32)},
            "label of source 's' has 15 examples, but image has 16; they must be equal.",
        ),
        (
            {"image": IMAGES, "text": np.asarray(["a"] * 16)},
            "text of source 's' has dtype <U1; it must be uint8 or int32 or float32 or bool.",
        ),
        (
            {"image": IMAGES, "mass": np.asarray(1.0, np.float32)},
            "mass of source 's' has shape (); it must hold at least 1 example.",
        ),
        (
            {"image": np.asarray([[0.0, np.nan]], np.float32)},
            "image of source 's' holds NaN or infinity; every value must be finite.",
        ),
        (
            {"image": IMAGES, "mass": np.full(16, np.inf, np.float32)},
            "mass of source 's' holds NaN or infinity; every value must be finite.",
        ),
    ],
)
def test_a_wrong_array_is_refused_in_one_sentence(arrays, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Source(arrays, "s")


@pytest.mark.parametrize("size", [0, 17])
def test_taking_too_many_is_refused(size):
    message = f"size is {size}, but the source 's' has 16 examples; use 1 to 16."
    with pytest.raises(ValueError, match=re.escape(message)):
        Source({"image": IMAGES}, "s").take(size)


def test_from_arrays_converts():
    source = from_arrays(
        IMAGES[..., 0],
        np.arange(16, dtype=np.uint8)[:, None],
        name="s",
        target=IMAGES,
        mass=np.ones(16),
        count=np.arange(16),
        kept=np.ones(16, bool),
    )
    assert {field: str(values.dtype) for field, values in source.arrays.items()} == {
        "image": "uint8",
        "label": "int32",
        "target": "uint8",
        "mass": "float32",
        "count": "int32",
        "kept": "bool",
    }
    assert source.shape == (4, 2, 1)
    assert source.arrays["label"].shape == (16,)


def test_from_arrays_keeps_points_and_float_images_unscaled():
    points = from_arrays(np.asarray([[3.0, -7.0]]))
    np.testing.assert_array_equal(points.arrays["image"], np.asarray([[3, -7]], np.float32))
    assert from_arrays(np.full((2, 4, 4), 5.0)).shape == (4, 4, 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"label": np.full(16, 0.5)},
            "label of source 's' holds 0.5; a class must be a whole number from 0.",
        ),
        (
            {"label": np.full(16, 2**40)},
            "label of source 's' holds 1099511627776 to 1099511627776; it must fit int32.",
        ),
        (
            {"count": np.full(16, -(2**40))},
            "count of source 's' holds -1099511627776 to -1099511627776; it must fit int32.",
        ),
    ],
)
def test_from_arrays_refuses_what_it_cannot_convert(fields, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        from_arrays(IMAGES, **fields, name="s")


def test_gather_scales_pictures_only():
    arrays = {
        "image": IMAGES,
        "label": np.arange(16, dtype=np.int32),
        "mass": np.linspace(0, 300, 16, dtype=np.float32),
    }
    indices = np.asarray([15, 0, 3], np.int32)
    batch = gather(arrays, indices)
    assert batch["image"].dtype == np.float32
    expected = IMAGES[indices].astype(np.float64) / 127.5 - 1
    np.testing.assert_allclose(batch["image"], expected, atol=1e-7)
    assert batch["image"].max() == 1.0
    assert batch["image"].min() == -1.0
    np.testing.assert_array_equal(batch["label"], indices)
    np.testing.assert_array_equal(batch["mass"], arrays["mass"][indices])
    on_device = jax.jit(gather)(arrays, indices)
    assert all(isinstance(values, jax.Array) for values in on_device.values())
    for field, values in batch.items():
        np.testing.assert_array_equal(on_device[field], values)


def test_gather_takes_indices_of_any_shape_and_traced():
    arrays = jax.tree.map(jnp.asarray, {"image": IMAGES})
    indices = jnp.asarray([[0, 1, 2], [3, 4, 5]])
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        batch = jax.jit(lambda indices: gather(arrays, indices))(indices)
    assert batch["image"].shape == (2, 3, 4, 2, 2)
    one_by_one = jax.vmap(lambda row: gather({"image": IMAGES}, row))(indices)
    np.testing.assert_array_equal(batch["image"], one_by_one["image"])
