"""Sources of several tables, examples of several fields, domains, and labels that are vectors."""

import re
import zlib

import jax
import numpy as np
import pytest
from scipy import stats

from jgan.data import Source, example_indices, from_arrays, paired, unpaired
from jgan.data.augment import flip
from jgan.data.loader import Reading, batches
from jgan.data.order import number_of, table_keys

RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (7, 4, 4, 3), np.uint8)
MASK = RNG.integers(0, 2, (7, 4, 4)).astype(bool)
DRAWING = RNG.integers(0, 256, (11, 4, 4, 1), np.uint8)
FIELDS = {"photo": PHOTO, "mask": MASK, "drawing": DRAWING}
TABLES = {"photo": ("photo", "mask"), "drawing": ("drawing",)}
KEY = jax.random.key(3)


def sketches(**changes):
    return Source(FIELDS, "sketches", **{"tables": TABLES, "example": "photo", **changes})


def scaled(pictures):
    return pictures.astype(np.float64) / 127.5 - 1


def test_a_source_of_two_tables():
    source = sketches(example="drawing")
    assert source.sizes == {"photo": 7, "drawing": 11}
    assert (source.size, source.shape) == (11, (4, 4, 1))
    assert source.pictures
    assert not source.points
    assert source.stored == {
        "photo": {"photo": PHOTO, "mask": MASK},
        "drawing": {"drawing": DRAWING},
    }
    assert source.describe() == (
        "sketches: 7 examples of photo; photo uint8 (4, 4, 3); mask bool (4, 4); "
        "11 examples of drawing; drawing uint8 (4, 4, 1); an example is drawing"
    )


def test_examples_of_several_fields():
    layers = {f"layer_{i}": np.ones((5, 2 + i, 3), np.float32) for i in range(3)}
    source = Source(layers, example=tuple(layers))
    assert source.shape == {"layer_0": (2, 3), "layer_1": (3, 3), "layer_2": (4, 3)}
    assert (source.size, source.sizes) == (5, {"examples": 5})
    assert not source.pictures
    assert not source.points
    assert source.example_of(source.first(2)).keys() == layers.keys()
    assert source.describe().endswith("an example is layer_0, layer_1, layer_2")
    both = sketches(example=("photo", "drawing"))
    assert both.size == 7
    assert both.shape == {"photo": (4, 4, 3), "drawing": (4, 4, 1)}


def test_an_example_need_be_no_picture():
    tokens = Source({"tokens": np.ones((3, 6), np.int32)}, example="tokens")
    assert (tokens.shape, tokens.pictures, tokens.points) == ((6,), False, False)
    pairs = Source({"roll": np.ones((3, 6, 88), bool)}, example="roll")
    assert pairs.shape == (6, 88)


def test_each_table_begins_again_after_its_end():
    batch = sketches().first(12)
    np.testing.assert_allclose(batch["photo"], scaled(PHOTO[[*range(7), *range(5)]]), atol=1e-6)
    np.testing.assert_allclose(batch["drawing"], scaled(DRAWING[[*range(11), 0]]), atol=1e-6)
    np.testing.assert_array_equal(batch["mask"], MASK[[*range(7), *range(5)]])
    assert batch["mask"].dtype == bool
    np.testing.assert_array_equal(sketches().at([9])["mask"], MASK[[2]])


def test_take_keeps_shorter_tables_whole():
    assert sketches(example="drawing").take(9).sizes == {"photo": 7, "drawing": 9}
    assert sketches().take(3).sizes == {"photo": 3, "drawing": 3}
    with pytest.raises(ValueError, match=r"size is 8, but the source 'sketches' has 7 examples"):
        sketches().take(8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"example": "image"},
            "source 'sketches' has no field 'image'; it has photo, mask, drawing.",
        ),
        (
            {"example": ("photo", "sketch")},
            "source 'sketches' has no field 'sketch'; it has photo, mask, drawing.",
        ),
        ({"example": ()}, "the example of source 'sketches' is (); it must name a field."),
        (
            {"tables": {}},
            "drawing of source 'sketches' has 11 examples, but photo has 7; they must be equal.",
        ),
        (
            {"tables": {"photo": ("photo",), "drawing": ("drawing", "mask")}},
            "mask of source 'sketches' has 7 examples, but drawing has 11; they must be equal.",
        ),
        (
            {"tables": {"photo": ("photo",), "drawing": ("drawing",)}},
            "mask of source 'sketches' is in no table; it must be in one.",
        ),
        (
            {"tables": {**TABLES, "masks": ("mask",)}},
            "mask of source 'sketches' is in several tables; it must be in one.",
        ),
        (
            {"tables": {**TABLES, "masks": ("hole",)}},
            "a table of source 'sketches' has the field 'hole'; there are only photo, mask, drawing.",
        ),
        (
            {"tables": {**TABLES, "masks": "mask"}},
            "table 'masks' of source 'sketches' is 'mask'; it must list its fields.",
        ),
        (
            {"tables": {**TABLES, "masks": ()}},
            "table 'masks' of source 'sketches' is (); it must list its fields.",
        ),
    ],
)
def test_wrong_tables_and_examples_are_refused(changes, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        sketches(**changes)


def order_of(name, size, count, steps):
    """The examples of a table step by step, by the key's definition."""
    key = jax.random.fold_in(KEY, zlib.crc32(name.encode()) | 2**31)
    return [
        example_indices(np.asarray(jax.random.key_data(key)), step, count, size, xp=np)
        for step in range(steps)
    ]


def test_each_table_has_an_order_of_its_own():
    stream = batches(sketches().stored, KEY, 5, 0, 7, reading=Reading(threads=1))
    orders = {table: order_of(table, size, 5, 7) for table, size in sketches().sizes.items()}
    for step, batch in enumerate(stream):
        np.testing.assert_array_equal(batch["photo"], PHOTO[orders["photo"][step]])
        np.testing.assert_array_equal(batch["mask"], MASK[orders["photo"][step]])
        np.testing.assert_array_equal(batch["drawing"], DRAWING[orders["drawing"][step]])
    assert step == 6
    epochs = np.concatenate(orders["photo"]).reshape(5, 7)
    assert all(sorted(epoch) == list(range(7)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 5


def test_a_part_of_each_table():
    whole, half = (
        list(batches(sketches().stored, KEY, 4, 0, 2, part=part, reading=Reading(threads=1)))
        for part in (slice(None), slice(2, 4))
    )
    for full, part in zip(whole, half, strict=True):
        for name, values in part.items():
            np.testing.assert_array_equal(values, full[name][2:])


@pytest.mark.parametrize("tables", [{}, {"all": ("photo", "mask")}])
def test_a_single_table_is_ordered_by_the_key_itself(tables):
    source = Source({"photo": PHOTO, "mask": MASK}, tables=tables, example="photo")
    words = np.asarray(jax.random.key_data(KEY))
    for step, batch in enumerate(batches(source.stored, KEY, 5, 0, 4, reading=Reading(threads=1))):
        rows = example_indices(words, step, 5, 7, xp=np)
        np.testing.assert_array_equal(batch["photo"], PHOTO[rows])


def test_tables_of_equal_size_are_independent():
    size = 2000
    orders = [
        example_indices(key, 0, size, size) for key in table_keys(KEY, ["a", "b", "c"]).values()
    ]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert stats.pearsonr(orders[i], orders[j]).pvalue > 1e-3


def test_numbers_of_names_are_no_steps():
    assert all(2**31 <= number_of(name) < 2**32 for name in ("photo", "drawing", "", "ä"))
    # crc32 of these names has its highest bit cleared and set.
    assert {zlib.crc32(name) >> 31 for name in (b"photo", b"drawing", b"a", b"b")} == {0, 1}


def domains(first=None, second=None, size=11):
    label = np.arange(7, dtype=np.int32)
    return {
        "photo": Source({"image": PHOTO, "label": label}, "photos", augment=first),
        "drawing": Source({"image": DRAWING[:size]}, "drawings", augment=second),
    }


def test_unpaired_domains_are_tables():
    source = unpaired(domains())
    assert source.fields_of_tables == {"photo": ("photo", "photo_label"), "drawing": ("drawing",)}
    assert source.example == ("photo", "drawing")
    assert (source.name, source.sizes) == ("photos+drawings", {"photo": 7, "drawing": 11})
    np.testing.assert_array_equal(source.arrays["photo_label"], np.arange(7))
    assert unpaired(domains(), name="both", example="drawing").size == 11
    single = unpaired({"photo": domains()["photo"]})
    assert (single.example, single.size) == ("photo", 7)


def test_paired_domains_are_one_table():
    source = paired(domains(size=7), example="photo")
    assert source.sizes == {"examples": 7}
    np.testing.assert_array_equal(source.arrays["drawing"], DRAWING[:7])


def test_domains_keep_their_augmentations():
    noise = lambda key, batch: {
        name: values + jax.random.uniform(key) if name == "image" else values
        for name, values in batch.items()
    }
    batch = {"photo": np.zeros(2), "photo_label": np.zeros(2), "drawing": np.zeros(2)}
    source = unpaired(domains(noise))
    moved = source.augment(KEY, batch)
    assert moved["photo"][0] != 0
    assert moved["drawing"][0] == moved["photo_label"][0] == 0
    both = unpaired(domains(noise, noise)).augment(KEY, batch)
    assert both["photo"][0] == moved["photo"][0]
    assert both["drawing"][0] not in (0, both["photo"][0])
    assert unpaired(domains()).augment is None


def test_pairs_are_moved_alike():
    pictures = np.arange(7 * 16, dtype=np.float32).reshape(7, 4, 4, 1)
    own = lambda: Source({"image": pictures}, augment=flip())
    source = paired({"photo": own(), "drawing": own()})
    moved = source.augment(KEY, source.first(7))
    np.testing.assert_array_equal(moved["photo"], moved["drawing"])
    flipped = (np.asarray(moved["photo"]) != pictures).any(axis=(1, 2, 3))
    assert 0 < flipped.sum() < 7


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: unpaired({}), "there are no domains; give a source for at least 1."),
        (
            lambda: paired(domains()),
            "paired domains must have equally many examples, but there are photo 7, drawing 11.",
        ),
        (
            lambda: paired(domains(flip(), size=7)),
            "of the paired domains photo, drawing, only photo is augmented; all must be, and alike.",
        ),
        (
            lambda: unpaired({"photo": domains()["photo"], "photo_label": domains()["drawing"]}),
            "two fields of the domains photo, photo_label would be 'photo_label'.",
        ),
        (
            lambda: unpaired({"sketch": sketches()}),
            "the source 'sketches' of domain 'sketch' must have one table and an example of one field.",
        ),
    ],
)
def test_wrong_domains_are_refused(make, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize("dtype", [np.int32, np.float32, bool])
def test_labels_may_be_vectors(dtype):
    source = Source({"image": PHOTO, "label": np.ones((7, 5), dtype)})
    assert (source.num_classes, source.class_labels) == (0, None)
    assert source.first(2)["label"].dtype == dtype


def test_vectors_are_converted():
    assert from_arrays(PHOTO, np.ones((7, 5))).arrays["label"].dtype == np.float32
    assert from_arrays(PHOTO, np.ones((7, 5), np.uint8)).arrays["label"].dtype == np.int32


def test_wrong_vectors_are_refused():
    message = "label of source 'arrays' has dtype uint8; it must be int32 or float32 or bool."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Source({"image": PHOTO, "label": np.ones((7, 5), np.uint8)})
    with pytest.raises(ValueError, match=r"dtype bool; it must be int32\.$"):
        Source({"image": PHOTO, "label": np.ones(7, bool)})


def test_class_labels_are_those_of_the_examples_table():
    label = np.asarray([2, 0, 1, 1, 0, 2, 2], np.int32)
    fields, tables = {**FIELDS, "label": label}, {**TABLES, "photo": ("photo", "mask", "label")}
    of_photos = Source(fields, tables=tables, example="photo")
    np.testing.assert_array_equal(of_photos.class_labels, label)
    of_drawings = Source(fields, tables=tables, example="drawing")
    assert of_drawings.class_labels is None
    assert of_drawings.num_classes == 3
