"""`data.png`: what a training learns from, at a glance."""

import numpy as np
import pytest
from PIL import Image

from jgan.data import Source, load
from jgan.runs.data_sheet import PIXELS, sheet_of, write_data_sheet
from jgan.runs.run import RunDirectory
from jgan.training.stages import Stage


def written(source, folder):
    with RunDirectory(folder) as run:
        return write_data_sheet(run, Stage(None, None, source, 1))


def labelled():
    """Twelve pictures of class 0, which are black, three of class 2, which are grey, none of class 1."""
    label = np.asarray([0] * 12 + [2] * 3, np.int32)
    image = np.where(label == 0, 0, 128).astype(np.uint8)[:, None, None, None]
    return Source({"image": np.broadcast_to(image, (15, 4, 6, 1)), "label": label})


def test_each_class_has_a_row(tmp_path):
    assert written(labelled(), tmp_path) == ["data.png"]
    with Image.open(tmp_path / "data.png") as sheet:
        assert sheet.size == (10 * 7 - 1, 3 * 5 - 1)
        pixels = np.asarray(sheet)
    rows = pixels[1::5, 1::7]
    assert rows.tolist() == [[0] * 10, [255] * 10, [128] * 3 + [255] * 7]


def test_large_pictures_are_shown_smaller_and_evenly_from_first_to_last():
    image = np.broadcast_to(
        np.arange(250, dtype=np.uint8)[:, None, None, None], (250, 2 * PIXELS + 1, 8, 3)
    )
    sheet = sheet_of(Source({"image": image}))
    assert sheet.shape == (100, 65, 3, 3)
    np.testing.assert_allclose(sheet[[0, -1], 0, 0, 0], [-1, 249 / 127.5 - 1], atol=1e-6)


@pytest.mark.parametrize(("name", "size"), [("ring", 50), ("fashion", 40)])
def test_points_and_few_pictures(name, size, tmp_path):
    assert written(load(name, size=size), tmp_path) == ["data.png"]


def test_what_has_no_picture_leaves_no_file(tmp_path):
    tokens = Source({"tokens": np.zeros((9, 5), np.int32)}, example="tokens")
    assert written(tokens, tmp_path) == []
