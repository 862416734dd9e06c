"""What the commands that look into a trained generator share: the run, the pictures, the report."""

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.cli.classes import class_number
from jgan.cli.common import (
    add_checkpoint_flags,
    add_data_flags,
    at_least,
    data_of,
    held_out_set,
    not_kept,
    trained_variables,
)
from jgan.cli.flags import Parser
from jgan.cli.paths import named_path, output
from jgan.data import Source, gather
from jgan.data.conditions import conditions
from jgan.data.pictures import read_picture
from jgan.errors import UserError
from jgan.evaluation.samples import fields_read, sampler
from jgan.files import make_folder, write_atomically
from jgan.game import Game, Sampler, Variables
from jgan.metrics.subsets import draw_rows, stream
from jgan.runs.images import encode_png, grid
from jgan.runs.saved import Data, load_run
from jgan.training.experiment import Experiment

LEAST = 64  # pixels of a tile


class Opened(NamedTuple):
    """A run of pictures with a sampler.

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


def add_run_flags(parser: Parser, out: str) -> None:
    """RUN, its checkpoint, --seed, --out and --json."""
    parser.add_argument("run", type=named_path, help="run directory")
    add_checkpoint_flags(parser)
    parser.add_argument(
        "--seed", type=at_least(0), default=0, help="of every random choice (default: 0)"
    )
    parser.add_argument(
        "--out",
        type=output(".png"),
        help=f"FILE.png, beside which the numbers lie as FILE.json (default: RUN/{out}.png)",
    )
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    add_data_flags(parser)
    parser.set_defaults(name=out)


def add_picture_flags(parser: Parser, count: int, kind: str = "test") -> None:
    """IMAGES and the choice of examples instead of them.

    Args:
      parser: to add to.
      count: of pictures, where none are asked for.
      kind: of pictures, where none are asked for: "test", or the training set's without a test set, or
        "samples".
    """
    parser.add_argument(
        "images",
        nargs="*",
        type=named_path,
        help="pictures of your own, of any size and format: cropped at the centre to the shape of the "
        "run's data and resized by Lanczos, as `folder:` does; grey where the data are grey",
    )
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "--test",
        type=at_least(1),
        metavar="N",
        help="N examples of the test set, drawn by the seed"
        + (f" (default: {count}, of the training set if there is none)" if kind == "test" else ""),
    )
    chosen.add_argument(
        "--train", type=at_least(1), metavar="N", help="N training examples, drawn by the seed"
    )
    chosen.add_argument(
        "--samples",
        type=at_least(1),
        metavar="N",
        help="N samples of the generator itself, those of `jgan sample --seed`"
        + (f" (default: {count})" if kind == "samples" else ""),
    )
    parser.add_argument(
        "--label", help="class of your pictures, by name or number, if the game is told classes"
    )
    parser.set_defaults(count=count, kind=kind)


def opened(options: argparse.Namespace, command: str, data: Data | None = None) -> Opened:
    """The run of the command line; ``data`` in place of what its flags say of them.

    Raises:
      UserError: if it is no run, has no checkpoint or no latents, or generates points.
    """

    def check(experiment: Experiment) -> None:
        source = experiment.source
        if source.example != "image" or not source.pictures or source.shape[2] not in (1, 3):
            field = "" if source.example == "image" else f"{source.example!r}, "
            raise UserError(
                f"{str(options.run)!r} generates {field}examples of shape {source.shape}, but jgan {command} "
                "is for pictures (height, width, 1 or 3) in the field 'image'."
            )
        if experiment.game.sampler is None:
            raise UserError(
                f"{str(options.run)!r} has no latent for jgan {command}: its game generates from data alone."
            )

    saved = load_run(options.run, options.step, data or data_of(options), check)
    game, source = saved.experiment.game, saved.experiment.source
    assert game.sampler is not None
    variables, _ = trained_variables(saved, options.ema)
    arguments = saved.settings["arguments"]
    return Opened(options.run, game, game.sampler, source, arguments, variables, saved.step)


def examples(options: argparse.Namespace, run: Opened) -> Examples:
    """The pictures that the command line asks for.

    Raises:
      UserError: if pictures cannot be read or there is no test set.
    """
    flags = [f"--{n}" for n in ("test", "train", "samples") if getattr(options, n) is not None]
    if options.images and flags:
        raise UserError(f"pictures and {flags[0]} were both given; give one of them.")
    if options.images:
        return _own(options, run)
    if options.label is not None:
        raise UserError("--label is for pictures of your own, but none were given.")
    if options.samples is not None or (options.kind == "samples" and not flags):
        count = options.samples or options.count
        draw = sampler(run.game, run.source)
        made = np.concatenate(list(draw(run.variables, count, options.seed)))
        batch = _arrays(
            {**conditions(run.source, options.seed).at(np.arange(count)), "image": made}
        )
        return Examples(
            batch, [f"sample {i}" for i in range(count)], f"{count} samples of the generator"
        )
    source, split = run.source, "training"
    if options.train is None:
        test, reason = held_out_set(run.source, run.arguments)
        if test is None and options.test is not None:
            raise UserError(
                f"--test is {options.test}, but there is no test set: {reason}; use --train."
            )
        source, split = (source, split) if test is None else (test, "test")
    count = options.train or options.test or options.count
    rows = draw_rows(source.size, count, stream(options.seed, "examples"), source.class_labels)
    names = [f"{split} {row}" for row in rows]
    return Examples(
        _arrays(source.at(rows)), names, f"{len(rows)} {split} examples of {source.name}"
    )


def report(
    options: argparse.Namespace, run: Opened, rows: list[np.ndarray], findings: dict[str, Any]
) -> list[str]:
    """Write the picture, a row for each array ``(n, H, W, C)``, and the numbers; returns what was written.

    Where the run directory cannot be written and no other place is given, a sentence says so.
    """
    out = options.out or options.run / f"{options.name}.png"
    sheet = grid(np.concatenate([np.asarray(row) for row in rows]), columns=len(rows[0]))
    times = -(-LEAST // rows[0].shape[1])
    about = {"run": str(options.run), "step": run.step, "seed": options.seed}
    text = json.dumps({**about, **findings}, indent=2, allow_nan=False)
    if options.json:
        print(text)
    try:
        make_folder(out.parent)
        write_atomically(out, encode_png(sheet.repeat(times, axis=0).repeat(times, axis=1)))
        write_atomically(out.with_suffix(".json"), text + "\n")
    except UserError as error:
        if options.out:
            raise
        not_kept(error)
        return []
    return [f"wrote {out} and {out.with_suffix('.json')}"]


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


def _own(options: argparse.Namespace, run: Opened) -> Examples:
    pictures = [_read(path, run.source.shape) for path in options.images]
    count = len(pictures)
    batch = _arrays(
        {**run.source.first(count), "image": gather({"": np.stack(pictures)}, np.arange(count))[""]}
    )
    if options.label is not None:
        number = class_number(run.source, options.label, "--label")
        batch["label"] = jnp.full((count,), number, jnp.int32)
    elif _reads_field(run, batch, "label"):
        raise UserError(
            "this game is told the class of what it generates; give that of your pictures by --label."
        )
    return Examples(
        batch,
        [str(path) for path in options.images],
        f"{count} picture{'s' * (count > 1)} of your own",
    )


def _read(path: Path, shape: tuple[int, ...]) -> np.ndarray:
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
