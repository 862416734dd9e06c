import gzip
import re

import numpy as np
import pytest

from jgan.data import read_idx, read_idx_folder, read_npz
from jgan.data.fashion_mnist.make import idx_bytes

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 5, 4), np.uint8)
LABELS = np.asarray([0, 1, 2, 0, 1, 2], np.uint8)


def write_folder(folder, zipped=False):
    folder.mkdir(exist_ok=True)
    for prefix, count in (("train", 6), ("t10k", 3)):
        for stem, values in (("images-idx3", IMAGES), ("labels-idx1", LABELS)):
            data = idx_bytes(values[:count])
            name = f"{prefix}-{stem}-ubyte" + (".gz" if zipped else "")
            (folder / name).write_bytes(gzip.compress(data) if zipped else data)
    return folder


@pytest.mark.parametrize("zipped", [False, True])
def test_a_folder_of_idx_files(tmp_path, zipped):
    folder = write_folder(tmp_path / "digits", zipped)
    source = read_idx_folder(folder)
    np.testing.assert_array_equal(source.arrays["image"][..., 0], IMAGES)
    np.testing.assert_array_equal(source.arrays["label"], LABELS)
    assert source.describe() == (
        "digits: 6 examples; image uint8 (5, 4, 1); label int32 (); 3 classes"
    )
    assert read_idx_folder(folder, split="test").size == 3


def test_a_folder_without_one_of_the_files(tmp_path):
    folder = write_folder(tmp_path / "digits")
    (folder / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="has neither train-labels-idx1-ubyte nor train-"):
        read_idx_folder(folder)
    with pytest.raises(FileNotFoundError, match=r"nowhere does not exist\.$"):
        read_idx_folder(tmp_path / "nowhere")


def test_images_where_labels_belong(tmp_path):
    folder = write_folder(tmp_path / "digits")
    (folder / "train-labels-idx1-ubyte").write_bytes(idx_bytes(IMAGES))
    with pytest.raises(ValueError, match="has 3 dimensions; it must have 1"):
        read_idx_folder(folder)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "starts with bytes (none); an idx file of unsigned bytes starts with 000008"),
        (b"\x89PNG....", "starts with bytes 89504e47; an idx file"),
        (idx_bytes(IMAGES).replace(b"\x08", b"\x0d", 1), "starts with bytes 00000d03; an idx file"),
        (idx_bytes(IMAGES)[:-1], "states shape (6, 5, 4), so 136 bytes, but has 135."),
        (idx_bytes(IMAGES) + b"\x00", "states shape (6, 5, 4), so 136 bytes, but has 137."),
        (idx_bytes(IMAGES)[:9], "states shape (6, 0, 0), so 16 bytes, but has 9."),
    ],
)
def test_a_damaged_idx_file(tmp_path, data, message):
    path = tmp_path / "broken"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=re.escape(f"{path} {message}")):
        read_idx(path)


@pytest.mark.parametrize("data", [b"plain", gzip.compress(idx_bytes(IMAGES))[:-20], b""])
def test_a_damaged_gzip_file(tmp_path, data):
    path = tmp_path / "broken.gz"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=re.escape(f"{path} ")):
        read_idx(path)


@pytest.mark.parametrize(("image", "label"), [("image", "label"), ("images", "labels"), ("x", "y")])
def test_npz(tmp_path, image, label):
    path = tmp_path / "set.npz"
    np.savez(path, **{image: IMAGES, label: LABELS, "mass": np.ones(6)})
    source = read_npz(path)
    assert source.name == "set"
    np.testing.assert_array_equal(source.arrays["image"][..., 0], IMAGES)
    np.testing.assert_array_equal(source.arrays["label"], LABELS)
    assert source.arrays["mass"].dtype == np.float32


def test_npz_with_both_splits(tmp_path):
    path = tmp_path / "set.npz"
    np.savez(path, x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:2], y_test=LABELS[:2])
    assert read_npz(path).size == 6
    assert read_npz(path, split="test", name="held out").describe() == (
        "held out: 2 examples; image uint8 (5, 4, 1); label int32 (); 3 classes"
    )


def test_npz_with_a_field_called_name(tmp_path):
    path = tmp_path / "set.npz"
    np.savez(path, x=IMAGES, name=LABELS)
    assert read_npz(path).name == "set"


@pytest.mark.parametrize(
    ("arrays", "split", "message"),
    [
        ({"pixels": IMAGES, "y": LABELS}, "train", "but its keys are pixels, y."),
        ({"x": IMAGES}, "test", "has no images for split 'test'"),
        ({"x": IMAGES, "image": IMAGES}, "train", "has two keys for one field; its keys are x, i"),
        ({"x": np.asarray([{}, []], object)}, "train", "is not an npz file of plain arrays: Obj"),
    ],
)
def test_npz_without_what_is_needed(tmp_path, arrays, split, message):
    path = tmp_path / "set.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=re.escape(str(path))) as error:
        read_npz(path, split=split)
    assert message in str(error.value)


def test_npz_that_is_damaged(tmp_path):
    path = tmp_path / "set.npz"
    for data in (b"", b"not a zip file", b"PK\x03\x04 and then nothing"):
        path.write_bytes(data)
        with pytest.raises(ValueError, match="is not an npz file of plain arrays"):
            read_npz(path)
    with path.open("wb") as file:
        np.save(file, IMAGES)
    with pytest.raises(ValueError, match="is not an npz file of plain arrays"):
        read_npz(path)
    with pytest.raises(FileNotFoundError, match=r"gone\.npz does not exist\.$"):
        read_npz(tmp_path / "gone.npz")


def test_npz_executes_no_pickle(tmp_path):
    class Trap:
        def __reduce__(self):
            return (tmp_path.joinpath("sprung").touch, ())

    path = tmp_path / "set.npz"
    np.savez(path, x=np.asarray([Trap(), Trap()], object))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        read_npz(path)
    assert not (tmp_path / "sprung").exists()
