"""``jgan evaluate`` as a user types it."""

import functools
import json
import shutil
import textwrap
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jgan.cli import evaluate
from jgan.cli.main import main
from jgan.commands import saved_run
from jgan.errors import UserError
from jgan.evaluation import judges


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, points: Path) -> Path:
    folder = tmp_path_factory.mktemp("evaluate")
    shutil.copytree(points, folder / "ring")
    words = (
        f"train {points.parent}/tiny.py --out {folder}/fashion --data fashion --no-ema --steps 2"
    )
    assert main(words.split()) == 0
    return folder


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("JGAN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "references"


def run(words: str, folder: Path) -> int:
    return evaluate.main(words.format(folder=folder).split())


@pytest.mark.full
def test_pictures_with_their_protocol(folder, cache, capsys):
    words = "{folder}/fashion --extractor random --samples 40"
    assert run(words + " --metrics fd,kid,nn", folder) == 0
    text = capsys.readouterr().out
    assert "Fréchet distance (random" in text
    assert "FID" not in text
    assert "40 samples against 200 of fashion (train set); seed 0" in text
    assert "features random" in text
    assert "warning: 40 examples are too few for 192 features" in text
    stored = json.loads((folder / "fashion/evaluations/2.json").read_text())["evaluations"]
    protocol = stored[0]["protocol"]
    assert protocol["step"] == 2
    assert protocol["averaged"] is False
    assert protocol["reference_split"] == "train"
    assert protocol["metrics"] == ["fd", "kid", "nn"]
    with Image.open(folder / "fashion/evaluations/2-nn.png") as picture:
        assert picture.size == (16 * 29 - 1, 2 * 29 - 1)
    assert len(list(cache.glob("*.npz"))) == 2  # the training set, and the test set as new data


@pytest.mark.full
def test_a_classifier_without_weights_is_trained_on_the_data_and_says_its_accuracy(
    folder, cache, capsys, monkeypatch
):
    small = judges.SETTINGS._replace(images=640, width=2)
    train = functools.partial(judges.domain_classifier, settings=small)
    monkeypatch.setattr(judges, "domain_classifier", train)
    out = folder / "judged.json"
    words = "{folder}/fashion --extractor classifier --samples 40 --metrics kl,fd --out {folder}/judged.json"
    assert run(words, folder) == 0
    lines = capsys.readouterr().out.splitlines()
    (found,) = json.loads(out.read_text())["evaluations"]
    judge = found["protocol"]["judge"]
    # The run has 200 images; the judge is tested on the whole test set.
    assert judge["examples"] == 1000
    accuracy = f"{judge['share']:.2f} on 1,000 held-out images"
    names = ["classes", "confident share", "KL of classes", "Fréchet distance"]
    assert [line.strip().split(" (")[0] for line in lines[:4]] == names
    assert [f"(judge: {accuracy})" in line for line in lines[:4]] == [True, True, True, False]
    assert any(line.startswith("features classifier-fashion (") for line in lines)
    assert any(line.endswith(f"; judge: {accuracy}") for line in lines)
    assert [value["settings"].get("judge") for value in found["values"]] == [*3 * [accuracy], None]
    assert len(list(cache.with_name("judges").iterdir())) == 1


def test_json_is_all_that_is_printed_and_is_stored(folder, capsys):
    words = "{folder}/fashion --extractor random --samples 40 --json --metrics fd"
    for reference in ("train", "test", "train"):
        assert run(f"{words} --reference {reference}", folder) == 0
    reports = capsys.readouterr().out.split("\n}\n")
    first, test, again = (json.loads(report + "\n}") for report in reports[:3])
    assert first["values"] == again["values"] != test["values"]
    assert test["protocol"]["reference_count"] == 1000
    stored = json.loads((folder / "fashion/evaluations/2.json").read_text())["evaluations"]
    same = [entry for entry in stored if entry["protocol"]["metrics"] == ["fd"]]
    assert [entry["protocol"]["reference_split"] for entry in same] == ["test", "train"]


def test_points_and_checkpoints(folder, capsys):
    values = []
    for step, ema in ((2, "--no-ema"), (4, "--no-ema"), (4, "--ema")):
        words = "{folder}/ring --samples 100 --json --metrics sw,modes"
        assert run(f"{words} --step {step} {ema}", folder) == 0
        report = json.loads(capsys.readouterr().out)
        assert report["protocol"]["step"] == step
        assert report["protocol"]["averaged"] is (ema == "--ema")
        assert report["protocol"]["extractor"] == "coordinates"
        assert report["values"][1]["name"] == "modes"
        values.append(report["values"][0]["value"])
    assert len(set(values)) == 3
    assert {path.name for path in (folder / "ring/evaluations").iterdir()} == {"2.json", "4.json"}


def test_defaults_fit_the_data(folder, capsys):
    assert run("{folder}/ring --samples 50", folder) == 0
    text = capsys.readouterr().out
    for name in ("sliced Wasserstein", "Wasserstein", "precision", "coverage"):
        assert f"{name} (coordinates)" in text


def test_a_path_through_the_latents(folder, capsys, monkeypatch):
    monkeypatch.setattr("jgan.evaluation.image_metrics.WALKED", 64)
    words = "{folder}/fashion --extractor random --samples 20 --metrics ppl --json"
    assert run(words, folder) == 0
    assert json.loads(capsys.readouterr().out)["values"][0]["value"] > 0


def test_a_broken_file_of_results_is_replaced(folder, capsys):
    file = folder / "ring/evaluations/4.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text("{broken")
    assert run("{folder}/ring --samples 20 --metrics sw", folder) == 0
    assert len(json.loads(file.read_text())["evaluations"]) == 1


def test_help_explains_the_metrics(capsys):
    with pytest.raises(SystemExit):
        evaluate.main(["--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "kid: Unbiased kernel distance" in text


MISTAKES = """
    {folder} | is not a run directory
    {folder}/ring --metrics fdd | there is no metric 'fdd' (did you mean 'fd'?); allowed are fd,
    {folder}/ring --samples 0 | argument --samples: is 0, but must be at least 1
    {folder}/ring --samples 3 --metrics sw | samples holds 3 examples, but evaluation needs at least 10
    {folder}/ring --step 3 --metrics sw | holds no checkpoint of step 3, only of [
    {folder}/ring --view faces --metrics sw | --view is 'faces', but this experiment has only samples
    {folder}/ring --metrics swd --samples 20 | metric 'swd' needs images
    {folder}/ring --metrics nn --reference test | metric 'nn' looks for copies of training examples
    {folder}/ring --metrics accuracy --samples 20 | metric 'accuracy' needs probabilities of classes
    {folder}/fashion --ema --metrics fd | --ema was given, but this run keeps no average
    {folder}/fashion --extractor random --metrics is --samples 20 | names no classes
    {folder}/fashion --extractor raindrop --metrics fd | raindrop
    {folder}/fashion --extractor random --metrics modes --samples 20 | needs a mixture with known modes
    {folder}/fashion --reference valid | argument --reference: invalid choice: 'valid'
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


def test_a_generator_of_nan_is_named(folder, monkeypatch):
    nan = lambda *options: iter([np.full((20, 2), np.nan, np.float32)])
    monkeypatch.setattr(saved_run, "sampler", lambda *game, options: nan)
    with pytest.raises(UserError, match="samples hold NaN or infinity, first in example 0"):
        run("{folder}/ring --samples 20 --metrics sw", folder)
