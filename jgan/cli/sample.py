"""``jgan sample RUN``: pictures or arrays from a trained run."""

import argparse
import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np

from jgan.cli.classes import class_number, is_told_labels, of_class
from jgan.cli.common import (
    add_checkpoint_flags,
    add_view_flag,
    at_least,
)
from jgan.cli.flags import Parser, finite
from jgan.data import Source
from jgan.data.values import is_mask
from jgan.errors import UserError
from jgan.evaluation.samples import AT_ONCE, drawn_from, options_of, sampler
from jgan.game import Game, Variables
from jgan.training.experiment import Experiment
from jgan.training.files import make_folder, write_atomically
from jgan.training.images import encode_png, picture, shown_channels, to_uint8
from jgan.training.saved import experiment_of_run, load_state


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan sample", description=__doc__)
    parser.add_argument("run", type=Path, help="run directory")
    parser.add_argument("--count", type=at_least(1), default=64, help="how many (default: 64)")
    parser.add_argument("--seed", type=at_least(0), default=0, help="of the latents (default: 0)")
    parser.add_argument(
        "--out",
        type=Path,
        help="FILE.png for one grid, FILE.npz for arrays, with the labels if there are any, anything "
        "else is a folder of single pictures (default: RUN/grid.png)",
    )
    parser.add_argument(
        "--class",
        dest="of_class",
        metavar="CLASS",
        help="make samples of this class only: its name, or its number from 0",
    )
    add_checkpoint_flags(parser)
    add_view_flag(parser)
    options, rest = parser.parse_known_args(words)
    experiment, _ = experiment_of_run(options.run, options.step)
    chosen = _sampling(experiment.game, rest)
    out = options.out or options.run / "grid.png"
    make_folder(out.parent)
    variables = trained_variables(experiment, options.run, options.step, options.ema)
    source, told = experiment.source, is_told_labels(experiment.game, experiment.source)
    if options.of_class is not None:
        number = class_number(source, options.of_class, "--class")
        if not told:
            raise UserError(
                f"--class is {options.of_class!r}, but this game is not told the class of what it generates."
            )
        source = of_class(source, number)
    draw = sampler(experiment.game, source, options.view, options=chosen)
    parts = list(draw(variables, options.count, options.seed))
    made = jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
    if out.suffix.lower() != ".npz" and not _drawable(made, source):
        raise UserError(
            f"--out is {str(out)!r}, but the view {options.view!r} shows neither pictures nor points; "
            "give a file that ends in .npz."
        )
    # Other views show other labels than the batch's, unless all of them are of one class.
    labels = None
    if told and (options.view == "samples" or options.of_class is not None):
        labels = _labels(source, options.count, options.seed)
    print(f"wrote {write(made, out, source.example_of(source.first(2048)), labels)}")
    return 0


def _sampling(game: Game, words: list[str]) -> dict[str, float]:
    """The options that the game's sampler declares, as flags: those of ``words`` that are given.

    Raises:
      UserError: if a word is no such flag.
    """
    parser = Parser(prog="jgan sample", argument_default=argparse.SUPPRESS)
    for name, option in options_of(game).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=finite, help=option.help)
    return vars(parser.parse_args(words))


def _labels(source: Source, count: int, seed: int) -> np.ndarray:
    """The labels that samples are made for, ``(count,)`` or ``(count, A)``."""
    only = replace(source, arrays={"label": source.arrays["label"]}, tables={}, example="label")
    batches = [drawn_from(only, index, seed)[0] for index in range(-(-count // AT_ONCE))]
    return np.concatenate([batch["label"] for batch in batches])[:count]


def _drawable(made: Any, source: Source) -> bool:
    """Whether samples are pictures, or points that may be drawn over the data's."""
    return isinstance(made, np.ndarray) and (made.ndim == 4 or (made.ndim == 2 and source.points))


def trained_variables(
    experiment: Experiment, run: Path, step: int | None = None, ema: bool | None = None
) -> Variables:
    """Variables of a run's checkpoint; averaged ones if ``ema``, or if None and there are any.

    Args:
      experiment: by `experiment_of_run` for the same step.
      run: the run directory.
      step: of the checkpoint; None for the newest.
      ema: whether averaged ones are asked for.

    Raises:
      UserError: if there is no such checkpoint, or no average though it is asked for.
    """
    state = load_state(experiment, run, step)
    if ema and not state.averages:
        raise UserError(
            "--ema was given, but this run keeps no average of its generator; use --no-ema."
        )
    return state.variables if ema is False else state.averaged_variables()


def write(images: Any, out: Path, reference: Any, label: np.ndarray | None = None) -> str:
    """Write images or points as ``out``'s name asks; returns what was written, in words.

    A .npz file also takes a dict of several fields by name, or whatever else an array holds, and the labels
    that examples were made for as ``label``. Of pictures with 2, 5 or more channels a .png shows what
    `jgan.training.images.drawable` says.
    """
    make_folder(out.parent)
    if out.suffix.lower() == ".npz":
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
    if out.suffix.lower() == ".png" or images.ndim != 4:
        path = out if out.suffix.lower() == ".png" else make_folder(out) / "points.png"
        write_atomically(path, encode_png(picture(images, reference)))
        return f"a picture of {len(images)} examples{shown} to {path}"
    make_folder(out)
    for index, image in enumerate(to_uint8(images)):
        write_atomically(out / f"{index:06d}.png", encode_png(image))
    return f"{len(images)} pictures{shown} to {out}"


def _is_picture(field: str, values: np.ndarray) -> bool:
    return values.ndim == 4 and values.dtype.kind == "f" and not is_mask(field)
