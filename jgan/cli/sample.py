"""``jgan sample RUN``: pictures or arrays from a trained run."""

import argparse
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jgan.cli.classes import class_number, is_class_conditional, of_class
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
from jgan.data.values import is_mask
from jgan.errors import UserError
from jgan.evaluation.samples import options_of, sampler
from jgan.files import make_folder, write_atomically
from jgan.game import Game
from jgan.runs.images import encode_png, picture, shown_channels, to_uint8
from jgan.runs.saved import Data, load_run, without_data


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
        help="FILE.png for one grid, FILE.npz for arrays, with the labels if there are any, or a new "
        "folder for single pictures (default: RUN/grid.png)",
    )
    parser.add_argument(
        "--class",
        dest="of_class",
        metavar="CLASS",
        help="make samples of this class only: its name, or its number from 0",
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
    class_conditional = is_class_conditional(game, source)
    if options.of_class is not None:
        number = class_number(source, options.of_class, "--class")
        if not class_conditional:
            raise UserError(
                f"--class is {options.of_class!r}, but this game is not told the class of what it generates."
            )
        source = of_class(source, number)
    draw = sampler(game, source, options.view, options=chosen)
    parts = list(draw(variables, options.count, options.seed))
    made = jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
    kind = out.suffix.lower()
    if kind != ".npz" and not _drawable(made, source):
        raise UserError(
            f"--out is {str(out)!r}, but the view {options.view!r} shows neither pictures nor points; "
            "give a file that ends in .npz."
        )
    # Other views show other labels than the batch's, unless all of them are of one class.
    labels = None
    if class_conditional and (options.view == "samples" or options.of_class is not None):
        labels = conditions(source, options.seed).at(np.arange(options.count), ("label",))["label"]
    reference = None
    if kind != ".npz" and made.ndim == 2:  # points are drawn over those of the data
        reference = source.example_of(conditions(source, options.seed).at(np.arange(2048)))
    wrote = write(made, out, reference, labels)
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


def write(images: Any, out: Path, reference: Any, label: np.ndarray | None = None) -> str:
    """Write images or points as ``out``'s name asks; returns what was written, in words.

    A .npz file also takes a dict of several fields by name, or whatever else an array holds, and the labels
    that examples were made for as ``label``. Of pictures with 2, 5 or more channels a .png shows what
    `jgan.runs.images.drawable` says.
    """
    make_folder(out.parent)
    kind = out.suffix.lower()
    if kind == ".npz":
        buffer = io.BytesIO()
        fields = images if isinstance(images, Mapping) else {"image": images}
        if label is not None and "label" not in fields:
            fields = {**fields, "label": label}
        stored: dict[str, Any] = {
            name: to_uint8(values) if _is_picture(name, values) else values
            for name, values in fields.items()
        }
        np.savez_compressed(buffer, **stored)
        write_atomically(out, buffer.getvalue())
        count, names = len(next(iter(fields.values()))), ", ".join(map(repr, fields))
        return f"{count} examples as {names} to {out}"
    shown = shown_channels(images.shape[3]) if images.ndim == 4 else ""
    shown = f", {shown}," if shown else ""
    if kind == ".png" or images.ndim != 4:
        path = out if kind == ".png" else make_folder(out) / "points.png"
        write_atomically(path, encode_png(picture(images, reference)))
        return f"a picture of {len(images)} examples{shown} to {path}"
    make_folder(out)
    for index, image in enumerate(to_uint8(images)):
        write_atomically(out / f"{index:06d}.png", encode_png(image))
    return f"{len(images)} pictures{shown} to {out}"


def _is_picture(field: str, values: np.ndarray) -> bool:
    return values.ndim == 4 and values.dtype.kind == "f" and not is_mask(field)
