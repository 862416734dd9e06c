"""``jgan verify --seeds 3``, killed at random moments and started again: the table is bitwise the same."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KILLS = 10
MOMENTS = 1 / 8
"""Within this share of the time of an undisturbed call a kill follows the begin of a training."""
EXPERIMENT = '''"""A small game on the ring, whose claim is about its last losses."""

import optax

from jgan.data import load
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.claims.measures import metric, reverse_kl
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment


def experiment(*, data: str = "ring", lr: float = 1e-3) -> Experiment:
    """Batch statistics, spectral vectors, an optimiser of optax and an average."""
    generator = mlp_generator((2,), (16,), norm="batch")
    game = gan(generator, mlp_discriminator((16,), norm="spectral"), non_saturating(), normal(4))
    rule = averaged(alternating(game, dict.fromkeys(PLAYERS, optax.adam(lr))))
    claims = (
        Claim("loss", metric("discriminator/loss", last=3), {"lr": 0.0}, at_most=9.0),
        Claim("reverse KL", reverse_kl, {"lr": 0.0}, at_most=9.0, rivals={"slow": {"lr": 1e-4}}),
    )
    return Experiment(game, rule, load(data, size=5000), steps=3000, batch_size=32, claims=claims)
'''


@pytest.mark.full
def test_ten_kills_leave_the_table_as_it_is(tmp_path: Path) -> None:
    file, rng = tmp_path / "small.py", random.Random(1)
    file.write_text(EXPERIMENT)
    environment = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": str(ROOT)}

    def begin(out: str) -> subprocess.Popen[str]:
        words = ["verify", str(file), "--seeds", "3", "--out", str(tmp_path / out)]
        return subprocess.Popen(
            [sys.executable, "-m", "jgan.cli.main", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    start = time.monotonic()
    expected, every = begin("whole").communicate(timeout=600)
    whole = time.monotonic() - start
    assert "reverse KL" in expected
    for kill in range(KILLS):
        process = begin("killed")
        assert process.stderr is not None
        # It ends by itself only if there is nothing left to train, which would test nothing.
        lines = iter(process.stderr.readline, "")
        assert any(line.startswith("training ") for line in lines), f"after {kill} kills"
        time.sleep(rng.uniform(0, MOMENTS * whole))
        process.send_signal(signal.SIGKILL)
        process.communicate()
    found, told = begin("killed").communicate(timeout=600)
    assert found == expected
    # Kills are survived by what was trained before them.
    assert told.count("\ntraining ") < every.count("\ntraining ")
