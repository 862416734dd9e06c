"""``jgan spectrum``: a trained run's eigenvalues, in numbers and words."""

import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from jgan.cli.main import main
from jgan.commands import spectrum, spectrum_report
from jgan.commands.batches import training_batch
from jgan.commands.load import load
from jgan.commands.spectrum import write_report
from jgan.commands.spectrum_numbers import as_text
from jgan.errors import UserError
from jgan.evaluation.array_archive import read_archive
from jgan.numerics.diagnosis import Sampled, of_field, of_hessian, of_operator
from jgan.numerics.field import vector_field
from jgan.numerics.sampled import Motion
from jgan.numerics.spectrum import Spectrum
from jgan.rules.joint_move import params_of

EXPERIMENT = '''"""A small GAN of points."""

import optax

from jgan.data import load
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.terms.penalties import r1
from jgan.rules import alternating
from jgan.training.experiment import Experiment


def experiment(*, lr: float = 1e-3) -> Experiment:
    networks = mlp_generator((2,), (6,)), mlp_discriminator((6,))
    game = gan(*networks, non_saturating(), normal(2)).add(r1(1.0))
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.adam(lr)))
    return Experiment(game, rule, load("ring"), steps=4, batch_size=32)
'''

GENERATOR = 2 * 6 + 6 + 6 * 2 + 2
"""Parameters of its generator."""


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


@pytest.mark.full
def test_shares_by_term_sum_to_the_rightmost_eigenvalues(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["spectrum", str(run), "--by-term", "--json", "--batches", "1"]) == 0
    report = json.loads(capsys.readouterr().out)
    parts = report["by_term"]
    assert set(parts) == {"generator/adversarial", "discriminator/adversarial", "discriminator/r1"}
    total = np.sum([part["shares"] for part in parts.values()], axis=0)
    np.testing.assert_allclose(total, report["field_right"]["eigenvalues"], atol=1e-4)
    assert "discriminator/r1: " in as_text(report)


@pytest.mark.parametrize("every", [pytest.param(True, marks=pytest.mark.full), False])
def test_json_and_figure_of_the_newest_checkpoint_or_of_all(
    run: Path, every: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "spectrum.png"
    words = ["spectrum", str(run), "--count", "4", "--seeds", "2", "--json", "--out", str(out)]
    words += ["--densities", "--which", "imaginary", "--vectors", str(tmp_path / "new" / "v.npz")]
    assert main([*words, *["--all"] * every]) == 0
    found = json.loads(capsys.readouterr().out)
    reports = found if every else [found]
    assert [report["step"] for report in reports] == ([0, 2, 4] if every else [4])
    kept = json.loads((run / "spectrum.json").read_text())
    assert all(report in kept for report in reports)
    assert out.read_bytes().startswith(b"\x89PNG")
    arrays, _ = read_archive(tmp_path / "new" / "v.npz")
    assert set(arrays) == {str(report["step"]) for report in reports}
    for report in reports:
        own = arrays[str(report["step"])]
        assert set(own) >= {"field", "field_right", "generator_lowest", "discriminator_highest"}
        values, vectors = own["field"]["values"], own["field"]["vectors"]
        np.testing.assert_allclose(
            np.stack([values.real, values.imag], axis=1), report["field"]["eigenvalues"]
        )
        squares = np.abs(vectors) ** 2
        shares = squares[-GENERATOR:].sum(axis=0) / squares.sum(axis=0)
        np.testing.assert_allclose(shares, report["field"]["generator_shares"])
        assert max(report["field"]["residuals"]) < 1e-3
        assert 0 <= report["rotation_share"] <= 1
        assert report["spectral_radius"] > 0.5
        for player in ("generator", "discriminator"):
            ends = report["hessians"][player]
            low, high = (max(v[0] for v in ends[e]["eigenvalues"]) for e in ("lowest", "highest"))
            assert low <= high + 1e-4
            density = report["hessians"][player]["density"]
            assert density["trace_standard_error"] == 0  # few parameters: exact
            step = density["values"][1] - density["values"][0]
            assert sum(density["density"]) * step == pytest.approx(1.0, abs=1e-2)
        assert report["densities"]["antisymmetric"]["trace"] == pytest.approx(0, abs=1e-4)
        assert len(report["motion"]["both"]["lengths"]) == 2
        assert all(0 <= share <= 1 for share in report["field"]["generator_shares"])
        turning = np.abs(np.array(report["field"]["eigenvalues"])[:, 1])
        assert turning[0] == pytest.approx(turning.max())


@pytest.mark.full
def test_matrix_free_parts_are_those_of_the_exact_jacobian(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["spectrum", str(run), "--count", "4", "--batches", "1", "--json", "--densities"]
    words += ["--whole", "--float64", "--which", "right", "--batch-size", "400"]
    found = []
    for more in ([], ["--dense", "1", "--probes", "30", "--tolerance", "1e-7"]):
        assert main([*words, *more]) == 0
        found.append(json.loads(capsys.readouterr().out))
    exact, free = found
    assert exact["field"]["basis"] is None
    assert free["field"]["basis"] >= 20
    for one, other in (
        (exact["field"], free["field"]),
        (exact["whole"], free["whole"]),
        (
            exact["whole"]["hessians"]["discriminator"]["highest"],
            free["whole"]["hessians"]["discriminator"]["highest"],
        ),
        (exact["hessians"]["generator"]["lowest"], free["hessians"]["generator"]["lowest"]),
    ):
        assert max(other["residuals"]) < 1e-6
        assert one["eigenvalues"][0][0] == pytest.approx(other["eigenvalues"][0][0], rel=1e-5)
    assert exact["whole"]["motion"] == free["whole"]["motion"]
    for part in ("symmetric", "antisymmetric"):
        one, other = exact["densities"][part], free["densities"][part]
        error = other["sum_of_squares_standard_error"]
        assert abs(one["sum_of_squares"] - other["sum_of_squares"]) < 4 * error
    # In single precision the numbers are those of double precision to its rounding.
    assert main([word for word in words if word != "--float64"]) == 0
    single = json.loads(capsys.readouterr().out)
    assert single["field"]["eigenvalues"] != exact["field"]["eigenvalues"]
    np.testing.assert_allclose(
        single["field"]["eigenvalues"], exact["field"]["eigenvalues"], rtol=1e-2, atol=1e-4
    )
    text = as_text(free)
    for line in ("length of the field: ", "field of all ", "generator's Hessian: trace "):
        assert line in text


@pytest.mark.full
def test_what_cannot_be_solved_leaves_the_others(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    analyse = spectrum.analyse

    def fragile(experiment: Any, state: Any, *others: Any) -> dict[str, Any]:
        if int(state.step) == 2:
            raise UserError("no eigenvalue was found.")
        return analyse(experiment, state, *others)

    monkeypatch.setattr(spectrum, "analyse", fragile)
    words = ["spectrum", str(run), "--all", "--count", "2", "--batches", "1", "--json"]
    assert main(words) == 1
    said = capsys.readouterr()
    assert [report["step"] for report in json.loads(said.out)] == [0, 4]
    assert "warning: checkpoint of step 2: no eigenvalue was found.\n" in said.err


def test_parts_that_were_solved_are_kept(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(*_: Any) -> None:
        raise ValueError("the eigen-solver found 5 of 6 eigenvalues.")

    monkeypatch.setattr(spectrum_report, "operator", failing)
    (run / "spectrum.json").unlink(missing_ok=True)
    assert main(["spectrum", str(run), "--count", "3", "--batches", "1"]) == 1
    said = capsys.readouterr()
    sentence = "update operator: the eigen-solver found 5 of 6 eigenvalues."
    assert said.err.splitlines()[-1] == f"warning: checkpoint of step 4: {sentence}"
    assert "rotation share\n" in said.err
    assert "\nfield: " in said.out
    (kept,) = json.loads((run / "spectrum.json").read_text())
    assert {"field", "field_right", "rotation_share", "hessians"} <= set(kept)
    assert "operator" not in kept


@pytest.mark.full
def test_curvatures_of_the_kind_are_the_ends_of_the_hessians(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["spectrum", str(run), "--count", "3", "--batches", "1", "--json"]
    for more in (["--float64"], ["--dense", "1"]):
        assert main([*words, "--kind-of-point", *more]) == 0
        report = json.loads(capsys.readouterr().out)
        kind = report["kind_of_point"]
        assert kind["verdict"] in ("neither", "undecided")  # four updates lead to no equilibrium
        for player in ("generator", "discriminator"):
            lowest = report["hessians"][player]["lowest"]["eigenvalues"]
            own = kind["curvatures"][player]
            assert own["value"] == pytest.approx(min(v[0] for v in lowest), abs=own["error"] + 1e-4)
        assert report["critical_tau"]["verdict"] in ("above", "always", "never", "undecided")
        assert "kind_of_point" not in report["protocol"]


@pytest.mark.full
def test_protocols_stand_side_by_side_and_batches_are_compared(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(seed: int, *words: str) -> dict[str, Any]:
        command = ["spectrum", str(run), "--count", "2", "--seed", str(seed), "--json", *words]
        assert main(command) == 0
        return json.loads(capsys.readouterr().out)

    (run / "spectrum.json").unlink(missing_ok=True)
    first, second = ask(0), ask(1, "--batches", "1")
    assert first["protocol"]["seed"] == 0
    assert first["protocol"] | {"seed": 1, "batches": 1} == second["protocol"]
    assert {"batch_size", "batches", "tolerance", "basis", "averaged", "versions"} <= set(
        first["protocol"]
    )
    write_report(run, first)
    assert json.loads((run / "spectrum.json").read_text()) == [second, first]
    over = first["field_right"]["over_batches"]
    assert len(over["values"]) == 3
    assert over["values"][0] == pytest.approx(first["field_right"]["eigenvalues"][0][0])
    assert over["mean"] == pytest.approx(np.mean(over["values"]))
    assert first["rotation_share_standard_error"] == 0  # few parameters: exact
    assert first["field"]["basis"] is None
    assert min(first["field"]["conditions"]) >= 1
    text = as_text(first)
    assert first["motion"]["generator"]["lengths"][0] > 0
    for line in ("field: ", "generator: ", "discriminator: ", "update: ", "rotation: "):
        assert f"\n{line}" in text


def test_path_angle_between_two_checkpoints(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "path.png"
    words = ["path-angle", str(run), "--from", "0", "--points", "13", "--batches", "3"]
    assert main([*words, "--to", "4", "--json", "--out", str(out)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert out.read_bytes().startswith(b"\x89PNG")
    assert (found["start"], found["end"], len(found["cosines"])) == (0, 4, 13)
    assert np.abs(found["cosines"]).max() <= 1 + 1e-6
    assert min(found["lengths"]) > 0
    # The cosine of the mean of the batches' fields with the way back, by the fields themselves.
    opened = load(run, step=4)
    first, last = (load(run, step=step).state.variables for step in (0, 4))
    flat = lambda tree: np.asarray(ravel_pytree(params_of(tree))[0], float)
    back = flat(first) - flat(last)
    place = found["shares"].index(pytest.approx(1.0))
    fields = []
    for draw, key in enumerate(jax.random.split(jax.random.key(0), 3)):
        batch = training_batch(opened.experiment, 32, 0, draw)
        here = vector_field(opened.experiment.game, last, batch, key, opened.state.clock)
        fields.append(np.asarray(ravel_pytree(here)[0], float))
    mean = np.mean(fields, axis=0)
    cosine = -mean @ back / np.linalg.norm(mean) / np.linalg.norm(back)
    assert found["cosines"][place] == pytest.approx(cosine, abs=1e-4)
    assert main([*words, "--to", "0"]) == 2
    assert "start and end have the same parameters" in capsys.readouterr().err


def test_a_run_that_cannot_be_written_is_analysed_nevertheless(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def readonly(*_: Any) -> None:
        raise UserError("'spectrum.json' cannot be written: Read-only file system.")

    monkeypatch.setattr(spectrum, "write_atomically", readonly)
    monkeypatch.setattr(
        spectrum, "analyse", lambda *_: {"step": 4, "failed": {}, "spectral_radius": 1}
    )
    assert main(["spectrum", str(run), "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["spectral_radius"] == 1
    assert said.err.startswith("the result was not kept: 'spectrum.json' cannot be written")


@pytest.mark.parametrize(("words", "message"), [
    (("--step", "3"), "holds no checkpoint of step 3, only of [0, 2, 4]."),
    (("--batch-size", "1000000"), "--batch-size is 1000000 (1 minibatches an update), but the source 'ring'"),
    (("--tolerance", "2"), "--tolerance is 2, but must lie between 0 and 1."),
    (("--count", "1000"), "field, largest modulus: count is 1000, but must lie in [1, "),
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


def found(*values: complex, residual: float = 1e-9, condition: float = 1.0) -> Spectrum:
    count = len(values)
    conditions = np.full(count, condition)
    return Spectrum(np.array(values), np.full(count, residual), np.empty((0, 0)), 0, conditions)


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


def test_no_verdict_against_condition_or_spread() -> None:
    assert of_field(found(0.1, residual=1e-6, condition=1e3)).word == "diverging"
    doubtful = of_field(found(0.1, residual=1e-6, condition=1e7))
    assert doubtful.word == "undecided"
    assert "condition 1e+07" in doubtful.sentence
    assert of_operator(found(0.9, residual=1e-6, condition=1e7)).word == "undecided"
    assert of_field(found(-1.0, condition=np.nan)).word == "undecided"
    # Three batches: mean 0.124, half width of the 95 % interval 4.30 * 0.0545 / sqrt(3).
    three = Sampled((0.147, 0.062, 0.164))
    assert three.half_width == pytest.approx(0.1355, abs=1e-3)
    said = of_field(found(0.147), three)
    assert said.word == "undecided"
    assert "over 3 batches 0.124 with standard deviation 0.055" in said.sentence
    assert of_field(found(0.147), Sampled((0.147, 0.14, 0.15))).word == "diverging"
    assert of_hessian(found(-0.5), found(2.0), Sampled((-0.5, 0.4, 0.1))).word == "undecided"


def test_no_verdict_where_the_players_move() -> None:
    moving = Motion(np.full(3, 4.0), np.full(3, 4.0))
    resting = Motion(np.ones(3), np.full(3, 1 / 3))
    for judge in (of_field, of_operator):
        said = judge(found(1.5), motion=moving)
        assert said.word == "moving"
        assert "field of length 2 with standard deviation 0" in said.sentence
        assert judge(found(1.5), motion=resting).word == "diverging"
    assert of_hessian(found(0.5), found(2.0), motion=moving).word == "moving"
    assert of_hessian(found(0.5), found(2.0), motion=resting).word == "attracting"
    # What is not known is not known wherever it is.
    unknown = found(1e-4 + 1j, 1e-4 - 1j, residual=1e-3)
    assert of_field(unknown, motion=moving).word == "undecided"
    open_yet = found(1.5)._replace(converged=np.array([False]))
    assert of_field(open_yet).word == "undecided"
    assert "not having converged" in of_field(open_yet).sentence
