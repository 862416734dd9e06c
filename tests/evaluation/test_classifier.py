import json
import zipfile

import numpy as np
import pytest
from helpers import Heard
from labelled import quadrants

from jgan.cli.classifier import main
from jgan.data import Source
from jgan.display.current import shown_on
from jgan.errors import UserError
from jgan.evaluation.classifier_files import load_classifier, save_classifier
from jgan.evaluation.classifiers import train_classifier
from jgan.evaluation.evaluate import evaluate
from jgan.evaluation.extractors import get_extractor
from jgan.evaluation.samples import Samples

SETTINGS = {"epochs": 3, "batch_size": 16, "width": 8, "learning_rate": 3e-3}


@pytest.fixture(scope="module")
def heard():
    return Heard()


@pytest.fixture(scope="module")
def trained(heard):
    train, test = quadrants(512, 0), quadrants(200, 1)
    with shown_on(heard):
        return train_classifier(train, test, **SETTINGS)


def test_it_learns_and_its_accuracy_is_that_on_the_test_images(trained, heard):
    counts = [fields[0] for fields in heard.updates if fields[-1].startswith("loss ")]
    assert counts == [f"training a classifier {number}/3 epochs" for number in (1, 2, 3)]
    test = quadrants(200, 1)
    images = test.arrays["image"].astype(np.float32) / 127.5 - 1
    chances = np.asarray(trained.extractor.probabilities(images))
    np.testing.assert_allclose(chances.sum(1), 1, rtol=1e-5)
    accuracy = (chances.argmax(1) == test.arrays["label"]).mean()
    assert trained.accuracy == pytest.approx(accuracy)
    assert accuracy > 0.95
    assert trained.extractor.features(images).shape == (200, 128)
    assert trained.about["test_size"] == 200


def test_training_again_gives_the_same_and_shuffled_labels_give_nothing(trained):
    train, test = quadrants(512, 0), quadrants(200, 1)
    assert train_classifier(train, test, **SETTINGS).extractor.sha256 == trained.extractor.sha256
    labels = np.random.default_rng(9).permutation(train.arrays["label"])
    noise = Source({"image": train.arrays["image"], "label": labels}, "noise")
    assert train_classifier(noise, test, **SETTINGS).accuracy < 0.6


def test_a_saved_classifier_is_the_same(trained, tmp_path):
    path = tmp_path / "new folder" / "quadrants.npz"
    save_classifier(path, trained)
    assert [entry.name for entry in path.parent.iterdir()] == ["quadrants.npz"]
    again = load_classifier(path)
    assert again.about == trained.about
    assert again.extractor.sha256 == trained.extractor.sha256
    images = np.random.default_rng(2).random((3, 8, 8, 1), np.float32)
    found = get_extractor("classifier", weights=path)
    assert found.name == "classifier-quadrants"
    expected = trained.extractor.features(images)
    np.testing.assert_array_equal(found.features(images), expected)


def test_images_of_other_sizes_and_channels(trained):
    images = np.random.default_rng(3).random((2, 8, 8, 1), np.float32)
    larger = images.repeat(2, axis=1).repeat(2, axis=2).repeat(3, axis=3)
    expected = np.asarray(trained.extractor.features(images))
    found = np.asarray(trained.extractor.features(larger))
    assert found.shape == expected.shape
    # Antialiased halving looks a little beyond each repeated pixel.
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.9


def test_altered_and_other_files(trained, tmp_path):
    path = tmp_path / "classifier.npz"
    with pytest.raises(UserError, match="No such file"):
        load_classifier(path)
    path.write_bytes(b"no archive")
    with pytest.raises(UserError, match="must be a file that jgan classifier wrote"):
        load_classifier(path)
    save_classifier(path, trained)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    about = json.loads(members["about.json"])
    name = next(name for name in members if name.endswith("bias.npy"))
    changed = bytearray(members[name])
    changed[-1] ^= 1
    with zipfile.ZipFile(path, "w") as archive:
        for other, content in {**members, name: bytes(changed)}.items():
            archive.writestr(other, content)
    with pytest.raises(UserError, match=f"but must have {about['sha256']}"):
        load_classifier(path)
    with pytest.raises(UserError, match=r"must end in \.npz"):
        save_classifier(tmp_path / "classifier.txt", trained)


def test_bad_data_and_settings():
    good = quadrants(40, 0)
    unlabelled = Source({"image": good.arrays["image"]}, "plain")
    for train, test, options, sentence in (
        (unlabelled, good, {}, "'plain' must be images of 1 or 3 channels with one label"),
        (good, quadrants(4, 0, side=16), {}, r"\(8, 8, 1\), test images \(16, 16, 1\)"),
        (quadrants(4, 0, side=4), good, {}, "at least 8"),
        (good, good, {"epochs": 0}, "epochs is 0"),
        (good, good, {"batch_size": 41}, "batch_size is 41, but must be 1 to 40"),
    ):
        with pytest.raises(UserError, match=sentence):
            train_classifier(train, test, **options)


@pytest.mark.full
def test_the_command(tmp_path, capsys):
    data, out = tmp_path / "data.npz", tmp_path / "kept.npz"
    train, test = quadrants(64, 0).arrays, quadrants(20, 1).arrays
    np.savez(
        data,
        **{f"{name}_train": array for name, array in train.items()},
        **{f"{name}_test": array for name, array in test.items()},
    )
    with pytest.raises(UserError, match=r"must end in \.npz"):
        main([str(data), "--out", "kept"])
    with pytest.raises(UserError, match="missing"):
        main([str(tmp_path / "missing.npz"), "--out", str(out)])
    with pytest.raises(UserError, match="batch_size is 128, but must be 1 to 64"):
        main([str(data), "--out", str(out)])
    assert main([str(data), "--out", str(out), "--batch-size", "32", "--width", "2"]) == 0
    assert "on 20 images; wrote classifier-data to" in capsys.readouterr().out
    assert load_classifier(out).about["train_size"] == 64


def test_classes_are_compared_by_name(trained):
    """A set that lacks a class numbers the others anew, and has the same accuracy."""
    extractor = trained.extractor._replace(classes=("ne", "nw", "se", "sw"))
    test = quadrants(200, 1)
    kept = np.flatnonzero(test.arrays["label"] != 1)
    images, label = test.arrays["image"][kept], test.arrays["label"][kept]
    renumbered = np.asarray([0, -1, 1, 2], np.int32)[label]
    found = [
        evaluate(
            Samples(iter([images]), labels, classes=classes),
            test,
            ["accuracy"],
            extractor=extractor,
        )
        for labels, classes in (
            (label, ("ne", "nw", "se", "sw")),
            (renumbered, ("ne", "se", "sw")),
            (renumbered, ("0", "2", "3")),
        )
    ]
    assert len({result.values[0].value for result in found}) == 1
    assert found[0].values[0].value > 0.95
    unknown = Samples(iter([images]), renumbered, classes=("ne", "up", "sw"))
    with pytest.raises(
        UserError, match="of class 'up', but the classifier knows only ne, nw, se, sw;"
    ):
        evaluate(unknown, test, ["accuracy"], extractor=extractor)
