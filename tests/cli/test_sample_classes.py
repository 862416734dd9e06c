"""`jgan sample` of games that are told a class: labels in the arrays, and samples of one class."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from jgan.cli.main import main
from jgan.data import load

NAMES = ("north", "10", "2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, points: Path) -> Path:
    """A run of one step on points of three named classes, told the class, and one of points without classes."""
    folder = tmp_path_factory.mktemp("classes")
    examples = np.random.default_rng(0).normal(size=(30, 1)).astype(np.float32)
    np.savez(folder / "points.npz", image=examples, label=np.asarray(NAMES * 10))
    words = (
        f"train experiments/cgan.py --data {folder}/points.npz --steps 1 --width 2 --batch-size 8"
    )
    assert main([*words.split(), "--out", str(folder / "told")]) == 0
    shutil.copytree(points, folder / "untold")
    return folder


def samples_of(folder: Path, out: Path, *words: str) -> dict[str, np.ndarray]:
    main(["sample", str(folder / "told"), "--count", "300", "--out", str(out), *words])
    with np.load(out) as stored:
        return dict(stored)


def test_arrays_have_the_labels_that_they_were_made_for(folder: Path, tmp_path: Path) -> None:
    samples = samples_of(folder, tmp_path / "all.npz")
    assert samples["image"].shape == (300, 1)
    assert set(samples["label"].tolist()) == {0, 1, 2}
    of_one = samples_of(folder, tmp_path / "one.npz", "--class", "north")["image"]
    north = samples["label"] == 2  # the classes in natural order: 2, 10, north
    np.testing.assert_allclose(of_one[north], samples["image"][north], rtol=1e-6)
    assert np.abs(of_one - samples["image"])[~north].min() > 0
    assert load(str(tmp_path / "all.npz")).num_classes == 3


@pytest.mark.parametrize(("text", "number"), [("2", 0), ("10", 1), ("1", 1), ("north", 2)])
def test_a_class_by_name_or_number(folder: Path, tmp_path: Path, text: str, number: int) -> None:
    label = samples_of(folder, tmp_path / "x.npz", "--class", text, "--count", "3")["label"]
    assert label.tolist() == [number] * 3


def test_a_run_not_told_classes_has_no_labels(folder: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "x.npz")
    assert main(["sample", str(folder / "untold"), "--count", "3", "--out", out]) == 0
    with np.load(out) as stored:
        assert stored.files == ["image"]


@pytest.mark.parametrize(
    ("run", "name", "message"),
    [
        (
            "told",
            "nord",
            "--class is 'nord' (did you mean 'north'?), but the data have 3 classes (2, 10, n",
        ),
        (
            "told",
            "3",
            "--class is 3, but the data have 3 classes (2, 10, north); give a name or a number f",
        ),
        (
            "untold",
            "2",
            "--class is '2', but this game is not told the class of what it generates.",
        ),
    ],
)
def test_other_classes_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], run: str, name: str, message: str
) -> None:
    assert main(["sample", str(folder / run), "--class", name]) == 2
    assert message in capsys.readouterr().err


def test_train_names_the_classes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = f"train experiments/cgan.py --data {folder}/points.npz --batch-size 8 --dry-run"
    assert main(words.split()) == 0
    assert "label int32 (); 3 classes (2, 10, north)\n" in capsys.readouterr().out
