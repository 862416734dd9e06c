"""What is found in a data set before a training."""

import numpy as np
import pytest
from PIL import Image

from jgan.data import Source, load
from jgan.data.contents import contents, duplicates
from jgan.data.stored_array import StoredArray


def pictures(count, side=4, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 1), np.uint8)


def labelled(counts, names=()):
    label = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    return Source({"image": pictures(len(label)), "label": label}, classes=tuple(names))


def test_classes_are_counted():
    assert contents(labelled([3, 3]))[0] == "classes: 3 examples of each"
    assert contents(labelled([1, 2], ["cat", "dog"]))[0] == "classes: cat has 1 example, dog has 2"
    assert contents(labelled([2, 9, *[5] * 10]))[0] == (
        "classes: from 2 examples (0) to 9 (1), in the median 5"
    )


def test_points_of_a_known_distribution_are_not_compared():
    assert [line.split(":")[0] for line in contents(load("ring", size=50))] == ["classes"]


@pytest.mark.parametrize("stored", [False, True])
def test_examples_that_occur_twice_are_counted(stored):
    image = pictures(60)
    image[[30, 40, 59]] = image[[2, 2, 58]]
    values = StoredArray(lambda row: image[row], image.shape, image.dtype) if stored else image
    found = duplicates(Source({"image": values}), seconds=60)
    assert found == (3, 60, 60)
    assert str(found) == "3 of 60 examples equal an earlier one"


def test_all_fields_of_an_example_count():
    image, other = np.zeros((5, 2, 2, 1), np.uint8), np.arange(5, dtype=np.float32)[:, None]
    source = Source({"image": image, "other": other})
    assert duplicates(source).equal == 4
    both = Source({"image": image, "other": other}, example=("image", "other"))
    assert duplicates(both).equal == 0


def test_a_large_set_is_compared_as_far_as_there_is_time():
    image = np.broadcast_to(np.zeros((1, 512, 512, 1), np.uint8), (1000, 512, 512, 1))
    ticks = iter(range(100))
    found = duplicates(Source({"image": image}), seconds=3, clock=lambda: next(ticks))
    assert found == (23, 24, 1000)
    assert str(found) == "23 of the first 24 examples equal an earlier one"


def test_a_folder_s_notes_tell_the_sizes_and_colours_of_its_files(tmp_path):
    for number, (size, mode) in enumerate((((9, 6), "L"), ((8, 8), "RGB"), ((20, 10), "RGB"))):
        Image.new(mode, size).save(tmp_path / f"{number}.png")
    source = load(f"folder:{tmp_path}@4")
    notes = ("files of 6x9 to 10x20 (height x width)", "1 of 3 files are gray")
    assert (source.notes, source.file_scale) == (notes, 1)
    for shape in ("8x12", "8x12x3"):
        source = load(f"folder:{tmp_path}@{shape}")
        assert source.notes == ("2 of 3 files are smaller than 8x12 and enlarged", *notes)
        assert source.file_scale == 1
    assert load(f"folder:{tmp_path}@25x12").file_scale == 10 / 25
