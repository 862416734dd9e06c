"""Maps of the parts of garments: a rule that can be checked by hand, and colours that tell the parts."""

import numpy as np

from jgan.data import load
from jgan.data.garment_parts import (
    COLOURS,
    DIM,
    PALEST,
    PARTS,
    SWATCHES,
    dyed_parts,
    part_maps,
)


def test_the_rule_by_hand():
    brightness = np.zeros((5, 12, 10), np.float32)
    brightness[:, 1:11, 1:9] = 0.5  # a box of 10 rows and 8 columns
    shirt, dress, trousers, bag, boot = part_maps(brightness, np.asarray([6, 3, 1, 8, 9]))
    of = lambda name: PARTS.index(name)
    assert set(np.unique(shirt)) == {0, of("body"), of("sleeves")}
    np.testing.assert_array_equal(shirt[5], [0, 2, 2, 1, 1, 1, 1, 2, 2, 0])
    rows = lambda found: found[1:11, 4].tolist()
    assert rows(dress) == [1] * 4 + [3] * 6 or rows(dress) == [1] * 5 + [3] * 5
    assert rows(trousers) == [1] * 2 + [3] * 8
    assert rows(bag) == [5] * 3 + [1] * 7
    assert rows(boot) == [1] * 8 + [4] * 2
    for found in (shirt, dress, trousers, bag, boot):
        np.testing.assert_array_equal(found > 0, brightness[0] > 0)


def test_colours_tell_the_parts_however_pale():
    parts = np.arange(len(PARTS), dtype=np.int32).reshape(1, 1, -1).repeat(2, axis=0)
    pictures = dyed_parts(np.ones(parts.shape, np.float32), parts, np.asarray([0.0, 0.5]))
    np.testing.assert_allclose(pictures[0, 0], COLOURS)
    np.testing.assert_allclose(pictures[1, 0, 1:], 0.5 + 0.5 * np.asarray(COLOURS)[1:])
    np.testing.assert_array_equal(pictures[1, 0, 0], 0)
    dark = dyed_parts(np.zeros(parts.shape, np.float32), parts, np.zeros(2))
    np.testing.assert_allclose(dark[0, 0], DIM * np.asarray(COLOURS), rtol=1e-6)


def test_the_embedded_garments():
    source = load("garments:parts", split="test")
    assert source.describe().startswith(
        "garments:parts: 1000 examples; image uint8 (28, 28, 3); mask int32 (28, 28)"
    )
    image, mask = (source.arrays[name] for name in ("image", "mask"))
    assert set(np.unique(mask)) == set(range(len(PARTS)))
    assert (image[mask == 0] == 0).all()
    assert (image[mask > 0].max(axis=-1) >= int(DIM * 255)).all()
    # The largest channels are those of the part's colour.
    pure = np.asarray(COLOURS)[mask[mask > 0]] > 0
    values = image[mask > 0].astype(int)
    low, high = np.where(pure, 255, values).min(1), np.where(pure, values, 255).min(1)
    assert (low <= high).all()
    swatches = mask[SWATCHES - 1 :: SWATCHES].reshape(-1, 28 * 28)
    assert (swatches == swatches[:, :1]).all()
    assert sorted(set(swatches[:, 0])) == [1, 2, 3, 4, 5]
    bright = image.max(axis=-1).astype(float)
    pale = (image.min(axis=-1) / np.maximum(bright, 1))[mask > 0]
    assert pale.max() <= PALEST + 0.02
    np.testing.assert_array_equal(load("garments:parts", split="test").arrays["image"], image)
