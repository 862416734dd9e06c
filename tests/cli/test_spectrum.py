"""``jgan spectrum``: a trained run's eigenvalues, in numbers and words."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jgan.cli import spectrum
from jgan.cli.main import main
from jgan.errors import UserError
from jgan.numerics.diagnosis import of_field, of_hessian, of_operator
from jgan.numerics.spectrum import Spectrum

EXPERIMENT = '''"""A small GAN of points."""

import optax

from jgan.data import load
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.penalties import r1
from jgan.rules import alternating
from jgan.training.experiment import Experiment


def experiment(*, lr: float = 1e-3) -> Experiment:
    networks = mlp_generator((2,), (6,)), mlp_discriminator((6,))
    game = gan(*networks, non_saturating(), normal(2)).add(r1(1.0))
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.adam(lr)))
    return Experiment(game, rule, load("ring"), steps=4, batch_size=32)
'''


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    (folder / "points.py").write_text(EXPERIMENT)
    out = folder / "run"
    words = [
        "train",
        str(folder / "points.py"),
        "--out",
        str(out),
        "--log-every",
        "2",
        "--save-every",
        "2",
    ]
    assert main(words) == 0
    return out


def test_shares_by_term_sum_to_the_rightmost_eigenvalues(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["spectrum", str(run), "--by-term", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    parts = report["by_term"]
    assert set(parts) == {"generator/adversarial", "discriminator/adversarial", "discriminator/r1"}
    total = np.sum([part["shares"] for part in parts.values()], axis=0)
    np.testing.assert_allclose(total, report["field_right"]["eigenvalues"], atol=1e-4)
    assert main(["spectrum", str(run), "--by-term"]) == 0
    assert "discriminator/r1: " in capsys.readouterr().out


def test_json_of_every_checkpoint_and_figure(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "spectrum.png"
    words = ["spectrum", str(run), "--all", "--count", "4", "--json", "--out", str(out)]
    assert main(words) == 0
    reports = json.loads(capsys.readouterr().out)
    assert [report["step"] for report in reports] == [0, 2, 4]
    assert json.loads((run / "spectrum.json").read_text()) == reports
    assert out.read_bytes().startswith(b"\x89PNG")
    for report in reports:
        assert max(report["field"]["residuals"]) < 1e-3
        assert 0 <= report["rotation_share"] <= 1
        assert report["spectral_radius"] > 0.5
        for player in ("generator", "discriminator"):
            ends = report["hessians"][player]
            low, high = (max(v[0] for v in ends[e]["eigenvalues"]) for e in ("lowest", "highest"))
            assert low <= high + 1e-4


def test_what_cannot_be_solved_leaves_the_others(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    analyse = spectrum.analyse

    def fragile(experiment: Any, state: Any, *others: Any) -> dict[str, Any]:
        if int(state.step) == 2:
            raise UserError("no eigenvalue was found.")
        return analyse(experiment, state, *others)

    monkeypatch.setattr(spectrum, "analyse", fragile)
    assert main(["spectrum", str(run), "--all", "--count", "2", "--json"]) == 0
    said = capsys.readouterr()
    assert [report["step"] for report in json.loads(said.out)] == [0, 4]
    assert said.err == "checkpoint of step 2: no eigenvalue was found.\n"
    kept = {own["step"]: own for own in json.loads((run / "spectrum.json").read_text())}
    assert [len(kept[step]["field"]["eigenvalues"]) for step in (0, 4)] == [2, 2]


def test_text_names_the_verdicts(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spectrum", str(run), "--count", "2", "--step", "4"]) == 0
    text = capsys.readouterr().out
    for line in ("field: ", "generator: ", "discriminator: ", "update: ", "rotation: "):
        assert f"\n{line}" in text


@pytest.mark.parametrize(("words", "message"), [
    (("--step", "3"), "holds no checkpoint of step 3, only of [0, 2, 4]."),
    (("--batch-size", "1000000"), "--batch-size is 1000000 (1 minibatches an update), but the source 'ring'"),
    (("--tolerance", "2"), "--tolerance is 2, but must lie between 0 and 1."),
    (("--count", "1000"), "field, largest modulus: count is 1000, but must lie in [1, "),
    (("--restarts", "1", "--tolerance", "1e-9"), "the eigen-solver found"),
])  # fmt: skip
def test_refusals(
    run: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert main(["spectrum", str(run), *words, "--json"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_not_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["spectrum", str(tmp_path)]) == 2
    assert "is not a run directory: it has no settings.json." in capsys.readouterr().err


def found(*values: complex, residual: float = 1e-9) -> Spectrum:
    return Spectrum(np.array(values), np.full(len(values), residual), np.empty((0, 0)), 0)


def test_words_for_known_spectra() -> None:
    assert of_field(found(-1.0, -2.0)).word == "attracting"
    assert of_field(found(-0.1 + 1j, -0.1 - 1j)).word == "rotating"
    assert of_field(found(0.1 + 1j, 0.1 - 1j)).word == "diverging"
    assert of_field(found(1e-4 + 1j, 1e-4 - 1j, residual=1e-3)).word == "undecided"
    assert of_operator(found(0.9)).word == "attracting"
    assert of_operator(found(0.9 + 0.1j, 0.9 - 0.1j)).word == "rotating"
    assert of_operator(found(1.01)).word == "diverging"
    assert of_operator(found(1.0001, residual=1e-3)).word == "undecided"
    assert of_hessian(found(0.5), found(2.0)).word == "attracting"
    assert of_hessian(found(-0.5), found(2.0)).word == "diverging"
    assert of_hessian(found(1e-12), found(2.0)).word == "undecided"
