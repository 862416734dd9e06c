import re

import numpy as np
import pytest

from jgan.data import load
from jgan.data.fashion_mnist.make import idx_bytes

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 5, 4), np.uint8)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "digits"
    folder.mkdir()
    labels = np.arange(6, dtype=np.uint8)
    for prefix, count in (("train", 6), ("t10k", 2)):
        (folder / f"{prefix}-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES[:count]))
        (folder / f"{prefix}-labels-idx1-ubyte").write_bytes(idx_bytes(labels[:count]))
    return folder


@pytest.mark.parametrize("name", ["ring", "grid", "mixture", "spiral", "swiss_roll"])
def test_toys(name):
    source = load(name, size=20, seed=1)
    assert (source.name, source.size) == (name, 20)
    assert source.density is not None
    np.testing.assert_array_equal(
        source.arrays["image"], load(name, size=20, seed=1).arrays["image"]
    )
    other = load(name, size=20, split="test")
    assert not np.array_equal(source.arrays["image"], other.arrays["image"])


@pytest.mark.parametrize(
    ("prefix", "name"), [("fashion:", "fashion"), ("mnist:", "mnist"), ("", "digits")]
)
def test_idx_folders(folder, prefix, name):
    source = load(f"{prefix}{folder}")
    assert (source.name, source.size) == (name, 6)
    assert load(f"{prefix}{folder}", split="test").size == 2
    assert load(f"{prefix}{folder}", size=3).size == 3


def test_npz(tmp_path):
    path = tmp_path / "set.npz"
    np.savez(path, x=IMAGES)
    np.testing.assert_array_equal(load(str(path)).arrays["image"][..., 0], IMAGES)
    assert load(str(path), size=2).size == 2


def test_the_beginning_of_the_embedded_subset_is_balanced():
    assert np.bincount(load("fashion", size=50).arrays["label"]).tolist() == [5] * 10


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("rign", {}, "there is no source 'rign' (did you mean 'ring'?); allowed are ring, grid, "),
        ("Fashon", {}, "there is no source 'Fashon' (did you mean 'fashion'?); allowed are ring"),
        ("imagenet22k", {}, "there is no source 'imagenet22k'; allowed are ring"),
        ("ring", {"split": "val"}, "split is 'val'; it must be 'train' or 'test'."),
        ("ring", {"size": 0}, "size is 0; it must be positive."),
        ("fashion", {"size": 10_001}, "size is 10001, but the source 'fashion' has 10000 exam"),
    ],
)
def test_mistakes(name, arguments, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        load(name, **arguments)


@pytest.mark.parametrize(
    "name", ["mnist:/no/such", "fashion:nowhere", "gone.npz", "/no/such/folder"]
)
def test_missing_files(name):
    with pytest.raises(FileNotFoundError, match=r"^\S+ does not exist\.$"):
        load(name)
