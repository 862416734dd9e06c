"""Pictures fit the budget, and the first and last are always there."""

import base64
import io

import numpy as np
import pytest
from PIL import Image
from reports.made import RNG, garments, make_run, points

from jgan.reports.embedded_pictures import LEAST, MOST, SIDE, frame, strips
from jgan.reports.runs import Picture, read
from jgan.runs.images import encode_png


def saved(path, pixels):
    path.write_bytes(encode_png(pixels))
    return Picture(5, path)


def decoded(found):
    head, _, content = found.data.partition(",")
    assert head == "data:image/png;base64"
    return Image.open(io.BytesIO(base64.b64decode(content)))


def bytes_of(found):
    return sum(3 * len(frame.data) // 4 for _, frames in found for frame in frames)


def test_small_pictures_are_as_they_were(tmp_path):
    pixels = garments(1)
    found = frame(saved(tmp_path / "a.png", pixels), 100_000)
    np.testing.assert_array_equal(np.asarray(decoded(found)), pixels[..., 0])
    assert found.size == (pixels.shape[1], pixels.shape[0])
    assert (found.step, found.scatter) == (5, False)


@pytest.mark.parametrize(("side", "most"), [(300, 40_000), (1500, 10_000_000), (1500, 100_000)])
def test_large_pictures_become_smaller(tmp_path, side, most):
    noise = RNG.integers(0, 255, (side, side // 2, 3), np.uint8)
    found = frame(saved(tmp_path / "a.png", noise), most)
    assert 3 * len(found.data) // 4 <= most + 100
    assert LEAST < max(found.size) <= SIDE
    assert found.size == decoded(found).size
    assert found.size[0] == pytest.approx(found.size[1] / 2, abs=1)


def test_no_picture_becomes_less_than_can_be_seen(tmp_path):
    noise = RNG.integers(0, 255, (200, 200, 3), np.uint8)
    assert max(frame(saved(tmp_path / "a.png", noise), 10).size) >= LEAST


def test_scatters_are_told_from_images(tmp_path):
    assert frame(saved(tmp_path / "a.png", points(20)), 100_000).scatter
    assert not frame(saved(tmp_path / "b.png", garments(20, channels=3)), 100_000).scatter


def test_palettes_and_transparency_can_be_shrunk(tmp_path):
    noise = Image.fromarray(RNG.integers(0, 255, (200, 200, 4), np.uint8))
    for name, image in (("p", noise.convert("RGB").quantize(200)), ("a", noise)):
        image.save(tmp_path / f"{name}.png")
        found = frame(Picture(1, tmp_path / f"{name}.png"), 30_000)
        assert 3 * len(found.data) // 4 <= 30_100


def test_what_is_no_picture_is_left_out_and_named(tmp_path):
    path = make_run(tmp_path / "a")
    (path / "samples" / "samples-000020.png").write_bytes(b"no picture")
    (run,), _ = read([path])
    ((_, frames),) = strips([run], "samples", 10**6)
    assert [each.step for each in frames] == [40, 60, 80, 100]
    for file in (path / "samples").iterdir():
        file.write_bytes(file.read_bytes()[:60])
    (run,), _ = read([path])
    assert strips([run], "samples", 10**6) == []
    assert run.notes == ["the pictures of samples could not be read and are left out"]


def test_the_budget_thins_time_and_keeps_its_ends(tmp_path):
    paths = [
        make_run(
            tmp_path / str(seed), seed=seed, steps=800, picture=lambda step: garments(step, 14)
        )
        for seed in range(2)
    ]
    runs, _ = read(paths)
    rich = strips(runs, "samples", 10**7)
    assert [len(frames) for _, frames in rich] == [MOST, MOST]
    poor = strips(runs, "samples", 50_000)
    assert all(2 <= len(frames) < MOST for _, frames in poor)
    assert bytes_of(poor) <= 50_000
    for _, frames in (*rich, *poor):
        assert (frames[0].step, frames[-1].step) == (20, 800)


def test_a_view_that_nobody_has():
    assert strips([], "samples", 1000) == []
