"""What a run keeps of its data, and what differs between two data sets."""

import os

import numpy as np
import pytest

from jgan.data import Source, load, unpaired
from jgan.data.identity import (
    SAMPLED_ROWS,
    WHOLE_BYTES,
    compare,
    difference,
    identity,
    loaded_from,
    resolved,
    same_place,
)
from jgan.data.registry import absolute, in_files, recorded, remembered, size_and_options
from jgan.data.stand_in import DataNeeded, stand_ins
from jgan.data.stored_array import StoredArray
from jgan.errors import UserError


def pictures(value=0, count=6, classes=2, side=4):
    image = np.full((count, side, side, 1), value, np.uint8)
    return Source({"image": image, "label": np.arange(count, dtype=np.int32) % classes}, "some")


@pytest.mark.parametrize(
    ("other", "difference_text"),
    [
        (pictures(1), "other values in the field 'image' (sha256 "),
        (pictures(count=8), "8 examples, not 6 examples"),
        (pictures(classes=3), "3 classes, not 2 classes"),
        (pictures(side=5), "(5, 5, 1) as the shape of 'image', not (4, 4, 1)"),
        (Source({"image": pictures().arrays["image"]}), "the fields image, not image, label"),
    ],
)
def test_the_first_difference_is_named(other, difference_text):
    assert difference(identity(pictures()), identity(pictures())) is None
    assert difference(identity(pictures()), identity(other)).startswith(difference_text)
    with pytest.raises(
        UserError, match=r"^run 'a' was trained on other data: '.*' has .* by --accept-data\.$"
    ):
        compare("run 'a'", identity(pictures()), identity(other))


def test_only_common_stages_are_compared():
    one, two = identity(pictures()), identity(pictures(3))
    compare("it", [one, two], one)
    with pytest.raises(UserError, match="'some' of stage 2 has other values"):
        compare("it", [one, two], [one, one])


def test_large_fields_are_sampled():
    count = WHOLE_BYTES // 2**12 + 1
    read = lambda number: np.full((64, 64, 1), number % 256, np.uint8)
    rows = Source({"image": StoredArray(read, (count, 64, 64, 1), np.dtype(np.uint8))})
    description = identity(rows)["fields"]["image"]
    assert description["rows"] == SAMPLED_ROWS
    kept = Source({"image": np.stack([read(number) for number in range(count)])})
    assert identity(kept)["fields"]["image"] == description
    assert "rows" not in identity(pictures())["fields"]["image"]


def test_drawn_data_are_told_by_their_range():
    ring, grid = (load(name, size=1000) for name in ("ring", "grid"))
    assert "sha256" not in identity(ring)["fields"]["image"]
    moved = ring.arrays["image"] + np.float32(1e-6)
    other = Source({**ring.arrays, "image": moved}, "ring", ring.density)
    assert difference(identity(ring), identity(other)) is None
    assert "classes, not" in difference(identity(ring), identity(grid))


@pytest.fixture
def npz(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    label = np.asarray([2, 0, 1, 1, 2, 2])
    np.savez("x.npz", image=np.ones((6, 4, 4, 3), np.uint8), label=label)
    return tmp_path / "x.npz"


def test_a_source_is_made_again_without_its_file(npz):
    with recorded() as loaded:
        source = load("x.npz")
    kept = identity(source, loaded)
    assert kept["loaded"]["name"] == str(npz)
    npz.unlink()
    with remembered(dict(stand_ins(kept))):
        other = load(str(npz))
    assert (other.shape, other.size, other.num_classes) == (source.shape, 6, 3)
    assert other.arrays["label"].tolist() == [0, 1, 1, 2, 2, 2]
    with pytest.raises(DataNeeded, match="the field 'image' of the data 'x' is needed"):
        other.first(2)
    with pytest.raises(FileNotFoundError), remembered(dict(stand_ins(kept))):
        load(str(npz), split="test")


def test_parts_of_a_source_are_kept(npz):
    with recorded() as loaded:
        both = unpaired({"a": load("x.npz"), "b": load("ring", size=10)})
    kept = identity(both, loaded)
    assert [part["name"] for part in kept["parts"]] == ["x"]
    assert {name for name, *_ in loaded_from([kept])} == {str(npz)}


def test_names_get_absolute_paths(npz):
    here = os.getcwd()
    with recorded() as loaded:
        load("x.npz")
    arguments = {"data": "x.npz", "body": "x", "many": ("x.npz", "ring")}
    assert resolved(arguments, loaded) == {
        "data": f"{here}/x.npz",
        "body": "x",
        "many": (f"{here}/x.npz", "ring"),
    }
    assert absolute("folder:some@64x48+flip") == f"folder:{here}/some@64x48+flip"
    assert absolute("mnist:some") == f"mnist:{here}/some"
    assert absolute("~/x.npz") == os.path.expanduser("~/x.npz")
    assert [name for name in ("ring", "fashion", "tfds:mnist", "x.npz") if in_files(name)] == [
        "tfds:mnist",
        "x.npz",
    ]
    assert size_and_options("folder:some@64+flip+disk") == "@64+flip+disk"


def test_places_that_are_the_same(npz):
    with recorded() as loaded:
        kept = identity(load("x.npz"), loaded)
    assert same_place("x.npz", str(npz), None)
    assert same_place(str(npz), "/other/x.npz", kept)  # their content is compared
    assert not same_place(str(npz), "/other/x.npz+flip", kept)
    assert not same_place("/a/x.npz", "/other/x.npz", None)
    assert not same_place("0.1", "0.2", kept)
