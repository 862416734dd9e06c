"""``jgan compare`` as a user types it."""

import json
import textwrap
from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage
from PIL import Image

from jgan.cli import compare
from jgan.commands.compare import about_compression
from jgan.data import load
from jgan.errors import UserError


def write(folder: Path, images: np.ndarray, labels: np.ndarray | None = None) -> None:
    for number, image in enumerate(images):
        place = folder if labels is None else folder / f"class{labels[number]}"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(place / f"{number:04d}.png")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("compare")
    source = load("fashion", size=400)
    images, labels = source.arrays["image"], source.arrays["label"]
    write(root / "first", images[:200], labels[:200])
    write(root / "second", images[200:])
    blurred = scipy.ndimage.gaussian_filter(images[:200], (0, 2, 2, 0))
    np.savez(root / "blurred.npz", image=blurred)
    write(root / "three", images[:3])
    write(root / "mixed", images[:12])
    Image.fromarray(images[0, :20, :, 0]).save(root / "mixed" / "small.png")
    write(root / "small", images[:20, :20, :20])
    np.savez(root / "ring.npz", image=load("ring", size=50).arrays["image"])
    nan = np.zeros((20, 2), np.float32)
    nan[7] = np.nan
    np.savez(root / "nan.npz", image=nan)
    (root / "empty").mkdir()
    return root


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("JGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "references"


def run(words: str, folder: Path) -> int:
    return compare.main([*words.format(folder=folder).split(), "--extractor", "random"])


def values(words: str, folder: Path, capsys) -> dict[str, float]:
    assert run(words + " --json", folder) == 0
    return {row["name"]: row["value"] for row in json.loads(capsys.readouterr().out)["values"]}


def test_a_folder_against_another_and_against_its_blur(folder, cache, capsys):
    same = values("{folder}/first {folder}/second --metrics fd,kid,prdc,c2st", folder, capsys)
    assert len(list(cache.glob("*.npz"))) == 1
    worse = values(
        "{folder}/blurred.npz {folder}/second --metrics fd,kid,prdc,c2st", folder, capsys
    )
    assert len(list(cache.glob("*.npz"))) == 1
    for name, value in same.items():
        if name.startswith(("precision", "coverage", "density", "recall")):
            assert worse[name] <= value
        else:
            assert worse[name] > value
    name = next(name for name in same if name.startswith("Fréchet"))
    assert worse[name] > 3 * same[name]


def test_the_table_names_both_and_warns(folder, capsys):
    assert run("{folder}/first {folder}/second", folder) == 0
    text = capsys.readouterr().out
    assert f"200 examples of {folder}/first against 200 of second; seed 0" in text
    assert "precision (random" in text
    words = "{folder}/first {folder}/second --samples 50 --metrics fd"
    assert run(words, folder) == 0
    text = capsys.readouterr().out
    assert "50 examples of" in text
    assert "warning: 50 examples are too few for 192 features" in text


def test_pictures_of_other_sizes_meet_in_their_features(folder, capsys):
    found = values("{folder}/small {folder}/second --metrics kid", folder, capsys)
    assert len(found) == 1


def test_labels_come_from_subfolders(folder, capsys):
    found = values("{folder}/first {folder}/first --metrics diversity", folder, capsys)
    assert list(found.values()) == [1]


def test_jpegs_against_pngs_are_told(folder, tmp_path, capsys):
    for number, path in enumerate(sorted((folder / "second").iterdir())[:20]):
        Image.open(path).save(tmp_path / f"{number}.jpg")
    assert run(f"{{folder}}/second {tmp_path} --metrics kid", folder) == 0
    warning = f"warning: 0% of {folder}/second and 100% of {tmp_path} are JPEGs"
    assert warning in capsys.readouterr().out
    assert about_compression(f"folder:{tmp_path}@28", str(tmp_path)) == []
    assert about_compression("fashion", str(tmp_path)) == []


def test_copies_in_a_picture(folder, tmp_path, capsys):
    out = tmp_path / "pairs.png"
    words = f"{{folder}}/first {{folder}}/first --metrics nn --pairs {out}"
    assert run(words, folder) == 0
    assert f"wrote {out}" in capsys.readouterr().out
    with Image.open(out) as picture:
        pixels = np.asarray(picture)
    np.testing.assert_array_equal(pixels[:28], pixels[29:])


def test_sources_by_name_and_points(folder, capsys):
    found = values("{folder}/ring.npz ring --metrics sw,modes", folder, capsys)
    assert found["modes"] == 8
    assert found["sliced Wasserstein (coordinates)"] < 0.3


MISTAKES = """
    {folder}/three {folder}/second | three' holds 3 examples, but evaluation needs at least 10
    {folder}/first {folder}/three | three' holds 3 examples
    {folder}/mixed {folder}/second | differ in size
    {folder}/nan.npz ring | holds NaN or infinity
    {folder}/none {folder}/second | none
    {folder}/empty {folder}/second | holds no pictures
    {folder}/first rinq | there is no source 'rinq' (did you mean 'ring'?)
    {folder}/first ring | compare pictures with pictures or points with points
    {folder}/first {folder}/second --metrics prdcc | no metric 'prdcc' (did you mean 'prdc'?)
    {folder}/first {folder}/second --metrics , | no metric is named
    {folder}/first {folder}/second --metrics ppl | metric 'ppl' needs a generator
    {folder}/small {folder}/second --metrics swd | metric 'swd' compares pixels
    {folder}/first {folder}/second --metrics fd --pairs a.png | add it to --metrics
    {folder}/second {folder}/first --metrics diversity | needs labels of samples and reference
"""


@pytest.mark.parametrize(
    "line", [line.strip() for line in textwrap.dedent(MISTAKES).strip().splitlines()]
)
def test_mistakes_are_one_sentence(line, folder):
    words, expected = line.split(" | ")
    with pytest.raises(UserError) as caught:
        run(words, folder)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)
