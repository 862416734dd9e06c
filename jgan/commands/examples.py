"""What the commands that look into a trained generator share: the run, and pictures to work on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.commands.classes import class_number
from jgan.commands.held_out import held_out_set
from jgan.commands.saved_run import SavedRun
from jgan.data import Source, gather
from jgan.data.conditions import conditions
from jgan.data.pictures import read_picture
from jgan.errors import UserError
from jgan.evaluation.samples import fields_read, sampler
from jgan.game import Game, Sampler, Variables
from jgan.metrics.subsets import draw_rows, stream
from jgan.runs.saved import Saved
from jgan.training.experiment import Experiment

Picture = str | Path | np.ndarray
"""A picture's file, or an array ``(H, W, C)`` or ``(N, H, W, C)`` in [-1, 1]."""


class Opened(NamedTuple):
    """A run of pictures with a sampler, at a checkpoint.

    Attributes:
      run: its folder.
      game: what was trained.
      sampler: the game's.
      source: its training data.
      arguments: of its experiment.
      variables: of the checkpoint.
      step: of the checkpoint.
    """

    run: Path
    game: Game
    sampler: Sampler
    source: Source
    arguments: dict[str, Any]
    variables: Variables
    step: int

    def about(self, seed: int) -> dict[str, Any]:
        """The run, the step and the seed, with which its findings begin."""
        return {"run": str(self.run), "step": self.step, "seed": seed}


class Examples(NamedTuple):
    """Pictures to work on.

    Attributes:
      batch: ``"image" (n, H, W, C)`` in [-1, 1], and the conditions that go with them.
      names: of the pictures.
      origin: of all of them, in words.
    """

    batch: dict[str, jax.Array]
    names: list[str]
    origin: str


class Choice(NamedTuple):
    """Which pictures are worked on.

    Attributes:
      images: pictures of the user's own; if there are none, one of the next three numbers, or the default.
      test: how many examples of the test set.
      train: how many training examples.
      samples: how many samples of the generator.
      label: class of the user's own pictures, by name or number.
      seed: of the choice.
      usual: how many, if none of the numbers is given.
      kind: which then: "test", or the training set's where there is no test set, or "samples".
    """

    images: Sequence[Picture]
    test: int | None
    train: int | None
    samples: int | None
    label: str | int | None
    seed: int
    usual: int
    kind: str = "test"


def check_pictured(run: SavedRun, command: str, *, with_data: bool = False) -> Saved:
    """A run's checkpoint for a command that looks into the generator of pictures.

    Args:
      run: what is looked into.
      command: that messages name.
      with_data: whether the run's data are read.

    Raises:
      UserError: if it has no latents, or generates points.
    """
    return run.check(lambda experiment: _check(experiment, run, command), with_data=with_data)


def opened(run: SavedRun, saved: Saved) -> Opened:
    """A checkpoint that `check_pictured` has found fit."""
    game, source = saved.experiment.game, saved.experiment.source
    assert game.sampler is not None
    arguments = saved.settings["arguments"]
    return Opened(run.path, game, game.sampler, source, arguments, run.variables, saved.step)


def _check(experiment: Experiment, run: SavedRun, command: str) -> None:
    game, source = experiment.game, experiment.source
    if source.example != "image" or not source.pictures or source.shape[2] not in (1, 3):
        field = "" if source.example == "image" else f"{source.example!r}, "
        raise UserError(
            f"{str(run.path)!r} generates {field}examples of shape {source.shape}, but jgan {command} "
            "is for pictures (height, width, 1 or 3) in the field 'image'."
        )
    if game.sampler is None:
        raise UserError(
            f"{str(run.path)!r} has no latent for jgan {command}: its game generates from data alone."
        )


def examples(run: Opened, choice: Choice) -> Examples:
    """The pictures that are chosen.

    Raises:
      UserError: if pictures cannot be read or there is no test set.
    """
    flags = [f"--{n}" for n in ("test", "train", "samples") if getattr(choice, n) is not None]
    if choice.images and flags:
        raise UserError(f"pictures and {flags[0]} were both given; give one of them.")
    if choice.images:
        return _own(run, choice)
    if choice.label is not None:
        raise UserError("--label is for pictures of your own, but none were given.")
    if choice.samples is not None or (choice.kind == "samples" and not flags):
        count = choice.samples or choice.usual
        draw = sampler(run.game, run.source)
        made = np.concatenate(list(draw(run.variables, count, choice.seed)))
        batch = _arrays({**conditions(run.source, choice.seed).at(np.arange(count)), "image": made})
        return Examples(
            batch, [f"sample {i}" for i in range(count)], f"{count} samples of the generator"
        )
    source, split = run.source, "training"
    if choice.train is None:
        test, reason = held_out_set(run.source, run.arguments)
        if test is None and choice.test is not None:
            raise UserError(
                f"--test is {choice.test}, but there is no test set: {reason}; use --train."
            )
        source, split = (source, split) if test is None else (test, "test")
    count = choice.train or choice.test or choice.usual
    rows = draw_rows(source.size, count, stream(choice.seed, "examples"), source.class_labels)
    names = [f"{split} {row}" for row in rows]
    return Examples(
        _arrays(source.at(rows)), names, f"{len(rows)} {split} examples of {source.name}"
    )


def table(names: list[str], columns: dict[str, np.ndarray]) -> dict[str, Any]:
    """``"mean"`` of each column, and its value for each of the pictures with these names, for JSON.

    >>> table(["a", "b"], {"l1": np.asarray([1.0, 3.0])})["mean"]
    {'l1': 2.0}
    """
    return {
        "mean": {name: float(values.mean()) for name, values in columns.items()},
        "images": [
            {"name": name} | {column: float(values[i]) for column, values in columns.items()}
            for i, name in enumerate(names)
        ],
    }


def check_finite(values: Any, what: str) -> None:
    """Raise UserError unless all values are finite numbers."""
    if not all(bool(np.isfinite(np.asarray(leaf)).all()) for leaf in jax.tree.leaves(values)):
        raise UserError(
            f"{what} are not all finite; the training has diverged, so take an earlier --step."
        )


def _own(run: Opened, choice: Choice) -> Examples:
    named = [one for image in choice.images for one in _read(image, run.source.shape)]
    pictures, count = [picture for _, picture in named], len(named)
    batch = _arrays({**run.source.first(count), "image": np.stack(pictures)})
    if choice.label is not None:
        number = class_number(run.source, choice.label, "--label")
        batch["label"] = jnp.full((count,), number, jnp.int32)
    elif _reads_field(run, batch, "label"):
        raise UserError(
            "this game is told the class of what it generates; give that of your pictures by --label."
        )
    return Examples(
        batch,
        [name for name, _ in named],
        f"{count} picture{'s' * (count > 1)} of your own",
    )


def _read(image: Picture, shape: tuple[int, ...]) -> list[tuple[str, np.ndarray]]:
    """The pictures of a file or of an array, with their names."""
    if isinstance(image, str | Path):
        return [(str(image), _values(_read_file(Path(image), shape)[None])[0])]
    array = np.asarray(image)
    if array.shape[-3:] != tuple(shape) or array.ndim not in (3, 4):
        raise UserError(
            f"images has an array of shape {array.shape}, but the run's pictures have the shape {shape}."
        )
    pictures = array.reshape(-1, *shape)
    pictures = _values(pictures) if array.dtype == np.uint8 else pictures.astype(np.float32)
    return [(f"picture {number}", picture) for number, picture in enumerate(pictures)]


def _values(pixels: np.ndarray) -> np.ndarray:
    """Pictures ``(N, ...)`` uint8 as a source gives them, float32 in [-1, 1]."""
    values: np.ndarray = gather({"": pixels}, np.arange(len(pixels)))[""]
    return values


def _read_file(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    if not path.is_file():
        wrong = "is a folder" if path.is_dir() else "does not exist"
        raise UserError(f"picture {str(path)!r} {wrong}; give files of pictures.")
    try:
        return read_picture(path, (shape[0], shape[1], shape[2]))
    except Exception as error:  # a damaged file fails in as many ways as there are formats
        raise UserError(
            f"picture {str(path)!r} cannot be read: {str(error).rstrip('.')}."
        ) from error


def _reads_field(run: Opened, batch: dict[str, jax.Array], field: str) -> bool:
    """Whether the generator's program reads a field of the batch."""
    if field not in batch:
        return False
    latent = run.sampler.latent(jax.random.key(0), batch)
    generate = jax.jit(lambda variables, batch: run.sampler.for_batch(variables, batch, latent))
    return field in fields_read(generate, run.variables, batch)


def _arrays(fields: dict[str, Any]) -> dict[str, jax.Array]:
    return {name: jnp.asarray(values) for name, values in fields.items()}
