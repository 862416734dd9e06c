"""The job for a GPU, tried on the CPU with tiny works."""

import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from benchmarks import accelerator
from benchmarks._workers.jax_worker import networks
from benchmarks._workers.works import changed


def job(out, *words):
    return accelerator.main(
        ["--out", str(out), "--tiny", "--rounds", "1", "--seconds", "0.01", *words]
    )


@pytest.mark.full
def test_a_job_that_runs_out_of_time_goes_on(tmp_path, capsys, monkeypatch):
    out = tmp_path / "results.json"
    cell = accelerator.Cell("tiny_mlp", 8, variants=("stream",))
    monkeypatch.setattr(accelerator, "tiny", lambda: iter([cell]))
    monkeypatch.setattr(accelerator, "sides", lambda pythons: {"jgan": {"flops_per_second": 1.0}})
    assert job(out, "--minutes", "1e-9") == 3
    assert json.loads(out.read_text())["cells"] == {}
    assert "the same command goes on from here" in capsys.readouterr().out

    assert job(out) == 0
    assert "examples a second" in capsys.readouterr().out
    (done,) = json.loads(out.read_text())["cells"].values()
    assert done["settings"]["batch"] == 8
    assert set(done["contenders"]) == {"jgan/loop", "jgan/stream"}
    for row in done["contenders"].values():
        assert row["examples_per_second"] == pytest.approx(8 / row["seconds_median"])

    before = out.read_bytes()
    assert job(out) == 0  # everything is there already
    assert out.read_bytes() == before


def test_a_work_in_another_precision():
    work = changed("tiny", {"dtype": "bfloat16", "batch": 8})
    generator, _ = networks(work)
    latents = jax.ShapeDtypeStruct((8, work.latent), jnp.float32)
    program = lambda key, z: generator.apply(generator.init(key, z), z, train=True)[0]
    assert "bf16" in str(jax.make_jaxpr(program)(jax.random.key(0), latents))


def test_a_cell_that_does_not_run_is_kept_with_its_reason(tmp_path, monkeypatch):
    def fails(*arguments):
        raise accelerator.BenchmarkError("the device is full")

    monkeypatch.setattr(accelerator, "time_work", fails)
    monkeypatch.setattr(accelerator, "sides", lambda pythons: {"jgan": {"flops_per_second": 1.0}})
    assert job(tmp_path / "results.json") == 0
    cells = json.loads((tmp_path / "results.json").read_text())["cells"]
    assert {cell["error"] for cell in cells.values()} == {"the device is full"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--out is missing; it must name the file for the results."),
        (["--out", "x", "--minutes", "0"], "--minutes is 0.0, but must be positive."),
    ],
)
def test_mistakes(words, message, capsys):
    assert accelerator.main(words) == 2
    assert capsys.readouterr().err == f"accelerator: {message}\n"


def test_results_of_other_sides_are_not_mixed(tmp_path, capsys):
    out = tmp_path / "results.json"
    out.write_text(json.dumps({"sides": {"jgan": {}, "torch": {}}, "cells": {}}))
    assert job(out) == 2
    assert "was measured with jgan and torch; go on with these" in capsys.readouterr().err
    out.write_text("no json")
    assert job(out) == 2
    assert "is not a result of this benchmark" in capsys.readouterr().err


def test_the_cells_cover_what_is_asked(capsys):
    assert accelerator.main(["--list"]) == 0
    named = capsys.readouterr().out.splitlines()
    assert len(named) == len(set(named))
    for batch in (64, 512, 4096):
        assert f"dcgan32 batch {batch} bfloat16" in named
