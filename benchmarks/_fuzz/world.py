"""What all cases share: an experiment that tells what it has read, and a finished run that no case may harm."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jgan.cli.main import main

READ_SENTENCE = "the probe has read"
"""With these words the probe's sentence begins."""
PROBE = f'''"""Reads its data and stops, or trains a tiny perceptron on them."""

from typing import Literal

import numpy as np
import optax

from jgan.data import load
from jgan.data.identity import identity
from jgan.errors import UserError
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.terms.penalties import r1
from jgan.rules import alternating
from jgan.training.experiment import Experiment


def experiment(
    *, data: str = "ring", size: int | None = None, split: str = "train", loss: str = "hinge",
    lr: float = 1e-3, widths: tuple[int, ...] = (2,), norm: Literal["none", "layer"] = "none",
    ema: bool = False, stop: bool = True,
) -> Experiment:
    """One perceptron against another."""
    source = load(data, split=split, size=size)
    if stop:
        identity(source)
        source.at(np.asarray([0, source.size - 1]))
        raise UserError(f"{READ_SENTENCE} {{source.describe()}}.")
    players = mlp_generator(source.shape, widths), mlp_discriminator(widths, norm=norm)
    game = gan(*players, get_loss(loss), normal(2)).add(r1(1.0))
    rule = alternating(game, dict.fromkeys(("generator", "discriminator"), optax.adam(lr)))
    return Experiment(game, rule, source, 2, 4)
'''


class World(NamedTuple):
    """The folder that all cases share.

    Attributes:
      path: the folder; it holds ``probe.py``, finished runs of it on points (``run``) and on pictures
        (``pictures``), and runs damaged in several ways.
      checkpoints: of the finished runs, by `checkpoints_in`.
    """

    path: Path
    checkpoints: dict[str, str]


FINISHED = ("run", "pictures")
"""The finished runs."""
DAMAGED = ("bare", "cut", "emptied", "lost", "sweep", "file", "folder")
"""The damaged runs; a case may also alter settings."""


def make(path: Path) -> World:
    """Write the probe into a folder, train it for two steps, and make damaged copies of the run.

    Raises:
      RuntimeError: if it cannot be trained.
    """
    (path / "probe.py").write_text(PROBE)
    pixels = np.random.default_rng(0).integers(0, 256, (64, 8, 8, 1)).astype(np.uint8)
    np.savez(path / "pictures.npz", image=pixels, label=np.arange(64) % 3)
    for name, data in (("run", "ring"), ("pictures", f"{path}/pictures.npz")):
        train = ["train", f"{path}/probe.py", "--no-stop", "--data", data, "--size", "64"]
        if main([*train, "--steps", "2", "--save-every", "1", "--out", str(path / name)]):
            raise RuntimeError("the probe could not be trained")
    run = path / "run"
    for name in DAMAGED[:5]:
        shutil.copytree(run, path / name)
    shutil.rmtree(path / "bare" / "checkpoints")
    for file in (path / "cut" / "checkpoints").rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    for step in (path / "emptied" / "checkpoints").iterdir():
        shutil.rmtree(step)
        step.mkdir()
    (path / "lost" / "experiment.py").unlink()
    shutil.rmtree(path / "sweep" / "checkpoints")
    settings = json.loads((run / "settings.json").read_text())
    own = {"over": ["lr=0.1"], "trials": None, "seeds": 1, "steps": 2, "at_once": 1}
    (path / "sweep" / "settings.json").write_text(json.dumps({**settings, "sweep": own}))
    (path / "sweep" / "batches").mkdir()
    (path / "sweep" / "batches" / "0000.json").write_text("[{}]")
    (path / "file").write_text("no run")
    (path / "folder").mkdir()
    return World(path, checkpoints_in(path))


def checkpoints_in(folder: Path) -> dict[str, str]:
    """The SHA-256 of every file in the checkpoints of the finished runs in a folder, by its name."""
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for name in FINISHED
        for file in sorted((folder / name / "checkpoints").rglob("*"))
        if file.is_file()
    }
