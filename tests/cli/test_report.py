"""``jgan report`` on what the other commands really write."""

import csv
import json
import re
import shutil

import pytest

from jgan.cli.main import main
from jgan.reports.runs import read

TINY = '''
"""A tiny game of points."""
import optax
from jgan.data import load
from jgan.gans.gan import gan
from jgan.game import PLAYERS
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.rules import alternating
from jgan.training.experiment import Experiment


def experiment(*, lr: float = 0.05, loss: str = "non_saturating") -> Experiment:
    """Build it."""
    game = gan(mlp_generator((2,), (2,)), mlp_discriminator((2,)), get_loss(loss), normal(2))
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.sgd(lr)))
    return Experiment(game, rule, load("ring", size=200), steps=8, batch_size=10)
'''
EVERY = ["--log-every", "2", "--sample-every", "4", "--save-every", "4"]
TRAIN = [*EVERY, "--evaluate-every", "4", "--evaluate-samples", "50"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, points):
    """A training, and its twin under another seed."""
    root = tmp_path_factory.mktemp("report")
    shutil.copytree(points, root / "run0")
    twin(root)
    return root


def twin(root):
    shutil.copytree(root / "run0", root / "run1")
    settings = json.loads((root / "run0" / "settings.json").read_text())
    (root / "run1" / "settings.json").write_text(json.dumps({**settings, "seed": 1}))


@pytest.fixture(scope="module")
def every_kind(tmp_path_factory):
    """The same with scores and an evaluation, and a sweep with members that diverge."""
    root = tmp_path_factory.mktemp("every kind")
    (root / "tiny.py").write_text(TINY)
    file = str(root / "tiny.py")
    assert main(["train", file, "--out", str(root / "run0"), *TRAIN]) == 0
    twin(root)
    evaluated = ["evaluate", str(root / "run0"), "--metrics", "sw,modes", "--samples", "50"]
    assert main(evaluated) == 0
    over = ["--over", "lr=0.05,1e30", "--seeds", "2", "--log-every", "2", "--samples", "50"]
    over += ["--measure-times", "2"]
    assert main(["sweep", file, "--out", str(root / "sweep"), *over]) == 0
    return root


@pytest.mark.full
def test_members_of_a_sweep_have_scores_and_pictures_through_time(every_kind):
    with open(every_kind / "sweep" / "members.csv") as stream:
        ends = [float(row["score"]) for row in csv.DictReader(stream) if row["score"]]
    members, _ = read([every_kind / "sweep"])
    fine = [run for run in members if run.diverged is None]
    assert len(fine) == len(ends) == 2
    for run, end in zip(fine, ends, strict=True):
        scores = {int(row["step"]): row["score"] for row in run.rows if "score" in row}
        assert list(scores) == [4, 8]
        assert scores[8] == pytest.approx(end)
        assert run.best["score"] == min(scores.values())
    first, second = (
        sorted(shown.step for shown in run.pictures.get("samples", ())) for run in fine
    )
    assert (first, second) == ([4, 8], [])  # those of the first seed are drawn
    assert not any(run.pictures for run in members if run.diverged)


@pytest.mark.full
def test_a_report_of_real_runs(every_kind, capsys):
    spectrum = ["spectrum", str(every_kind / "run0"), "--step", "8", "--count", "2", "--json"]
    capsys.readouterr()
    assert main(spectrum) == 0
    (every_kind / "run0" / "spectrum.json").write_text(capsys.readouterr().out)
    out = every_kind / "new" / "all.html"
    runs = [str(every_kind / name) for name in ("run0", "run1", "sweep")]
    assert main(["report", *runs, "--out", str(out)]) == 0
    assert capsys.readouterr().out.startswith(f"wrote {out} (0.")
    text = out.read_text()
    assert re.findall(r'<section id="(\w+)"', text) == [
        "overview",
        "samples",
        "score",
        "curves",
        "evaluations",
        "eigenvalues",
        "settings",
    ]
    best = json.loads((every_kind / "run1" / "best.json").read_text())
    step = f'<span class="quiet"> at {best["step"]}</span>'
    assert f"{best['score']:.4g}{step}" in text
    assert text.count("data:image/png;base64,") == 6
    assert text.count("diverged by step") == 2
    (evaluation,) = json.loads((every_kind / "run0/evaluations/8.json").read_text())["evaluations"]
    for value in evaluation["values"]:
        assert value["name"] in text
    assert evaluation["protocol"]["reference_sha256"] in text
    assert "could not be read" not in text


def test_where_it_is_written(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["report", str(folder / "run1")]) == 0
    assert (folder / "run1" / "report.html").read_text().startswith("<!doctype html>")
    assert main(["report", str(folder / "run0"), str(folder / "run1")]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert capsys.readouterr().out.splitlines()[1].startswith("wrote report.html (")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "the following arguments are required: RUN"),
        (["{f}"], "is not a run directory: it has no settings.json"),
        (["{f}/run0", "{f}/run0/../run0"], "is named twice; name each once"),
        (["{f}/run0", "--out", "{f}/a.pdf"], "a.pdf', but must end in .html"),
        (["{f}/run0", "--out", "{f}/run0/settings.json/a.html"], "settings.json' is no folder"),
        (["{f}/empty"], "empty' has no rows of metrics yet; train the run first"),
    ],
)
def test_mistakes_are_one_sentence(folder, words, message, capsys):
    (folder / "empty").mkdir(exist_ok=True)
    (folder / "empty/settings.json").write_text((folder / "run0/settings.json").read_text())
    assert main(["report", *(word.format(f=folder) for word in words)]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.startswith("jgan: ")
    assert said.count("\n") == 1
