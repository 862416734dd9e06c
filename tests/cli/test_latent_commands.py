"""jgan invert, inpaint, dissect and neighbours on runs of two steps."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jgan.cli import dissect, inpaint, invert, neighbours
from jgan.cli.main import main
from jgan.errors import UserError

FULL = pytest.mark.full


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    """Runs, and the files that users bring along."""
    f = tmp_path_factory.mktemp("latents")
    shutil.copytree(pictures, f / "run")
    shutil.copy(pictures.parent / "split.npz", f)
    with np.load(f / "split.npz") as split:
        images, label = split["x_train"], split["y_train"]
    np.savez(f / "data.npz", image=images, label=label)
    for kind in ("dense", "told"):
        words = ["train", str(pictures.parent / "tiny.py"), "--data", str(f / "data.npz")]
        assert main([*words, "--kind", kind, "--out", str(f / kind)]) == 0
    # The same checkpoint under games that differ in what surrounds the networks.
    for name, change in (
        ("encoder", {"kind": "encoder"}),
        ("bare", {"kind": "bare"}),
        ("points", {"data": "ring"}),
    ):
        settings = json.loads((f / "run" / "settings.json").read_text())
        settings["arguments"] |= change
        del settings["data"]  # which is another where "data" changes
        shutil.copytree(f / "run", f / name)
        (f / name / "settings.json").write_text(json.dumps(settings))
    rng = np.random.default_rng(1)
    Image.fromarray(rng.integers(0, 256, (20, 30, 3), np.uint8)).save(f / "photo.jpg")
    hole = np.full((16, 16), 255, np.uint8)
    hole[:8, :8] = 0
    Image.fromarray(hole).save(f / "hole.png")
    Image.fromarray(np.full((9, 9), 255, np.uint8)).save(f / "white.png")
    for name in ("broken.png", "text.npz"):
        (f / name).write_text("no picture")
    np.savez(f / "masks.npz", mask=images[:20, :, :, 0] > 128, names=np.asarray(["noise"]))
    np.savez(f / "flat.npz", mask=np.zeros((4, 9)))
    return f


def numbers(out: Path) -> dict:
    return json.loads(out.with_suffix(".json").read_text())


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as file:
        return file.size


def sheet(columns: int, rows: int) -> tuple[int, int]:
    """Tiles of 8 pixels with a line between, all eight times as large."""
    return (9 * columns - 1) * 8, (9 * rows - 1) * 8


def test_inversion_of_test_examples(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert invert.main(f"{folder}/run --test 3 --steps 20".split()) == 0
    findings = numbers(folder / "run" / "inversion.json")
    assert findings["step"] == 2
    assert findings["of"].startswith("3 test examples")
    assert findings["settings"]["clip"] == 1.0
    assert len(findings["images"]) == 3
    assert findings["mean"]["l1"] <= findings["mean"]["start_l1"]
    assert size(folder / "run" / "inversion.png") == sheet(3, 3)
    latent = np.load(folder / "run" / "inversion.npz")["latent"]
    assert latent.shape == (3, 3)
    assert np.abs(latent).max() <= 1
    rms = [image["latent_rms"] for image in findings["images"]]
    np.testing.assert_allclose(rms, np.sqrt((latent**2).mean(1)), rtol=1e-5)
    assert "start_l1" in capsys.readouterr().out


def test_what_the_run_made_itself_is_found(folder: Path, tmp_path: Path) -> None:
    words = f"{folder}/dense --samples 2 --steps 300 --out {tmp_path}/own.png --prior 0 --lr 0.2"
    assert invert.main(words.split()) == 0
    findings = numbers(tmp_path / "own.json")
    assert findings["settings"]["clip"] is None
    assert findings["mean"]["l1"] < 0.02 < findings["mean"]["start_l1"]


def test_pictures_of_ones_own_and_the_json(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = f"{folder}/run --steps 2 {folder}/photo.jpg {folder}/hole.png --json"
    assert invert.main([*words.split(), "--out", str(tmp_path / "own.png")]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == numbers(tmp_path / "own.json")
    assert [image["name"] for image in printed["images"]] == [
        f"{folder}/photo.jpg",
        f"{folder}/hole.png",
    ]


@pytest.mark.parametrize(
    ("way", "rows"), [("encoder", 3), ("both", 4), ("optimisation", 3), (None, 4)]
)
def test_an_encoder(folder: Path, tmp_path: Path, way: str | None, rows: int) -> None:
    words = f"{folder}/encoder --train 2 --steps 3 --restarts 1 --out {tmp_path}/x.png"
    assert invert.main([*words.split(), *(["--by", way] if way else [])]) == 0
    findings = numbers(tmp_path / "x.json")
    assert findings["by"] == (way or "both")
    assert size(tmp_path / "x.png") == sheet(2, rows)
    latent = np.load(tmp_path / "x.npz")["latent"]
    if way == "encoder":
        np.testing.assert_array_equal(latent, np.float32(0.25))
        assert findings["mean"]["l1"] == findings["mean"]["encoder_l1"]
    if rows == 4:
        assert (
            findings["mean"]["l1"] <= findings["mean"]["encoder_l1"] == findings["mean"]["start_l1"]
        )


def test_classes_of_ones_own_pictures(folder: Path, tmp_path: Path) -> None:
    found = []
    for label in (0, 2):
        words = f"{folder}/told {folder}/photo.jpg --label {label} --steps 1 --restarts 1"
        assert invert.main([*words.split(), "--out", str(tmp_path / "x.png")]) == 0
        found.append(numbers(tmp_path / "x.json")["mean"]["start_l1"])
    assert found[0] != found[1]


@pytest.mark.parametrize(
    ("mask", "blend"),
    [
        ("center", "poisson"),
        ("FILE", "paste"),
        *(pytest.param("center", "paste", marks=FULL), pytest.param("FILE", "poisson", marks=FULL)),
        *(
            pytest.param(mask, blend, marks=FULL)
            for mask in ("left", "random")
            for blend in ("poisson", "paste")
        ),
    ],
)
def test_inpainting(folder: Path, tmp_path: Path, mask: str, blend: str) -> None:
    given = f"{folder}/hole.png" if mask == "FILE" else mask
    words = f"{folder}/run --mask {given} --blend {blend} --test 2 --steps 3 --restarts 2"
    assert inpaint.main([*words.split(), "--out", str(tmp_path / "x.png")]) == 0
    findings = numbers(tmp_path / "x.json")
    share = {"center": 0.25, "left": 0.5, "FILE": 0.25}
    assert findings["missing"] == pytest.approx(share.get(mask, 0.8), abs=0.1)
    assert findings["mean"]["context"] <= findings["mean"]["context_start"]
    with Image.open(tmp_path / "x.png") as file:
        pixels = np.asarray(file)[4::8, 4::8]
    rows = [pixels[9 * i : 9 * i + 8, :8].astype(int) for i in range(4)]
    if mask == "left":
        np.testing.assert_array_equal(rows[1][:, :4], 128)
        np.testing.assert_array_equal(rows[1][:, 4:], rows[0][:, 4:])
        np.testing.assert_array_equal(rows[3][:, 4:], rows[0][:, 4:])
        same = np.array_equal(rows[3][:, :4], rows[2][:, :4])
        assert same == (blend == "paste")


def test_the_mean_image_is_the_training_sets(folder: Path, tmp_path: Path) -> None:
    words = f"{folder}/run --test 1 --steps 1 --restarts 1 --mask left --out {tmp_path}/x.png"
    assert inpaint.main(words.split()) == 0
    with np.load(folder / "split.npz") as file:
        mean, picture = file["x_train"].mean(0), file["x_test"].astype(float)
    number = int(numbers(tmp_path / "x.json")["images"][0]["name"].removeprefix("test "))
    picture = picture[number]
    squares = np.square((mean - picture)[:, :4] / 127.5).mean()
    findings = numbers(tmp_path / "x.json")["mean"]
    assert findings["psnr_mean_image"] == pytest.approx(10 * np.log10(4 / squares), rel=1e-4)


def test_dissection(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dissect.main([str(folder / "run")]) == 0
    listed = capsys.readouterr().out
    assert "Norm_0" in listed
    words = f"{folder}/run --layer Norm_0 --units 1 0 --count 40 --out {tmp_path}/x.png"
    assert dissect.main([*words.split(), "--region", "left", "--value", "9"]) == 0
    findings = numbers(tmp_path / "x.json")
    assert findings["chosen"] == [1, 0]
    assert findings["samples"] == 40
    assert findings["inserted_values"] == [9, 9]
    assert set(findings["ace"]) == {"bright", "middle", "dark", "edge"}
    assert sum(
        findings["segments"][name] for name in ("bright", "middle", "dark")
    ) == pytest.approx(1)
    assert findings["change_by_insertion"] > 0
    assert size(tmp_path / "x.png") == sheet(8, 5)
    for row in findings["units"]:
        assert row["iou"] == pytest.approx(row["by_segment"][row["segment"]])
    assert dissect.main([str(folder / "run"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.split("wrote")[1].split("\n", 1)[1])["layers"][
        "Norm_0"
    ]


def test_units_are_chosen_by_a_segment(folder: Path, tmp_path: Path) -> None:
    words = f"{folder}/run --layer Norm_0 --segment edge --top 1 --out {tmp_path}/x.png"
    assert dissect.main([*words.split(), "--quantiles", "0.1"]) == 0
    findings = numbers(tmp_path / "x.json")
    best = max(findings["units"], key=lambda row: row["by_segment"]["edge"])
    assert findings["chosen"] == [best["unit"]]
    assert {row["quantile"] for row in findings["units"]} == {0.1}


def test_masks_of_the_users_segmenter(folder: Path, tmp_path: Path) -> None:
    words = f"{folder}/run --layer Norm_0 --masks {folder}/masks.npz --out {tmp_path}/x.png"
    assert dissect.main(words.split()) == 0
    findings = numbers(tmp_path / "x.json")
    assert findings["samples"] == 20
    assert findings["ace"] is None
    assert list(findings["segments"]) == ["noise"]


def test_dissected_samples_are_those_of_jgan_sample(folder: Path, tmp_path: Path) -> None:
    assert main(f"sample {folder}/run --count 8 --seed 3 --out {tmp_path}/s.npz".split()) == 0
    words = f"{folder}/run --layer Norm_0 --count 8 --seed 3 --out {tmp_path}/x.png"
    assert dissect.main(words.split()) == 0
    with Image.open(tmp_path / "x.png") as file:
        pixels = np.asarray(file)[4:64:8, 4::8]
    samples = np.load(tmp_path / "s.npz")["image"][..., 0]
    for i in range(8):
        np.testing.assert_array_equal(pixels[:, 9 * i : 9 * i + 8], samples[i])


def test_neighbours_in_pixels(folder: Path, tmp_path: Path) -> None:
    words = f"{folder}/run --count 5 --k 2 --seed 1 --out {tmp_path}/x.png"
    assert neighbours.main(words.split()) == 0
    findings = numbers(tmp_path / "x.json")
    assert main(f"sample {folder}/run --count 5 --seed 1 --out {tmp_path}/s.npz".split()) == 0
    with np.load(folder / "split.npz") as file:
        training = file["x_train"].reshape(30, -1) / 127.5 - 1
    samples = np.load(tmp_path / "s.npz")["image"].reshape(5, -1) / 127.5 - 1
    distances = np.linalg.norm(samples[:, None] - training[None], axis=2)
    order = np.argsort(distances, axis=1)[:, :2]
    farther = []
    for i, image in enumerate(findings["images"]):
        assert image["nearest"] == order[i].tolist()
        # Samples on disk are rounded to 8 bits.
        np.testing.assert_allclose(image["distance"], distances[i, order[i]], rtol=0.01)
        others = np.delete(training, order[i, 0], axis=0)
        nearest = np.linalg.norm(others - training[order[i, 0]], axis=1).min()
        assert image["nearest_to_its_own_nearest"] == pytest.approx(nearest, rel=1e-4)
        farther.append(distances[i, order[i, 0]] > nearest)
    assert findings["authenticity"] == np.mean(farther) < 1
    assert size(tmp_path / "x.png") == sheet(5, 3)
    # The test pictures of this set lie in the training set.
    assert findings["median_distance_of_test_examples"] == pytest.approx(0, abs=1e-3)


def test_a_training_example_is_its_own_neighbour(folder: Path, tmp_path: Path) -> None:
    for features in ("pixels", "random"):
        words = f"{folder}/dense --train 3 --features {features} --out {tmp_path}/x.png"
        assert neighbours.main(words.split()) == 0
        findings = numbers(tmp_path / "x.json")
        numbered = [int(image["name"].removeprefix("training ")) for image in findings["images"]]
        assert [image["nearest"][0] for image in findings["images"]] == numbered
        assert findings["authenticity"] == 0
        assert findings["median_distance_of_test_examples"] is None


MISTAKES = """
    invert {f}/nothing | is not a run directory
    invert {f}/points | generates examples of shape (2,), but jgan invert is for pictures
    invert {f}/bare | has no latent for jgan invert: its game generates from data alone
    invert {f}/run --by encoder | --by is 'encoder', but this game has no encoder
    invert {f}/run {f}/lost.png | lost.png' does not exist; give files of pictures
    invert {f}/run {f}/broken.png | broken.png' cannot be read
    invert {f}/run {f} | is a folder; give files of pictures
    invert {f}/run {f}/photo.jpg --test 3 | pictures and --test were both given
    invert {f}/run --test 3 --train 3 | not allowed with argument --test
    invert {f}/dense --test 3 | --test is 3, but there is no test set
    invert {f}/run --label 1 | --label is for pictures of your own
    invert {f}/told {f}/photo.jpg | this game is told the class
    invert {f}/told {f}/photo.jpg --label 3 | --label is 3, but the data have 3 classes
    invert {f}/run --lr 0 | --lr is 0, but must be positive
    invert {f}/run --distance l3 | invalid choice: 'l3'
    invert {f}/run --out x.jpg | is 'x.jpg', but must end in .png
    invert {f}/run --step 7 | no checkpoint of step 7
    invert {f}/run --ema | keeps no average of its generator
    inpaint {f}/points | jgan inpaint is for pictures
    inpaint {f}/run --mask top | --mask is 'top', but must be center, left, random or a picture's file
    inpaint {f}/run --mask {f}/lost.png | lost.png', but there is no such file
    inpaint {f}/run --mask {f}/white.png | white.png' has nothing black in it
    inpaint {f}/run --mask {f}/broken.png | broken.png' cannot be read
    inpaint {f}/run --window 4 | window is 4, but must be odd
    inpaint {f}/run --prior -1 | is -1, but must be at least 0
    inpaint {f}/run --restarts 0 | is 0, but must be at least 1
    inpaint {f}/run --blend mean | invalid choice: 'mean'
    dissect {f}/dense | has a generator without feature maps
    dissect {f}/run --layer Norm_9 | --layer is 'Norm_9', but must be one of Norm_0
    dissect {f}/run --layer Norm_0 --units 99 | --units has 99, but layer 'Norm_0' has units 0 to
    dissect {f}/run --layer Norm_0 --segments red | --segments has 'red', but must be of bright
    dissect {f}/run --layer Norm_0 --segment blob | --segment is 'blob', but must be one of bright
    dissect {f}/run --layer Norm_0 --quantiles 2 | --quantiles has 2, but each must be between 0 and 1
    dissect {f}/run --layer Norm_0 --region top | --region is 'top', but must be
    dissect {f}/run --layer Norm_0 --masks {f}/lost.npz | lost.npz' cannot be read
    dissect {f}/run --layer Norm_0 --masks {f}/flat.npz | must hold 'mask' of shape (N, 8, 8)
    dissect {f}/run --layer Norm_0 --masks {f}/photo.jpg | photo.jpg', but must end in .npz
    dissect {f}/run --layer Norm_0 --masks {f}/text.npz | text.npz' cannot be read
    neighbours {f}/points | jgan neighbours is for pictures
    neighbours {f}/run --count 0 | is 0, but must be at least 1
    neighbours {f}/run --k 30 | --k is 30, but must be less than the 30 training examples
    neighbours {f}/run --features edges | --features is 'edges', but must be pixels or one of auto
    neighbours {f}/run --weights {f}/data.npz | but pixels need no weights
"""


@pytest.mark.parametrize("line", [line.strip() for line in MISTAKES.strip().splitlines()])
def test_mistakes(folder: Path, capsys: pytest.CaptureFixture[str], line: str) -> None:
    words, sentence = line.replace("{f}", str(folder)).split(" | ")
    assert main(words.split()) == 2
    message = capsys.readouterr().err
    assert sentence in message
    assert message.startswith("jgan: ")
    assert message.count("\n") == 1


def test_a_mistake_is_a_user_error(folder: Path) -> None:
    with pytest.raises(UserError):
        inpaint.main([str(folder / "run"), "--mask", "top"])
