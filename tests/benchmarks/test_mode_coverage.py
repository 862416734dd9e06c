import json
import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import mode_coverage  # noqa: E402
from benchmarks._coverage import stacked  # noqa: E402
from benchmarks._coverage.methods import METHODS, SCALES  # noqa: E402
from benchmarks._coverage.table import cell, table  # noqa: E402
from jgan.data import Source  # noqa: E402
from jgan.errors import UserError  # noqa: E402
from jgan.training.experiment import load_experiment  # noqa: E402


@pytest.fixture
def smoke(tmp_path, monkeypatch):
    monkeypatch.setenv("JGAN_CACHE", str(tmp_path / "cache"))
    out = tmp_path / "found.json"

    def run(*words):
        own = ["--scale", "smoke", "--out", str(out), "--samples", str(tmp_path / "samples")]
        return mode_coverage.main([*own, *words]), json.loads(out.read_text())

    return run


@pytest.mark.full
def test_a_finished_cell_is_kept_and_another_is_added(smoke, capsys, tmp_path):
    code, first = smoke("--data", "ring", "--methods", "NS")
    assert code == 0
    (found,) = first["cells"].values()
    assert set(first) >= {"machine", "versions", "cells"}
    assert set(found) >= {"asked", "seconds", "commit", "measures", "diverged in tenth"}
    assert len(found["measures"]["modes"]) == 2
    _, second = smoke("--data", "ring", "--methods", "NS", "packing 4")
    assert second["cells"]["ring, NS"] == found
    assert list(second["cells"]) == ["ring, NS", "ring, packing 4"]
    said = capsys.readouterr().out
    assert "ring, NS: kept" in said
    assert "Lin et al. 2018" in said
    assert "packing 4" in (tmp_path / "found.txt").read_text()
    assert (tmp_path / "found-ring.png").stat().st_size > 1000
    assert np.load(tmp_path / "samples" / "ring, NS.npy").shape == (400, 2)


def test_a_cell_of_other_settings_is_no_finished_cell():
    size = SCALES["smoke"]["ring"]
    others = [
        size._replace(seeds=3).settings("NS", "fashion"),
        size._replace(arguments={**size.arguments, "lr": 1.0}).settings("NS", "fashion"),
        size.settings("packing 4", "fashion"),
    ]
    own = size.settings("NS", "fashion")
    assert own not in others
    assert json.loads(json.dumps(own)) == own
    # What is stacked matters for stacked pictures alone.
    assert own == size.settings("NS", "mnist:folder")
    stack = SCALES["smoke"]["stacked"]
    assert stack.settings("NS", "fashion") != stack.settings("NS", "mnist:folder")


@pytest.mark.full
def test_stacked_pictures_end_to_end(smoke, capsys, tmp_path):
    draw = np.random.default_rng(0)
    labels = np.arange(400, dtype=np.int32) % 10
    images = (25 * labels[:, None, None, None] + draw.integers(0, 20, (400, 28, 28, 1))).astype(
        np.uint8
    )
    parts = {"train": slice(0, 300), "test": slice(300, 400)}
    fields = {f"image_{name}": images[part] for name, part in parts.items()}
    fields |= {f"label_{name}": labels[part] for name, part in parts.items()}
    np.savez(tmp_path / "shades.npz", **fields)
    code, found = smoke("--data", "stacked", "--digits", str(tmp_path / "shades.npz"))
    assert code == 0
    (own,) = found["cells"].values()
    assert own["stacked"]["side"] == 14
    assert own["stacked"]["classifier"]["shape"] == [14, 14, 1]
    # KL >= log(classes / modes) whatever was generated.
    for modes, kl in zip(own["measures"]["modes"], own["measures"]["KL"], strict=True):
        assert kl >= math.log(1000 / modes) - 1e-9
    accuracy = own["stacked"]["classifier"]["accuracy"]
    text = capsys.readouterr().out
    assert f"judge: {accuracy:.2f} on 100 held-out images of single digits" in text
    assert "confident %: share of samples whose digits" in text
    assert all(0 <= share <= 100 for share in own["measures"]["confident %"])


def test_triples_are_channels_of_single_pictures():
    pictures = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    found = stacked.triples(Source({"image": pictures}), 5000)
    assert found.shape == (5000, 1, 1, 3)
    digits = found[:, 0, 0, :]
    # Every digit in every channel about equally often, the channels independent.
    assert (
        np.abs(np.stack([np.bincount(digits[:, c], minlength=10) for c in range(3)]) - 500).max()
        < 110
    )
    assert np.abs(np.corrcoef(digits.T) - np.eye(3)).max() < 0.06


def test_reducing_averages_blocks_and_refuses_what_does_not_fit():
    images = np.zeros((20, 4, 4, 1), np.uint8)
    images[:, :2, :2, 0] = [[10, 20], [30, 40]]
    labels = np.arange(20, dtype=np.int32) % 10
    small = stacked.reduced(Source({"image": images, "label": labels}, "four"), 2)
    assert small.arrays["image"][3, :, :, 0].tolist() == [[25, 0], [0, 0]]
    assert small.num_classes == 10
    with pytest.raises(UserError, match=r"'four', but must be .* multiple of 3"):
        stacked.reduced(Source({"image": images, "label": labels}, "four"), 3)


def test_a_cell_is_mean_and_standard_error_of_those_that_did_not_diverge():
    values = np.array([1.0, 2.0, 4.0])
    error = np.sqrt(((values - values.mean()) ** 2).sum() / 2 / 3)
    assert cell([1.0, None, 2.0, 4.0]).startswith(f"{values.mean():.3f}±{error:.3f} ")
    assert cell([None]) == "-"
    assert cell([2.0, None]) == "2 (one seed)"


def test_columns_never_run_together_and_quality_stands_beside_the_modes():
    kept = json.loads((ROOT / "benchmarks/results/mode-coverage-cpu2.json").read_text())["cells"]
    for data in ("ring", "grid"):
        lines = list(table(data, kept))
        (head,) = (n for n, line in enumerate(lines) if "diverged" in line)
        own = lines[head : lines.index("  published")]
        split = [re.split(r" {2,}", line.strip()) for line in own]
        assert split[0] == ["modes", "high-quality %", "KL", "diverged", "seconds"]
        assert all(len(cells) == 6 for cells in split[1:])
        assert len(split) == 1 + sum(name.startswith(data) for name in kept)
    assert (ROOT / "benchmarks/results/mode-coverage-cpu2.txt").read_text() == (
        mode_coverage._tables(SCALES["laptop"], {"cells": kept})
    )


def test_the_table_of_nothing_is_empty():
    assert list(table("ring", {})) == []


def test_every_method_is_an_experiment_and_packings_divide_batches():
    build = load_experiment(ROOT / "experiments" / "coverage.py").build
    for arguments in METHODS.values():
        build(data="ring", width=2, **arguments)
    for sizes in SCALES.values():
        assert all(size.batch_size % 12 == 0 for size in sizes.values())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seeds", "0"], "--seeds is 0"),
        (["--data", "stacked", "--digits", "ring"], "--digits is 'ring'"),
        (["--data", "stacked", "--digits", "mnist:/none"], "--digits is 'mnist:/none'"),
    ],
)
def test_mistakes_are_one_sentence(words, said, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("JGAN_CACHE", str(tmp_path))
    assert mode_coverage.main(["--scale", "smoke", *words]) == 2
    text = capsys.readouterr().err
    assert said in text
    assert text.count("\n") == 1


def test_a_file_that_holds_something_else_is_refused(tmp_path, capsys):
    out = tmp_path / "other.json"
    out.write_text("[]")
    assert mode_coverage.main(["--scale", "smoke", "--out", str(out)]) == 2
    assert "which holds no results of this benchmark" in capsys.readouterr().err
