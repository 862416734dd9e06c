"""The commands as a user types them, mistakes included."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from shared_runs import POINTS

from jgan.claims.evidence import read_evidence
from jgan.cli.main import main
from jgan.commands.verify import overridden
from jgan.errors import UserError
from jgan.training.experiment import Claim


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "tiny.py").write_text(POINTS)
    (folder / "broken.py").write_text("def experiment(:\n")
    return folder


@pytest.fixture(scope="module")
def run(folder: Path, points: Path) -> Path:
    return shutil.copytree(points, folder / "run")


def size(path: Path) -> tuple[int, int]:
    with Image.open(path) as picture:
        return picture.size


def test_train_writes_a_run_directory(run: Path) -> None:
    names = {path.name for path in run.iterdir()}
    assert {
        "settings.json",
        "metrics.jsonl",
        "samples.png",
        "checkpoints",
        "experiment.py",
    } <= names
    settings = json.loads((run / "settings.json").read_text())
    assert settings["arguments"] == {"data": "ring", "loss": "hinge", "lr": 1e-3, "ema": True}
    assert (settings["seed"], settings["batch_size"], settings["steps"]) == (0, 10, 4)
    assert "jax" in settings["versions"]
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == [2, 4]
    assert {"generator/loss", "discriminator/loss", "generator/gradient_norm"} <= set(rows[0])
    # One term a player: no angle between two of them.
    assert rows[0]["generator/norm(adversarial)"] > 0
    assert not [name for row in rows for name in row if "cosine" in name]
    assert sorted(path.name for path in (run / "samples").iterdir()) == [
        "samples-000002.png",
        "samples-000004.png",
    ]


def test_help_tells_the_experiment_s_flags(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["train", f"{folder}/tiny.py", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "A tiny GAN." in text
    assert "learning rate of both players. (default: 0.001)" in text
    assert "--batch-size" in text


def test_sample_array(run: Path, tmp_path: Path) -> None:
    for name, count in (("a.npz", 300), ("b.npz", 7)):
        assert main(["sample", str(run), "--count", str(count), "--out", str(tmp_path / name)]) == 0
    long, short = (np.load(tmp_path / name)["image"] for name in ("a.npz", "b.npz"))
    assert long.shape == (300, 2)
    np.testing.assert_array_equal(long[:7], short)


STEERED = POINTS.replace(
    "    rule =",
    """    sampler = game.sampler._replace(
        generate=lambda variables, condition, z, key=None, step=0, stretch=1.0: stretch * z,
        options={"stretch": Option(1.0, "Factor of every sample.")},
    )
    game = game._replace(sampler=sampler, views=sampled(sampler))
    rule =""",
).replace("from jgan.gans", "from jgan.game import Option, sampled\nfrom jgan.gans", 1)


def test_options_of_the_sampler_are_flags(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "steered.py").write_text(STEERED)
    main(["train", str(tmp_path / "steered.py"), "--steps", "1", "--out", str(tmp_path / "run")])

    def samples(*words: str) -> np.ndarray:
        out = tmp_path / "samples.npz"
        words = ["sample", str(tmp_path / "run"), "--count", "4", "--out", str(out), *words]
        assert main(words) == 0
        with np.load(out) as arrays:
            return next(iter(arrays.values()))

    np.testing.assert_allclose(samples("--stretch", "3"), 3 * samples(), rtol=1e-6)
    for flag, value in (("--stretch", "wide"), ("--temperature", "2")):
        assert main(["sample", str(tmp_path / "run"), flag, value]) == 2
        assert flag in capsys.readouterr().err


def test_sample_ema_or_not(run: Path, tmp_path: Path) -> None:
    arrays = []
    for flag in ("--ema", "--no-ema"):
        out = tmp_path / f"{flag}.npz"
        assert main(["sample", str(run), flag, "--out", str(out)]) == 0
        arrays.append(np.load(out)["image"])
    assert not np.array_equal(*arrays)


def test_sample_picture(run: Path, tmp_path: Path) -> None:
    assert main(["sample", str(run), "--out", str(tmp_path / "points.png")]) == 0
    assert size(tmp_path / "points.png") == (384, 384)


@pytest.mark.full
def test_samples_of_images(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = f"train {folder}/tiny.py --data fashion --steps 1 --out {out}"
    assert main(words.split()) == 0
    assert main(["sample", str(out), "--count", "3", "--out", str(tmp_path / "single")]) == 0
    files = sorted((tmp_path / "single").iterdir())
    assert [file.name for file in files] == ["000000.png", "000001.png", "000002.png"]
    assert size(files[0]) == (28, 28)
    assert main(["sample", str(out), "--count", "4", "--out", str(tmp_path / "grid.png")]) == 0
    assert size(tmp_path / "grid.png") == (57, 57)


def test_verify_refuses_flags_that_every_claim_overrides() -> None:
    claims = [
        Claim("one", float, {}, setting={"data": "ring", "lr": 0.1}),
        Claim("two", float, {"loss": "hinge"}, setting={"data": "grid"}),
    ]
    said = r"^--data would change nothing, because every claim .* \(the first has data = 'ring'\)"
    with pytest.raises(UserError, match=said):
        overridden({"data", "loss"}, claims)
    assert overridden({"lr", "loss"}, claims) == [
        "--lr changes nothing for 'one', whose own setting overrides it."
    ]
    assert overridden({"data"}, []) == []


def test_verify_tells_which_flags_were_given(capsys: pytest.CaptureFixture[str]) -> None:
    for given in (["--data", "grid", "--gamma=0"], ["--gamma", "0.5", "--data", "ring"]):
        assert main(["verify", "experiments/r1.py", "--steps", "1", *given]) == 2
        assert "--data and --gamma would change nothing" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["verify", "experiments/r1.py", "--help"])
    assert "A claim's own setting overrides them" in capsys.readouterr().out


TWO_CLAIMS = """
    averages = lambda trained: float(bool(trained.state.averages))
    bare = {"ema": False}
    claims = (
        Claim("is proven", averages, bare, at_least=1, rivals={"bare": bare}),
        Claim("is false", averages, bare, at_least=2),
    )
"""


@pytest.mark.full
def test_verify_proves_and_refutes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "claiming.py"
    file.write_text(re.sub(r"    loss_size.*1e6\),\)\n", TWO_CLAIMS, POINTS, flags=re.DOTALL))
    words = ["verify", str(file), "--out", f"{tmp_path}/out"]
    words += ["--seeds", "2", "--control-seeds", "1"]
    assert main([*words, "--record", f"{tmp_path}/kept.csv"]) == 1
    rows = [key[1:] for key in read_evidence(tmp_path / "kept.csv")]
    pairs = [("system", 0), ("system", 1), ("control", 0)]
    assert rows[:5] == [("is proven", *pair) for pair in (*pairs, ("bare", 0), ("bare", 1))]
    assert rows[5:] == [("is false", *pair) for pair in pairs]
    said = capsys.readouterr()
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    # The data are a ring, so what the samples cover of it stands below each claim.
    beside = [line for line in lines if line.startswith("beside ")]
    assert len(beside) == 5  # of both claims the system and the control, and of one a rival
    assert all(re.search(r" of 8 modes, high-quality share 0\.\d{3}, ", line) for line in beside)
    assert [line for line in lines if line not in beside][-3:] == [
        "is proven >= 1 1 ± 0, worst 1 (seed 0) 0 holds",
        "rival bare: 0 ± 0, worst 0 (seed 0); less the system's -1 (95 % from -1 to -1)",
        "is false >= 2 1 ± 0, worst 1 (seed 0) 0 FAILS",
    ]
    assert said.err.count("training ") == 4
    assert main(words) == 1
    assert capsys.readouterr() == (said.out, "")


def test_list(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[0].endswith("tiny.py") and "A tiny GAN." in line for line in lines)
    assert any("broken.py" in line and "(syntax error in line 1)" in line for line in lines)


def test_no_command_tells_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "jgan train FILE" in capsys.readouterr().out
