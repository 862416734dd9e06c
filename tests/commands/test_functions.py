"""Commands as functions: the same numbers and the same files as on the command line."""

import json
import shutil
import textwrap

import numpy as np
import pytest

import jgan
from jgan.cli.main import main
from jgan.commands.dissect import layers
from jgan.errors import UserError

TINY = '''
"""A tiny GAN of pictures."""
import jgan
import optax
from jgan.data import load


def experiment(*, data: str = "pictures.npz", lr: float = 1e-3, width: int = 2) -> jgan.Experiment:
    source = load(data)
    game = jgan.gan(*jgan.pair(source.shape, width=width), jgan.hinge(), jgan.uniform(3))
    rule = jgan.alternating(game, {player: optax.adam(lr) for player in jgan.PLAYERS})
    lost = lambda trained: trained.history[-1]["discriminator/loss"]
    claims = (jgan.Claim("stays finite", lost, {"lr": float("inf")}, at_most=1e6),)
    return jgan.Experiment(game, rule, source, 2, 10, claims)
'''
SILENT = {"quiet": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("functions")
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
    np.savez(folder / "pictures.npz", image=pictures)
    np.savez(folder / "others.npz", image=pictures[::2])
    (folder / "tiny.py").write_text(textwrap.dedent(TINY))
    return folder


@pytest.fixture(scope="module")
def run(folder, pictures):
    return jgan.load(shutil.copytree(pictures, folder / "run"))


@pytest.fixture(scope="module")
def on_points(folder):
    return jgan.train(folder / "tiny.py", data="ring", out=folder / "points", **SILENT)


def test_evaluate(run, folder):
    words = (
        f"evaluate {run.path} --samples 20 --metrics fd --extractor random --out {folder}/e.json"
    )
    assert main(words.split()) == 0
    (kept,) = json.loads((folder / "e.json").read_text())["evaluations"]
    found = run.evaluate(samples=20, metrics=["fd"], extractor="random", out=folder / "own.json")
    assert found.as_json()["values"] == kept["values"]
    (own,) = json.loads((folder / "own.json").read_text())["evaluations"]
    assert own["values"] == kept["values"]
    ((name, value),) = found.numbers.items()
    assert (name, value) == (kept["values"][0]["name"], kept["values"][0]["value"])
    assert str(found).startswith(f"  {name}  ↓ ")
    assert f"<td>{name}</td>" in found._repr_html_()
    with pytest.raises(UserError, match=r"^view is 'faces', but this experiment has only samples"):
        run.evaluate(samples=20, view="faces")


def test_compare(folder):
    found = jgan.compare(
        str(folder / "others.npz"), str(folder / "pictures.npz"), metrics="fd", extractor="random"
    )
    assert found.protocol["samples"] == 20
    with pytest.raises(UserError, match=r"^pairs was given, .* add it to metrics\.$"):
        jgan.compare("ring", "ring", metrics="sw", pairs=folder / "pairs.png")


@pytest.mark.full
def test_spectrum(on_points):
    found = on_points.spectrum(count=2, batches=1)
    assert len(found["field"]["eigenvalues"]) == 2
    assert found["protocol"]["batches"] == 1
    assert (found.step, found.failed) == (2, {})
    assert str(found).startswith("field: leading eigenvalues")
    assert found._repr_html_().startswith("<pre>field: ")


def test_interpolate(run, folder):
    found = run.interpolate(rows=2, steps=3, frames=4, out=folder / "path")
    assert (found.strip.shape, found.loop.shape) == ((3, 2, 8, 8, 1), (4, 2, 8, 8, 1))
    words = f"interpolate {run.path} --rows 2 --steps 3 --frames 4 --out {folder}/other"
    assert main(words.split()) == 0
    for name in ("strip.png", "loop.gif"):
        assert (folder / "path" / name).read_bytes() == (folder / "other" / name).read_bytes()
    assert found._repr_html_().count("<img") == 2


def test_invert(run, folder):
    images = run.sample(count=2, seed=5)
    found = run.invert(images, steps=2, restarts=1, out=folder / "own.png")
    assert found.numbers["of"] == "2 pictures of your own"
    assert found.latent.shape == (2, 3)
    np.testing.assert_array_equal(found.rows[0], images)
    assert found.table.column("name") == ["picture 0", "picture 1"]
    assert json.loads((folder / "own.json").read_text()) == found.numbers
    assert np.load(folder / "own.npz")["latent"].shape == (2, 3)
    assert "<img" in found._repr_html_()
    with pytest.raises(UserError, match=r"^images has an array of shape \(4, 4\), but the run's"):
        run.invert(np.zeros((4, 4)))
    with pytest.raises(UserError, match=r"^by is 'encoder', but this game has no encoder"):
        run.invert(images, by="encoder")


def test_inpaint_and_neighbours(run):
    filled = run.inpaint(train=2, steps=2, restarts=1, mask="left")
    assert filled.numbers["missing"] == pytest.approx(0.5)
    assert len(filled.rows) == 4
    nearest = run.neighbours(train=3, k=2)
    assert [len(row) for row in nearest.rows] == [3, 3, 3]
    assert nearest.numbers["authenticity"] == 0
    with pytest.raises(
        UserError, match=r"^k is 30, but must be less than the 30 training examples"
    ):
        run.neighbours(k=30)


def test_dissect(run):
    name, shape = next(iter(layers(run).items()))
    found = run.dissect(layer=name, count=8, channels=[0], quantiles=[0.1])
    assert found.numbers["chosen"] == [0]
    assert len(found.numbers["units"]) == shape[-1]
    with pytest.raises(UserError, match=r"^layer is None, but must be one of "):
        run.dissect()
    with pytest.raises(UserError, match=r"^channels has 99, but layer "):
        run.dissect(layer=name, channels=[99])


def test_report(run, folder):
    page = jgan.report(run, out=folder / "report.html")
    assert (folder / "report.html").read_text() == page
    assert page._repr_html_().startswith("<iframe srcdoc=")


def test_dirac(folder):
    found = jgan.dirac(penalty="r1", steps=50, out=folder / "dirac.png")
    assert found["verdict"] == "converges"
    assert "Dirac-GAN, non-saturating loss, r1 0.3" in str(found)
    assert (folder / "dirac.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UserError, match=r"^step is -1, but must be a positive number"):
        jgan.dirac(step=-1.0)
    with pytest.raises(UserError, match=r"^start is \(1.0,\), but must have 2 values"):
        jgan.dirac(start=(1.0,))


def test_names_of_dirac_are_documented():
    from jgan.numerics.dirac import LOSSES, REGULARISERS
    from jgan.numerics.dirac_rules import RULES

    doc = " ".join((jgan.dirac.__doc__ or "").split())
    for name in (*LOSSES, *REGULARISERS, *RULES):
        assert name in doc


def test_doctor():
    found = jgan.doctor()
    assert found["backend"] == "cpu"
    assert str(found).startswith("versions\n")


@pytest.mark.full
def test_sweep(folder):
    found = jgan.sweep(
        folder / "tiny.py",
        over={"lr": [1e-3, 1e-2]},
        data="ring",
        samples=20,
        out=folder / "sweep",
        **SILENT,
    )
    assert found.finished
    assert found.column("lr") == [1e-3, 1e-2]
    assert len(found.records) == 2
    assert found.sorted_by("score mean")[0]["score mean"] == min(found.column("score mean"))
    with pytest.raises(UserError, match=r"^lr would change nothing, because over gives the values"):
        jgan.sweep(folder / "tiny.py", over="lr=1,2", data="ring", lr=1.0, **SILENT)


@pytest.mark.full
def test_verify(folder):
    heard = []
    found = jgan.verify(
        folder / "tiny.py",
        seeds=[3],
        data="ring",
        out=folder / "verified",
        each=heard.append,
        **SILENT,
    )
    assert list(found) == heard
    assert (found.proven, found[0].word) == (False, "CONTROL DIVERGED")
    assert found.table.column("claim") == ["stays finite"]
    with pytest.raises(UserError, match=r"^control_seeds is 2, but there are only 1 seeds"):
        jgan.verify(folder / "tiny.py", control_seeds=2, **SILENT)
    with pytest.raises(UserError, match=r"^seeds is 0, but must give at least 1 seed"):
        jgan.verify(folder / "tiny.py", seeds=0, **SILENT)
    with pytest.raises(UserError, match="verify needs an experiment file"):
        jgan.verify(lambda: None, **SILENT)


def test_list_and_new(folder):
    shipped = jgan.list_experiments()
    assert "r1" in shipped.column("experiment")
    (own,) = jgan.list_experiments(folder)
    assert own == {"experiment": f"{folder}/tiny.py", "summary": "A tiny GAN of pictures."}
    path = jgan.new(folder / "copy.py", source="r1")
    assert path.read_text().startswith('"""R1')
    with pytest.raises(UserError, match="exists already"):
        jgan.new(path, source="r1")
    path.unlink()
