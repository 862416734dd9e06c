"""Small runs that tests of several files read, trained once for all workers.

Who changes a run, or lets a command write beside it, copies its folder first.
"""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from staged import STAGED

from jgan.cli.main import main

POINTS = '''
"""A tiny GAN.

    jgan train tiny.py
"""
import optax
from jgan.data import load
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import pair
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment


def experiment(*, data: str = "ring", loss: str = "hinge", lr: float = 1e-3, ema: bool = True) -> Experiment:
    """Build it.

    Args:
      lr: learning rate of both players.
    """
    source = load(data).take(200)
    game = gan(*pair(source.shape, width=2), get_loss(loss), normal(2))
    rule = alternating(game, {p: optax.adam(lr) for p in ("generator", "discriminator")})
    loss_size = lambda trained: abs(trained.history[-1]["discriminator/loss"])
    claims = (Claim("stays finite", loss_size, {"lr": float("inf")}, at_most=1e6),)
    return Experiment(game, averaged(rule) if ema else rule, source, 4, 10, claims)
'''

PICTURES = '''
"""A tiny GAN."""
import jax.numpy as jnp
import optax
from jgan.data import load
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.conditional import conditional
from jgan.gans.gan import gan
from jgan.latents import normal, uniform
from jgan.losses import get_loss
from jgan.networks import labelled, mlp_generator, pair, unlabelled
from jgan.rules import alternating
from jgan.training.experiment import Experiment


def experiment(*, data: str = "ring", kind: str = "plain") -> Experiment:
    """Build it."""
    source = load(data)
    generator, discriminator = pair(source.shape, width=2)
    prior = normal(3) if kind == "dense" else uniform(3)
    if kind == "dense":
        generator = mlp_generator(source.shape, (4,))
    if kind == "told":
        networks = mlp_generator(source.shape, (4,)), discriminator
        networks = labelled(networks[0], 3), labelled(networks[1], 3)
        game = conditional(*networks, get_loss("hinge"), prior)
    else:
        game = gan(generator, discriminator, get_loss("hinge"), prior)
    if kind == "encoder":
        encode = lambda variables, images: jnp.full((len(images), 3), 0.25)
        game = game._replace(sampler=game.sampler._replace(encode=encode))
    if kind == "bare":
        game = game._replace(sampler=None)
    rule = alternating(game, {p: optax.adam(1e-3) for p in (GENERATOR, DISCRIMINATOR)})
    return Experiment(game, rule, source, 2, 10)
'''


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first worker to ask fills; the others wait for it."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    place, done = base / f"shared-{name}", base / f"shared-{name}.done"
    with (base / f"shared-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            make(place)
            done.touch()
    return place


def _train(file: Path, out: Path, *flags: str) -> None:
    assert main(["train", str(file), "--out", str(out), *flags]) == 0


@pytest.fixture(scope="session")
def points(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four steps on a ring, with an average, saved at every second."""

    def make(place: Path) -> None:
        (place / "tiny.py").write_text(POINTS)
        cadence = ["--log-every", "2", "--sample-every", "2", "--save-every", "2"]
        _train(place / "tiny.py", place / "run", *cadence, "--log-terms")

    return once(tmp_path_factory, "points", make) / "run"


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two steps on 30 pictures; beside it ``tiny.py`` and its data, ``split.npz``, with a test set."""

    def make(place: Path) -> None:
        (place / "tiny.py").write_text(PICTURES)
        images = np.random.default_rng(0).integers(0, 256, (30, 8, 8, 1), np.uint8)
        label = np.arange(30, dtype=np.int32) % 3
        examples = {"x_train": images, "x_test": images[::-1][:12]}
        np.savez(place / "split.npz", **examples, y_train=label, y_test=label[:12])
        data = ("--data", str(place / "split.npz"), "--kind", "plain")
        _train(place / "tiny.py", place / "run", *data)

    return once(tmp_path_factory, "pictures", make) / "run"


@pytest.fixture(scope="session")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the experiment of two stages, ``growing.py``, the run ``whole`` and ``small``, of its first stage."""

    def make(place: Path) -> None:
        (place / "growing.py").write_text(STAGED)
        cadence = ["--log-every", "1", "--sample-every", "4", "--save-every", "2", "--keep", "9"]
        for name, flags in (("whole", []), ("small", ["--no-growing"])):
            _train(place / "growing.py", place / name, *cadence, *flags)

    return once(tmp_path_factory, "staged", make)
