"""A segmenter learns what colours say, is kept, and is measured on pictures that it never met."""

import numpy as np
import pytest

from jgan.data import Source
from jgan.errors import UserError
from jgan.evaluation.beside import facts_beside
from jgan.evaluation.kept_training import forget
from jgan.evaluation.segmenters import SegmenterSettings, segmenter_for
from jgan.metrics.segmentation import mean_iou

RNG = np.random.default_rng(0)
SETTINGS = SegmenterSettings(images=1600, width=4, batch_size=8)


def source(count=60):
    mask = RNG.integers(0, 3, (count, 6, 9)).repeat(2, axis=1).astype(np.int32)
    level = np.asarray([20, 120, 230])[mask] + RNG.integers(-15, 16, mask.shape)
    return Source({"image": level.astype(np.uint8)[..., None], "mask": mask}, "levels")


def test_it_reads_maps_back_and_is_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("JGAN_CACHE", str(tmp_path))
    own = source()
    segmenter = segmenter_for(own, {}, SETTINGS)
    assert segmenter.labels == 3
    assert segmenter.agreement > 0.8
    (kept,) = (tmp_path / "judges").glob("segmenter-*.npz")
    written = kept.stat().st_mtime_ns
    forget()
    again = segmenter_for(own, {}, SETTINGS)
    assert kept.stat().st_mtime_ns == written
    batch = source(7).first(7)
    with facts_beside() as facts:
        found = again(batch["image"])
    assert facts == [
        f"segmenter: mIoU {segmenter.agreement:.2f} on {segmenter.examples} held-out images"
    ]
    np.testing.assert_array_equal(found, segmenter(batch["image"]))
    assert mean_iou(found, batch["mask"], 3) > 0.8
    forget()


def test_maps_are_needed():
    with pytest.raises(UserError, match=r"^data 'x' must be images with a map of labels in 'mask'"):
        segmenter_for(Source({"image": np.zeros((4, 8, 8, 1), np.uint8)}, "x"), {})


def test_intersection_over_union():
    true = np.asarray([[0, 0, 1, 1], [2, 2, 2, 2]])
    assert mean_iou(true, true, 5) == 1
    # Of label 0: 1 of 2, of 1: 2 of 3, of 2: 4 of 4.
    assert mean_iou(np.asarray([[0, 1, 1, 1], [2] * 4]), true, 3) == pytest.approx(
        (1 / 2 + 2 / 3 + 1) / 3
    )
