"""``jgan sample RUN``: pictures or arrays from a trained run."""

import argparse
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jgan.cli.common import (
    add_checkpoint_flags,
    add_data_flags,
    add_view_flag,
    at_least,
    checkpoint_words,
    data_of,
    trained_variables,
)
from jgan.cli.flags import Parser, finite
from jgan.cli.paths import check_folder, named_path, output
from jgan.data import Source
from jgan.data.conditions import conditions
from jgan.errors import UserError
from jgan.evaluation.samples import options_of, sampler
from jgan.game import Game
from jgan.training.files import make_folder, write_atomically
from jgan.training.images import encode_png, picture, to_uint8
from jgan.training.saved import Data, load_run, without_data


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan sample", description=__doc__)
    parser.add_argument("run", type=named_path, help="run directory")
    parser.add_argument("--count", type=at_least(1), default=64, help="how many (default: 64)")
    parser.add_argument(
        "--seed", type=at_least(0), default=0, help="of latents and labels (default: 0)"
    )
    parser.add_argument(
        "--out",
        type=output(".png", ".npz", folder=True),
        help="FILE.png for one grid, FILE.npz for arrays, or a new folder for single pictures "
        "(default: RUN/grid.png)",
    )
    add_checkpoint_flags(parser)
    add_view_flag(parser)
    add_data_flags(parser)
    options, rest = parser.parse_known_args(words)
    for line in without_data(lambda data: _sample(options, rest, data), data_of(options)):
        print(line)
    return 0


def _sample(options: argparse.Namespace, rest: list[str], data: Data) -> list[str]:
    """Write what the flags ask for; returns in lines what was written."""
    saved = load_run(options.run, options.step, data)
    game, source = saved.experiment.game, saved.experiment.source
    chosen = _sampling(game, rest)
    out = options.out or options.run / "grid.png"
    if out.suffix.lower() not in (".png", ".npz"):
        check_folder(out)
    make_folder(out.parent)
    variables, averaged = trained_variables(saved, options.ema)
    draw = sampler(game, source, options.view, options=chosen)
    parts = list(draw(variables, options.count, options.seed))
    made = jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
    kind = out.suffix.lower()
    if kind != ".npz" and not _drawable(made, source):
        raise UserError(
            f"--out is {str(out)!r}, but the view {options.view!r} shows neither pictures nor points; "
            "give a file that ends in .npz."
        )
    reference = None
    if kind != ".npz" and made.ndim == 2:  # points are drawn over those of the data
        reference = source.example_of(conditions(source, options.seed).at(np.arange(2048)))
    wrote = write(made, out, reference)
    return [f"wrote {wrote} ({checkpoint_words(saved.step, averaged)})"]


def _sampling(game: Game, words: list[str]) -> dict[str, float]:
    """The options that the game's sampler declares, as flags: those of ``words`` that are given.

    Raises:
      UserError: if a word is no such flag.
    """
    parser = Parser(prog="jgan sample", argument_default=argparse.SUPPRESS)
    for name, option in options_of(game).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=finite, help=option.help)
    return vars(parser.parse_args(words))


def _drawable(made: Any, source: Source) -> bool:
    """Whether samples are pictures, or points that may be drawn over the data's."""
    return isinstance(made, np.ndarray) and (made.ndim == 4 or (made.ndim == 2 and source.points))


def write(images: Any, out: Path, reference: Any) -> str:
    """Write images or points as ``out``'s name asks; returns what was written, in words.

    A .npz file also takes a dict of several fields by name, or whatever else an array holds.
    """
    make_folder(out.parent)
    kind = out.suffix.lower()
    if kind == ".npz":
        buffer = io.BytesIO()
        fields = images if isinstance(images, Mapping) else {"image": images}
        stored: dict[str, Any] = {
            name: to_uint8(values) if values.ndim == 4 else values
            for name, values in fields.items()
        }
        np.savez_compressed(buffer, **stored)
        write_atomically(out, buffer.getvalue())
        count, names = len(next(iter(fields.values()))), ", ".join(map(repr, fields))
        return f"{count} examples as {names} to {out}"
    if kind == ".png" or images.ndim != 4:
        path = out if kind == ".png" else make_folder(out) / "points.png"
        write_atomically(path, encode_png(picture(images, reference)))
        return f"a picture of {len(images)} examples to {path}"
    make_folder(out)
    for index, image in enumerate(to_uint8(images)):
        write_atomically(out / f"{index:06d}.png", encode_png(image))
    return f"{len(images)} pictures to {out}"
