"""Classes have one name and one number in all splits, wherever they come from."""

import json
import re
import zipfile

import numpy as np
import pytest
from PIL import Image

from jgan.data import Source, from_arrays, load, unpaired
from jgan.data.class_names import CIFAR100

PICTURES = np.random.default_rng(0).integers(0, 256, (6, 5, 4, 3), np.uint8)


def put(folder, *names, value=0):
    """Write grey pictures of one value, and say what else lies there by an extension that is no picture's."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (4, 4), value).save(folder / name, "png")


def zipped(folder, inside=""):
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.write(file, f"{inside}{file.relative_to(folder).as_posix()}")
    return path


def values_agree(source, step):
    rows = source.arrays["image"][np.arange(source.size)]
    return rows[:, 0, 0, 0].tolist() == (step * source.arrays["label"]).tolist()


def test_numbers_in_names_are_sorted_by_their_value(tmp_path):
    for name in ("10", "2", "1", "n10", "n9b"):
        put(tmp_path, f"{name}/x.png")
    assert load(str(tmp_path)).classes == ("1", "2", "10", "n9b", "n10")


def test_a_class_missing_from_a_split_shifts_nothing(tmp_path):
    for number, name in enumerate("abcd"):
        put(tmp_path, f"train/{name}/0.png", f"train/{name}/1.png", value=50 * number)
        if name not in "b":
            put(tmp_path, f"test/{name}/0.png", value=50 * number)
    put(tmp_path, "test/e/0.png", value=200)
    train, test = load(str(tmp_path)), load(str(tmp_path), split="test")
    assert train.classes == test.classes == train.class_names == tuple("abcde")
    assert train.num_classes == test.num_classes == 5
    assert values_agree(train, 50)
    assert values_agree(test, 50)
    assert train.notes == ("no train pictures of e",)
    assert test.notes == ("no test pictures of b",)


@pytest.mark.parametrize(
    ("splits", "held_out", "notes"),
    [
        (("Train", "TEST"), 2, ()),
        (("train", "val"), 2, ("the test set is val",)),
        (("train", "Valid"), 2, ("the test set is Valid",)),
        (("train", "validation", "extra"), 2, ("the test set is validation",)),
        (("train", "val", "test"), 2, ()),
        (("train",), None, ()),
    ],
)
def test_layouts_of_splits(tmp_path, splits, held_out, notes):
    for split in splits:
        put(tmp_path, f"{split}/cat/0.png", f"{split}/dog/0.png")
    put(tmp_path, f"{splits[0]}/dog/1.png")
    train = load(str(tmp_path))
    assert (train.size, train.classes) == (3, ("cat", "dog"))
    beside = "passed over 2 pictures beside the splits: extra/cat/0.png, extra/dog/0.png"
    assert train.notes == ((beside,) if "extra" in splits else ())
    if held_out is None:
        with pytest.raises(ValueError, match=r"has no test pictures: .*; it has train\.$"):
            load(str(tmp_path), split="test")
        return
    test = load(str(tmp_path), split="test")
    assert (test.size, test.classes) == (held_out, ("cat", "dog"))
    assert test.notes[-len(notes) :] == notes if notes else test.notes == ()


def test_a_class_may_be_called_train(tmp_path):
    for name in ("bus", "car", "train"):
        put(tmp_path, f"{name}/0.png")
    assert load(str(tmp_path)).classes == ("bus", "car", "train")


def test_a_test_set_alone_is_no_training_set(tmp_path):
    put(tmp_path, "val/cat/0.png")
    with pytest.raises(ValueError, match=r"has no train pictures: .*; it has val\.$"):
        load(str(tmp_path))


def test_what_is_no_picture_by_its_name_is_mentioned(tmp_path):
    put(tmp_path, "0.png", "phone", "IMG_1.HEIC")
    (tmp_path / "README.md").write_text("about")
    note = "passed over 2 files whose names do not end as those of pictures: IMG_1.HEIC, phone"
    assert load(str(tmp_path)).describe().endswith(f"; {note}")
    (tmp_path / "0.png").unlink()
    with pytest.raises(ValueError, match=r"for each class; it holds IMG_1\.HEIC, phone\.$"):
        load(str(tmp_path))


def stylegan(folder, labels):
    """Nine pictures in chunks as StyleGAN's dataset tool writes them, of value 60 times their label."""
    names = [f"{i // 4:05d}/img{i:08d}.png" for i in range(9)]
    for i, name in enumerate(names):
        put(folder, name, value=60 * (i % 3))
    (folder / "dataset.json").write_text(json.dumps({"labels": labels(names)}))
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_labels_of_stylegan(tmp_path, packed):
    folder = stylegan(tmp_path / "set", lambda names: [[n, i % 3] for i, n in enumerate(names)])
    place = zipped(folder) if packed else folder
    source = load(f"folder:{place}@2")
    assert (source.shape, source.class_names) == ((2, 2, 1), ("0", "1", "2"))
    assert values_agree(source, 60)
    assert source.arrays["label"][:3].tolist() == [0, 1, 2]
    assert values_agree(load(f"{place}@2+flip+disk"), 60)


@pytest.mark.parametrize(
    ("labels", "label"),
    [
        (lambda names: None, None),
        (lambda names: [[n.replace("/", "\\"), [0, 1]] for n in names], [1] * 9),
        (lambda names: [[n, [0.5, 1]] for n in names], [[0.5, 1.0]] * 9),
        (lambda names: [[n, 10**6 * (i % 2)] for i, n in enumerate(names)], None),
    ],
)
def test_other_labels_of_stylegan(tmp_path, labels, label):
    source = load(str(stylegan(tmp_path, labels)))
    if label is not None:
        assert source.arrays["label"].tolist() == label
    elif "label" in source.arrays:
        assert source.classes == ("0", "1000000")
    else:
        assert source.num_classes == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"dataset\.json is not JSON: "),
        ('{"labels": [["a.png"]]}', r"must be null or a list of pairs \[name, label\]"),
        ('{"labels": [["b.png", 0]]}', r"has no label for a\.png, one of 1 pictures without; it"),
        ('{"labels": [["a.png", "x"]]}', r"must be numbers or vectors of numbers"),
        ('{"labels": [["a.png", -1]]}', r"holds -1; a class is a number from 0"),
    ],
)
def test_a_damaged_dataset_json(tmp_path, content, message):
    put(tmp_path, "a.png")
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        load(str(tmp_path))


def test_a_zip_archive_of_a_folder(tmp_path):
    for number, name in enumerate(("cat", "dog")):
        put(tmp_path / "pets", f"train/{name}/0.png", f"val/{name}/0.png", value=9 * number)
    put(tmp_path / "pets", "__MACOSX/train/cat/0.png")
    for inside in ("", "pets/"):
        path = zipped(tmp_path / "pets", inside)
        for split in ("train", "test"):
            source = load(str(path), split=split)
            assert (source.classes, source.size) == (("cat", "dog"), 2)
            assert values_agree(source, 9)


def test_a_damaged_zip_archive(tmp_path):
    path = tmp_path / "x.zip"
    with pytest.raises(FileNotFoundError, match=r"x\.zip does not exist\.$"):
        load(str(path))
    path.write_bytes(b"PK and nothing else")
    with pytest.raises(ValueError, match=r"x\.zip is not a readable zip archive: "):
        load(f"folder:{path}@64")
    put(tmp_path / "y", "0.png", "1.png")
    whole = zipped(tmp_path / "y").read_bytes()
    at = whole.index(b"IDAT")
    (tmp_path / "y.zip").write_bytes(whole[:at] + b"ABCDEF" + whole[at + 6 :])
    assert load(str(tmp_path / "y.zip")).notes == (
        "left out 1 of 2 files, which cannot be read: 0.png",
    )


def saved(path, **fields):
    np.savez(path, **fields)
    return str(path)


def test_arrays_without_names(tmp_path):
    source = load(saved(tmp_path / "x.npz", arr_0=PICTURES, arr_1=np.arange(6) % 2))
    assert source.arrays.keys() == {"image", "label"}
    assert source.num_classes == 2


def test_splits_of_an_npz_share_their_classes(tmp_path):
    fields = {"image_train": PICTURES, "image_val": PICTURES[:2]}
    path = saved(
        tmp_path / "x.npz",
        **fields,
        label_train=np.asarray(["b10", "b2", "a"] * 2),
        label_val=np.asarray(["c", "b10"]),
    )
    train, test = load(path), load(path, split="test")
    assert train.classes == test.classes == ("a", "b2", "b10", "c")
    assert train.arrays["label"].tolist() == [2, 1, 0] * 2
    assert test.arrays["label"].tolist() == [3, 2]
    other = load(saved(tmp_path / "p.npz", image=PICTURES, p_val=np.ones(6)))
    assert other.arrays.keys() == {"image", "p_val"}


def test_names_of_classes_in_an_npz(tmp_path):
    path = saved(
        tmp_path / "x.npz", x=PICTURES, y=np.arange(6) % 2, classes=np.asarray(["no", "yes"])
    )
    assert load(path).describe().endswith("2 classes (no, yes)")


@pytest.mark.parametrize(
    ("label", "values", "classes", "note"),
    [
        (np.eye(3)[[2, 0, 1]], [2, 0, 1], "012", "label: one-hot vectors of 3 became classes"),
        (np.asarray([1.0, 0, 2]), [1, 0, 2], "012", "label: whole floats became integers"),
        (np.asarray([True, False, True]), [1, 0, 1], "01", "label: false and true became integers"),
        (np.asarray([[1], [0], [3]], np.uint8), [1, 0, 3], "0123", None),
    ],
)
def test_labels_of_other_kinds(label, values, classes, note):
    source = from_arrays(PICTURES[:3], label)
    assert source.arrays["label"].dtype == np.int32
    assert source.arrays["label"].tolist() == values
    assert source.class_names == tuple(classes)
    assert source.notes == (() if note is None else (note,))


def test_few_of_many_numbers_are_counted():
    source = from_arrays(PICTURES, np.asarray([7, 10**6] * 3))
    assert source.arrays["label"].tolist() == [0, 1] * 3
    assert source.classes == ("7", "1000000")
    assert source.notes == (
        "label: the 2 numbers that occur from 7 to 1000000 became classes 0 to 1",
    )


@pytest.mark.parametrize(
    ("label", "message"),
    [
        ([0, -1, 2], "label of source 'arrays' holds -1; a class is a number from 0, so leave out"),
        ([0, 0.5, 2], "label of source 'arrays' holds 0.5; a class must be a whole number from 0."),
        ([0, np.nan, 2], "label of source 'arrays' holds nan; a class must be a whole number"),
    ],
)
def test_wrong_labels_are_refused(label, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        from_arrays(PICTURES[:3], np.asarray(label))


def test_names_must_suffice_and_many_are_abbreviated():
    arrays = {"image": PICTURES, "label": np.arange(6, dtype=np.int32)}
    message = "holds 5, but there are names of 2 classes; it must be 0 to 1."
    with pytest.raises(ValueError, match=re.escape(message)):
        Source(arrays, classes=("a", "b"))
    assert len(set(CIFAR100)) == 100
    many = Source(arrays, classes=CIFAR100, notes=("by hand",))
    assert many.num_classes == many.take(1).num_classes == 100
    assert many.describe().endswith(
        "100 classes (apple, aquarium_fish, baby, bear, beaver, bed, bee, beetle, ..., worm); by hand"
    )
    assert unpaired({"photo": many}).notes == ("photo: by hand",)
