import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jgan.errors import UserError
from jgan.files import make_folder, write_atomically
from jgan.runs.images import drawable, encode_png, grid, picture, scatter, to_uint8


def test_values_become_pixels() -> None:
    assert to_uint8(np.array([-1.0, 0.0, 1.0, -3.0, 3.0])).tolist() == [0, 128, 255, 0, 255]


def test_every_pixel_value_survives() -> None:
    values = np.arange(256, dtype=np.float32)
    assert (to_uint8((2 * values - 255) / 255) == np.arange(256)).all()


def test_grid_places_row_by_row() -> None:
    images = np.full((3, 2, 2, 3), -1.0)
    images[1], images[2] = 0.0, 1.0
    sheet = grid(images, columns=2, gap=1)
    assert sheet.shape == (5, 5, 3)
    assert (sheet[:2, 3:] == 128).all()
    assert (sheet[3:, :2] == 255).all()


def test_scatter_draws_points_over_the_reference() -> None:
    corners = np.array([[-1.0, -1.0], [1.0, 1.0]])
    canvas = scatter(np.array([[0.0, 0.0], [np.nan, 0.0], [99.0, 99.0]]), corners, pixels=101)
    assert tuple(canvas[50, 50]) == (31, 119, 180)
    assert tuple(canvas[0, 100]) == (31, 119, 180)
    assert (canvas == 255).all(axis=-1).mean() > 0.9


def test_up_is_up() -> None:
    corners = np.array([[-1.0, -1.0], [1.0, 1.0]])
    canvas = scatter(np.array([[0.0, 1.0]]), corners, pixels=101)
    rows = np.where((canvas == (31, 119, 180)).all(axis=-1))[0]
    assert rows.max() < 50


@pytest.mark.parametrize("channels", [1, 3])
def test_png_round_trip(channels: int, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels), np.uint8)
    write_atomically(tmp_path / "x.png", encode_png(pixels))
    with Image.open(tmp_path / "x.png") as file:
        read = np.asarray(file).reshape(5, 7, channels)
    assert (read == pixels).all()
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]


@pytest.mark.parametrize("channels", [2, 5, 7])
def test_other_channels_are_drawn(channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 3, 6, channels), np.uint8)
    shown = drawable(pixels)
    assert shown.shape == (4, 3, 6, 3)
    kept = min(channels, 3)
    assert (shown[..., :kept] == pixels[..., :kept]).all()
    assert (shown[..., kept:] == 0).all()
    assert grid(pixels / 127.5 - 1, columns=2).shape == (7, 13, 3)
    with Image.open(io.BytesIO(encode_png(pixels[0]))) as file:
        assert (np.asarray(file) == shown[0]).all()


def test_points_of_one_coordinate_are_a_histogram() -> None:
    reference = np.linspace(0, 1, 4800)[:, None]
    canvas = picture(np.full((10, 1), 0.5), reference)
    assert canvas.shape == (384, 384, 3)
    grey = (canvas == 200).all(axis=-1)
    ink = (canvas == (31, 119, 180)).all(axis=-1)
    # A flat reference fills five sixths of the width to one height; all samples lie in one bin in the middle.
    assert abs(grey.any(axis=0).mean() - 5 / 6) < 0.05
    assert np.argwhere(ink)[:, 0].min() < 50
    assert (np.argwhere(ink[:50])[:, 1] // 8 == 24).all()
    assert scatter(np.asarray([[np.nan], [99.0]]), np.ones((3, 1))).shape == (384, 384, 3)


def test_pictures_of_images_and_of_points() -> None:
    assert picture(np.zeros((4, 3, 3, 1)), np.zeros((1, 3, 3, 1))).shape == (7, 7, 1)
    assert picture(np.zeros((4, 2)), np.eye(2)).shape == (384, 384, 3)


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written: No such file or directory"):
        write_atomically(tmp_path / "none" / "x", b"")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be created: Not a directory"):
        make_folder(tmp_path / "file" / "folder")
