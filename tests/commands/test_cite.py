"""The papers behind a run are those of its parts, its experiment and its evaluations."""

import json
import re

import pytest

import jgan
from jgan.cli.main import main
from jgan.commands.calls import recorded_calls
from jgan.losses import get_loss, hinge


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of one step on points."""
    out = tmp_path_factory.mktemp("cite") / "run"
    words = [
        "train",
        "rpgan",
        "--data",
        "ring",
        "--width",
        "2",
        "--batch-size",
        "8",
        "--steps",
        "1",
    ]
    assert main([*words, "--out", str(out)]) == 0
    (out / "evaluations").mkdir()
    protocol = {"metrics": ["kid"], "extractor": "EfficientNet-Lite0"}
    found = {"evaluations": [{"protocol": protocol, "values": [], "warnings": []}]}
    (out / "evaluations" / "1.json").write_text(json.dumps(found))
    (out / "evaluations" / "2.json").write_text("half of")
    return out


def keys(text):
    return re.findall(r"^@\w+{(.*),$", text, re.MULTILINE)


def test_what_a_run_used_is_cited(run):
    text = jgan.cite(run)
    assert keys(text)[:2] == ["jgan", "huang2024gan"]
    assert set(keys(text)) == {
        "jgan",
        "huang2024gan",
        "jolicoeur2019relativistic",
        "mescheder2018which",
        "goodfellow2014generative",
        "kingma2015adam",
        "binkowski2018demystifying",
        "tan2019efficientnet",
    }
    assert "% terms.penalties.r1, terms.penalties.r2\n@inproceedings{mescheder2018which,\n" in text
    assert text.startswith("% jgan\n@software{jgan,\n")


def test_the_command_prints_or_writes_the_same(run, tmp_path, capsys):
    assert main(["cite", str(run)]) == 0
    text = capsys.readouterr().out
    assert text == jgan.load(run).cite()
    assert main(["cite", str(run), "--out", str(tmp_path / "new" / "a.bib")]) == 0
    assert (tmp_path / "new" / "a.bib").read_text() == text
    capsys.readouterr()
    assert main(["cite"]) == 0
    assert keys(capsys.readouterr().out) == ["jgan"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["none"], "'none' is not a run directory"),
        (["--out", "a.txt"], "must end in .bib"),
    ],
)
def test_mistakes_are_one_sentence(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["cite", *words]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_calls_are_recorded_inside_only():
    with recorded_calls(["losses.hinge", "losses.wasserstein", "networks.dcgan"]) as called:
        get_loss("hinge")
    assert called == {"losses.hinge"}
    with recorded_calls(["losses.hinge", "terms.balance.balance"]) as called:
        pass
    hinge()
    assert called == set()
