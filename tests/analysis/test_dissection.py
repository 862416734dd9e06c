"""Dissection against counts, and on a generator in which one unit draws a blob."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import ndimage

from jgan.analysis.dissection import (
    agreement,
    causal_effect,
    layer_region,
    set_channels,
    typical_values,
    upsampled,
)
from jgan.analysis.segmentation import segment, segment_names
from jgan.networks.hidden_layers import changing, layers, reading
from jgan.networks.network import from_linen

SIDE, COARSE, PLANTED, COUNT = 32, 16, 3, 256


class Features(nn.Module):
    """Smooth random maps, except the planted unit: a blob at the latent's place, in a sixth of the pictures."""

    @nn.compact
    def __call__(self, z, *, train):
        waves = jnp.sin(
            jnp.arange(COARSE)[None, :, None, None] * z[:, None, None, 3:]
            + jnp.arange(COARSE)[None, None, :, None] * z[:, None, None, 4:3:-1]
        )
        rows = jnp.arange(COARSE)[None, :, None] - COARSE * (0.2 + 0.6 * z[:, 0, None, None])
        columns = jnp.arange(COARSE)[None, None, :] - COARSE * (0.2 + 0.6 * z[:, 1, None, None])
        blob = jnp.exp(-(rows**2 + columns**2) / 4) * (z[:, 2] < 0.17)[:, None, None]
        return jnp.concatenate([waves, 0.3 * waves, blob[..., None] - 0.2], axis=-1)[
            ..., [0, 1, 2, 4, 3]
        ]


class Toy(nn.Module):
    @nn.compact
    def __call__(self, z, *, train):
        maps = nn.relu(Features(name="maps")(z, train=train))
        x = jax.image.resize(maps, (len(z), SIDE, SIDE, 5), "bilinear", antialias=False)
        weights = jnp.zeros(5).at[PLANTED].set(3.0).at[0].set(0.2)
        return jnp.tanh(x @ weights - 0.6)[..., None]


NETWORK = from_linen(Toy())
Z = jax.random.uniform(jax.random.key(0), (COUNT, 5))
generate = jax.jit(lambda z: NETWORK.apply({"params": {}}, z)[0])


@pytest.fixture(scope="module")
def images_and_maps():
    return jax.jit(reading(generate.__wrapped__, "maps"))(Z)


def test_the_planted_unit_is_found(images_and_maps):
    images, maps = images_and_maps
    assert layers(generate.__wrapped__, Z) == {"maps": (COUNT, COARSE, COARSE, 5)}
    masks = segment(images, ("bright", "dark"))
    # The blobs cover about the share of the pixels on which a unit counts as active.
    assert 0.004 < float(jnp.mean(masks[..., 0])) < 0.007
    found = agreement(maps, masks)
    assert found.iou.shape == (5, 2)
    assert found.iou[PLANTED, 0] >= 0.9
    assert np.delete(found.iou[:, 0], PLANTED).max() < 0.1
    assert found.iou[:, 1].max() < 0.1


def test_ablation_removes_the_blob_and_insertion_adds_it(images_and_maps):
    images, maps = images_and_maps
    bright = lambda pictures: segment(pictures, ("bright",))
    value = typical_values(maps, agreement(maps, bright(images)).threshold)[PLANTED]
    change = lambda *how: changing(generate.__wrapped__, "maps", set_channels([PLANTED], *how))(Z)
    ablated = change(0.0)
    assert not bright(ablated).any()
    # Elsewhere the pictures stay as they were.
    far = np.asarray(upsampled(maps, SIDE, SIDE))[..., [PLANTED]] < -0.19
    np.testing.assert_allclose(np.asarray(ablated)[far], np.asarray(images)[far], atol=0.1)
    region = jnp.zeros((SIDE, SIDE), bool).at[4:12, 16:24].set(True)
    inserted = change(value, region)
    added = bright(inserted)[..., 0]
    assert bool(added[:, 5:11, 17:23].all())
    effect = causal_effect(bright(inserted), bright(ablated), region)
    assert float(effect[0]) > 0.7
    idle = changing(generate.__wrapped__, "maps", set_channels([1], 5.0, region))(Z)
    np.testing.assert_allclose(idle, images, atol=1e-6)


def test_thresholds_and_iou_are_counts():
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(5, 4, 6, 3)).astype(np.float32)
    masks = rng.random((5, 8, 12, 2)) < 0.3
    found = agreement(maps, masks, 0.1)
    for unit in range(3):
        large = np.stack([bilinear(m[..., unit], 8, 12) for m in maps])
        threshold = np.quantile(large, 0.9)
        assert found.threshold[unit] == pytest.approx(threshold, abs=1e-5)
        active = large > threshold
        assert active.mean() == pytest.approx(0.1, abs=0.005)
        for kind in range(2):
            both = (active & masks[..., kind]).sum()
            either = (active | masks[..., kind]).sum()
            assert found.iou[unit, kind] == pytest.approx(both / either, abs=1e-6)


def bilinear(image, height, width):
    """Between the centres of pixels, as they are beyond the outermost."""
    rows = (np.arange(height) + 0.5) * image.shape[0] / height - 0.5
    columns = (np.arange(width) + 0.5) * image.shape[1] / width - 0.5
    where = np.meshgrid(rows, columns, indexing="ij")
    return ndimage.map_coordinates(image.astype(float), where, order=1, mode="nearest")


def test_an_empty_segment_agrees_with_nothing():
    found = agreement(np.zeros((2, 4, 4, 1)), np.zeros((2, 4, 4, 1)))
    assert found.iou.tolist() == [[0.0]]


def test_values_of_inserted_units():
    maps = np.asarray([[0.0, 9.0], [4.0, 1.0], [6.0, 2.0]]).reshape(3, 1, 1, 2)
    np.testing.assert_allclose(typical_values(maps, [3.0, 20.0]), [5.0, 20.0])


def test_units_are_set_within_the_region_only():
    maps = jnp.asarray(np.random.default_rng(0).normal(size=(2, 4, 4, 6)), jnp.float32)
    region = np.zeros((16, 16), bool)
    region[:8, 8:] = True
    changed = np.asarray(set_channels([5, 1], [7.0, -3.0], jnp.asarray(region))(maps))
    expected = np.array(maps)
    expected[:, :2, 2:, 5], expected[:, :2, 2:, 1] = 7.0, -3.0
    np.testing.assert_array_equal(changed, expected)
    everywhere = set_channels([2])(maps)
    assert float(jnp.abs(everywhere[..., 2]).max()) == 0
    np.testing.assert_array_equal(everywhere[..., 3], maps[..., 3])


def test_a_region_at_the_layers_size_is_what_lies_in_it():
    region = np.random.default_rng(0).random((12, 8)) < 0.5
    shares = region.reshape(4, 3, 4, 2).mean(axis=(1, 3))
    np.testing.assert_array_equal(layer_region(jnp.asarray(region), 4, 4), shares >= 0.5)
    # Cells that do not divide the picture: by counting a fine grid.
    fine = region.repeat(5, 0).repeat(5, 1)  # 60 x 40, five cells of 12 x 8
    shares = fine.reshape(5, 12, 5, 8).mean(axis=(1, 3))
    clear = np.abs(shares - 0.5) > 1e-3
    found = np.asarray(layer_region(jnp.asarray(region), 5, 5))
    np.testing.assert_array_equal(found[clear], (shares >= 0.5)[clear])


def test_the_causal_effect_is_a_difference_of_shares():
    rng = np.random.default_rng(0)
    on, off = rng.random((2, 6, 5, 4, 3)) < 0.5
    region = rng.random((5, 4)) < 0.5
    expected = on[:, region].mean(axis=(0, 1)) - off[:, region].mean(axis=(0, 1))
    found = causal_effect(jnp.asarray(on), jnp.asarray(off), jnp.asarray(region))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    whole = causal_effect(jnp.asarray(on), jnp.asarray(off))
    np.testing.assert_allclose(whole, on.mean((0, 1, 2)) - off.mean((0, 1, 2)), atol=1e-6)


def test_segments():
    colours = jnp.asarray([[1.0, -1, -1], [-1, 1, -1], [-1, -1, 1], [1, 1, 1], [-1, -1, -1]])
    masks = np.asarray(segment(colours.reshape(1, 1, 5, 3), segment_names(3)))[0, 0]
    by = dict(zip(segment_names(3), masks.T, strict=True))
    np.testing.assert_array_equal(
        np.argmax(np.stack([by[c] for c in ("red", "green", "blue")]), 1), [0, 1, 2]
    )
    assert by["red"].sum() == by["green"].sum() == by["blue"].sum() == 1
    assert by["bright"][3]
    assert by["dark"][4]
    np.testing.assert_array_equal(by["bright"].astype(int) + by["middle"] + by["dark"], 1)
    step = np.full((1, 6, 6, 1), -1.0, np.float32)
    step[:, :, 3:] = 1.0
    edge = np.asarray(segment(jnp.asarray(step), ("edge",)))[0, :, :, 0]
    np.testing.assert_array_equal(edge, np.tile([0, 0, 1, 1, 0, 0], (6, 1)))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: agreement(np.zeros((2, 4, 4, 1)), np.zeros((2, 4, 4, 1)), 1.0), "quantile is 1.0"),
        (lambda: agreement(np.zeros((2, 4, 4, 1)), np.zeros((3, 4, 4, 1))), "3 masks for 2 pictures"),
        (lambda: set_channels([7])(jnp.zeros((1, 2, 2, 5))), "unit is 7, but the layer has units 0 to 4"),
        (lambda: set_channels([])(jnp.zeros((1, 2, 2, 5))), "unit is empty"),
        (lambda: segment(jnp.zeros((1, 2, 2, 1)), ("red",)), "segment is 'red', but must be one of bri"),
    ],
)  # fmt: skip
def test_mistakes(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
