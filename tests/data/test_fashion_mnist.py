import hashlib
import re

import numpy as np
import pytest

from jgan.data import fashion_mnist, load, read_npz
from jgan.data.fashion_mnist import make

# Digests of the arrays' bytes, computed from the published files by an independent script.
STORED = {
    "train": "ac26205ca9feb18eba35c190ccc2b15b18f92c5986eeb8a7e66dc98a5fbc36aa",
    "test": "6405f9c5740c6b4374f32e6ec4f0fdf72951df6404bd65cd378e7f0257150b6f",
}


def write_idx_folder(folder):
    """Write 3 training and 2 test pictures of each class, in a scattered order."""
    rng = np.random.default_rng(0)
    md5, arrays = {}, {}
    for split, prefix, count in (("train", "train", 3), ("test", "t10k", 2)):
        label = rng.permutation(np.repeat(np.arange(10, dtype=np.uint8), count))
        image = rng.integers(0, 256, (label.size, 28, 28), np.uint8)
        for field, stem, values in (
            ("image", "images-idx3", image),
            ("label", "labels-idx1", label),
        ):
            data = make.idx_bytes(values)
            (folder / f"{prefix}-{stem}-ubyte").write_bytes(data)
            md5[split, field] = hashlib.md5(data).hexdigest()
        arrays[split] = image, label
    return md5, arrays


def test_the_maker_takes_the_first_of_each_class_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(make, "PER_CLASS", {"train": 2, "test": 1})
    md5, arrays = write_idx_folder(tmp_path)
    subset = make.subset(tmp_path, md5)
    for split, count in (("train", 2), ("test", 1)):
        image, label = arrays[split]
        assert subset[f"label_{split}"].tolist() == sorted([*range(10)] * count)
        expected = [picture for c in range(10) for picture in image[label == c][:count]]
        np.testing.assert_array_equal(subset[f"image_{split}"], expected)


def test_the_maker_refuses_other_files(tmp_path):
    md5, _ = write_idx_folder(tmp_path)
    with pytest.raises(ValueError, match=r"the train image file in .* it must be f4a8712d7a061bf5"):
        make.subset(tmp_path)
    with pytest.raises(ValueError, match="the test label file in"):
        make.subset(tmp_path, md5 | {("test", "label"): "0"})


def test_what_is_written_is_an_npz_that_is_the_same_every_time(tmp_path, monkeypatch):
    monkeypatch.setattr(make, "PER_CLASS", {"train": 2, "test": 1})
    md5, _ = write_idx_folder(tmp_path)
    subset = make.subset(tmp_path, md5)
    make.write(subset, tmp_path / "one.npz")
    make.write(subset, tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with np.load(tmp_path / "one.npz") as archive:
        for field, values in subset.items():
            np.testing.assert_array_equal(archive[field], values)
    assert read_npz(tmp_path / "one.npz", split="test").size == 10


@pytest.mark.parametrize(("split", "per_class"), [("train", 1000), ("test", 100)])
def test_the_embedded_subset(split, per_class):
    stored = read_npz(fashion_mnist.PATH, split=split).arrays
    digest = hashlib.sha256(stored["image"].tobytes() + stored["label"].astype(np.uint8).tobytes())
    assert digest.hexdigest() == STORED[split]
    source = load("fashion", split=split)
    assert source.shape == (28, 28, 1)
    assert np.bincount(source.arrays["label"]).tolist() == [per_class] * 10
    np.testing.assert_array_equal(source.arrays["label"][:20], [*range(10)] * 2)
    by_class = np.argsort(source.arrays["label"], kind="stable")
    np.testing.assert_array_equal(source.arrays["image"][by_class], stored["image"])


def test_the_file_is_small_and_carries_its_licence():
    assert fashion_mnist.PATH.stat().st_size < 4 * 2**20
    licence = fashion_mnist.PATH.with_name("LICENSE").read_text()
    assert re.search("MIT License.*Copyright © 2017 Zalando SE", licence, re.DOTALL)
