import json
import logging
import pickle
import re
import shutil
import sys

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from jgan.data import load, read_tfds
from jgan.data import tfds as module

COUNT = 7


class TinyShapes(tfds.core.GeneratorBasedBuilder):
    """Pictures whose gray level tells their label, of one size and of several."""

    VERSION = tfds.core.Version("1.0.0")
    BUILDER_CONFIGS = [tfds.core.BuilderConfig(name=name) for name in ("same", "varied", "hidden")]
    FAILURE = None

    def _info(self):
        shape = (None, None, 3) if self.builder_config.name == "varied" else (6, 4, 3)
        features = {
            "id": tfds.features.Text(),
            "image": tfds.features.Image(shape=shape),
            "label": tfds.features.ClassLabel(num_classes=5),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        if self.FAILURE:
            print("Failed to import TensorFlow.")
            logging.getLogger("absl").warning("Variant folder has no dataset_info.json")
            raise self.FAILURE
        return {"train": self._generate_examples(COUNT), "test": self._generate_examples(2)}

    def _generate_examples(self, count):
        for i in range(count):
            wide = i if self.builder_config.name == "varied" else 0
            picture = Image.fromarray(np.full((6, 4 + wide, 3), 50 * (i % 5), np.uint8))
            label = -1 if self.builder_config.name == "hidden" else i % 5
            yield i, {"id": str(i), "image": picture, "label": label}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    place = tmp_path_factory.mktemp("tfds")
    for config in ("same", "varied", "hidden"):
        builder = tfds.builder(f"tiny_shapes/{config}", data_dir=place, file_format="array_record")
        builder.download_and_prepare()
    return place


@pytest.fixture(autouse=True)
def data_dir(prepared, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(prepared))


def with_tensorflow(monkeypatch):
    """Let jgan believe that TensorFlow is there, which these tiny sets do not need."""
    has = module._has
    monkeypatch.setattr(module, "_has", lambda name: name == "tensorflow" or has(name))


def test_a_prepared_set(capfd):
    source = load("tfds:tiny_shapes")
    assert source.describe() == (
        "tfds:tiny_shapes: 7 examples; image uint8 (6, 4, 3); label int32 (); 5 classes"
    )
    label = source.arrays["label"]
    assert sorted(label.tolist()) == [0, 0, 1, 1, 2, 3, 4]
    expected = np.broadcast_to(50 * label[:, None, None, None], (COUNT, 6, 4, 3))
    np.testing.assert_array_equal(source.arrays["image"], expected)
    assert load("tfds:tiny_shapes/same:1.0.0", split="test").size == 2
    some = load("tfds:tiny_shapes", size=3).arrays
    assert len(some["image"]) == 3
    np.testing.assert_array_equal(some["image"][:, 0, 0, 0], 50 * some["label"])
    assert capfd.readouterr() == ("", "")
    assert "tensorflow" not in sys.modules


def test_a_set_that_stays_on_disk():
    whole, source = load("tfds:tiny_shapes/varied@4"), load("tfds:tiny_shapes/varied@4+disk")
    assert source.describe() == whole.describe()
    rows = pickle.loads(pickle.dumps(source.arrays["image"]))
    np.testing.assert_array_equal(rows[np.arange(COUNT)], whole.arrays["image"])
    np.testing.assert_array_equal(source.arrays["label"], whole.arrays["label"])


def test_sizes_and_channels():
    assert load("tfds:tiny_shapes@3x2x1").shape == (3, 2, 1)
    source = load("tfds:tiny_shapes/varied", image_size=4)
    assert source.shape == (4, 4, 3)
    levels = source.arrays["image"][:, 0, 0, 0]
    np.testing.assert_array_equal(levels, 50 * source.arrays["label"])


def test_hidden_labels_are_left_out():
    assert set(load("tfds:tiny_shapes/hidden").arrays) == {"image"}


def test_a_set_is_prepared_where_tensorflow_is_installed(tmp_path, monkeypatch):
    with_tensorflow(monkeypatch)
    assert read_tfds("tiny_shapes", data_dir=str(tmp_path)).size == COUNT
    assert list(tmp_path.rglob("*.array_record-*"))


def test_a_set_whose_download_fails(tmp_path, monkeypatch, capsys, caplog):
    with_tensorflow(monkeypatch)
    monkeypatch.setattr(TinyShapes, "FAILURE", ConnectionError("no route to host.\nmore"))
    sentence = (
        f"tfds:tiny_shapes could not be downloaded and prepared in {tmp_path} (no route to host): "
        "check the network and the disk, or point TFDS_DATA_DIR to a folder where 'tfds build "
        "tiny_shapes --file_format=array_record' has prepared it."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        read_tfds("tiny_shapes", data_dir=str(tmp_path))
    assert capsys.readouterr().out == ""  # progress goes to stderr and stays
    assert caplog.records == []


def test_a_set_prepared_in_another_format(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    folder = tmp_path / "tiny_shapes" / "same" / "1.0.0"
    for path in folder.glob("*array_record*"):
        path.rename(path.with_name(path.name.replace("array_record", "tfrecord")))
    info = json.loads((folder / "dataset_info.json").read_text())
    info["fileFormat"] = "tfrecord"
    (folder / "dataset_info.json").write_text(json.dumps(info).replace("array_record", "tfrecord"))
    message = "is prepared in .* as tfrecord, which cannot be read at random; prepare it in another"
    with pytest.raises(ValueError, match=message):
        read_tfds("tiny_shapes", data_dir=str(tmp_path))


def test_a_damaged_file(prepared, tmp_path):
    shutil.copytree(prepared, tmp_path, dirs_exist_ok=True)
    (path,) = (tmp_path / "tiny_shapes" / "same" / "1.0.0").glob("*train.array_record*")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"^example 0 of tfds:tiny_shapes cannot be read: \S+"):
        read_tfds("tiny_shapes", data_dir=str(tmp_path))


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        (
            "fashion_mnist",
            {},
            r"is not prepared in \S+, and preparing it needs TensorFlow: run pip ",
        ),
        ("fashion_mnist", {}, r"or use fashion:FOLDER with its published files\.$"),
        ("cifar10", {}, r"has prepared it, or use cifar10:FOLDER with its published files\.$"),
        (
            "celeb_a",
            {"image_size": 64},
            r"'tfds build celeb_a --file_format=.*' has prepared it\.$",
        ),
        ("fashon_mnist", {}, r"no set 'fashon_mnist' \(did you mean 'tfds:fashion_mnist'\?\); its"),
        (
            "ag_news_subset",
            {},
            "^tfds:ag_news_subset is not an image set; its features are desc.*, label, title",
        ),
        ("mnist/odd", {}, "^tfds:mnist/odd cannot be opened: BuilderConfig odd not found"),
        ("mnist:9.9.9", {}, "^tfds:mnist:9.9.9 cannot be opened: .* only: 3.0.1"),
        ("eurosat/all", {}, "^tfds:eurosat/all is not an image set; its features are "),
        (
            "tiny_shapes",
            {"size": 8},
            "^size is 8, but 'tfds:tiny_shapes' has 7 examples; use 1 to 7",
        ),
        ("tiny_shapes", {"channels": 2}, r"^channels is 2; it must be 1, 3 or None\.$"),
        ("tiny_shapes/varied", {}, "differ in size; pass image_size, or end the name with @64"),
        ("tiny_shapes", {"split": "extra"}, "has no split 'extra'; it has train, test"),
    ],
)
def test_mistakes(name, arguments, message, capfd):
    with pytest.raises(ValueError, match=message) as caught:
        read_tfds(name, **arguments)
    assert "\n" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("missing", ["tensorflow_datasets", "importlib_resources", "array_record"])
def test_a_missing_package(missing, monkeypatch):
    monkeypatch.setattr(module, "_has", lambda name: name != missing)
    sentence = f"tfds:mnist needs the module {missing}: run pip install {missing}."
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        load("tfds:mnist")
