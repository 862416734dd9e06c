"""Samples of a trained run, as arrays and as files."""

import io
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import jax
import numpy as np

from jgan.arguments import check_number
from jgan.commands.classes import class_number, is_class_conditional, of_class
from jgan.commands.command import command
from jgan.commands.images import Images
from jgan.commands.kinds import Count, NotNegative
from jgan.commands.paths import check_folder, output
from jgan.commands.saved_run import RunLike, SavedRun, checkpoint_words, opened_run
from jgan.data import Source
from jgan.data.conditions import conditions
from jgan.data.values import is_mask
from jgan.display import task
from jgan.errors import UserError
from jgan.evaluation.samples import AT_ONCE, sampler
from jgan.files import make_folder, write_atomically
from jgan.runs.images import encode_png, picture, shown_channels, to_uint8
from jgan.runs.saved import Saved
from jgan.training.user_code import as_user_error

SampleFile = Annotated[str | Path, output(".png", ".npz", folder=True)]


@command
def sample(
    run: RunLike,
    *,
    count: Count = 64,
    seed: NotNegative = 0,
    label: str | int | None = None,
    view: str = "samples",
    out: SampleFile | None = None,
    say: Callable[[str], None] = lambda line: None,
    **options: float,
) -> Any:
    """Draw samples of a trained generator.

    Sample i depends only on the seed and on i, not on the count. The classes of a conditional game are drawn by
    their shares in the data.

    Args:
      run: Run directory, or the `Run` that `jgan.load` returns.
      count: Number of samples, or largest number of rows of a view that is a sheet.
      seed: Seed of the latents and of the labels.
      label: Make samples of this class only, given by its name or by its number from 0.
      view: View of the game that is drawn.
      out: FILE.png for one grid, FILE.npz for arrays, with the labels if there are any, or a new folder for
        single pictures.
      say: Called with a line about each file that is written.
      **options: Options that the game's sampler declares, such as a truncation.

    Returns:
      `Images` ``(count, H, W, C)`` in [-1, 1], with the classes that they were made for as ``label``; points
      ``(count, d)``; or a dict of arrays by field, if an example has several.

    Raises:
      UserError: If the run, the class, the view or an option does not exist.
    """
    opened = opened_run(run)

    def draw(saved: Saved) -> Any:
        for name, value in options.items():
            with as_user_error(name):
                check_number(name, value)
        place = None if out is None else _place(Path(out))
        return _sample(opened, saved, count, seed, label, view, place, say, options)

    return opened.look(draw)


def _place(out: Path) -> Path:
    if out.suffix.lower() not in (".png", ".npz"):
        check_folder(out)
    make_folder(out.parent)
    return out


def _sample(
    run: SavedRun,
    saved: Saved,
    count: int,
    seed: int,
    label: str | int | None,
    view: str,
    out: Path | None,
    say: Callable[[str], None],
    options: dict[str, float],
) -> Any:
    game, source = saved.experiment.game, saved.experiment.source
    variables, averaged = run.variables, run.averaged
    conditional = is_class_conditional(game, source)
    if label is not None:
        number = class_number(source, label, "--class")
        if not conditional:
            raise UserError(
                f"--class is {label!r}, but this game is not told the class of what it generates."
            )
        source = of_class(source, number)
        parts = sampler(game, source, view, options=options)(variables, count, seed)
    else:
        parts = run.batches(view, count, seed, options)
    batches = []
    with task("drawing", count, "samples") as shown:
        for part in parts:
            batches.append(part)
            shown.update(min(len(batches) * AT_ONCE, count))
    made = jax.tree.map(lambda *leaves: np.concatenate(leaves), *batches)
    kind = "" if out is None else out.suffix.lower()
    if out is not None and kind != ".npz" and not _drawable(made, source):
        raise UserError(
            f"--out is {str(out)!r}, but the view {view!r} shows neither pictures nor points; "
            "give a file that ends in .npz."
        )
    # Other views show other labels than the batch's, unless all of them are of one class.
    labels = None
    if conditional and (view == "samples" or label is not None):
        labels = conditions(source, seed).at(np.arange(count), ("label",))["label"]
    if out is not None:
        reference = None
        if kind != ".npz" and made.ndim == 2:  # points are drawn over those of the data
            reference = source.example_of(conditions(source, seed).at(np.arange(2048)))
        wrote = write(made, out, reference, labels)
        say(f"wrote {wrote} ({checkpoint_words(saved.step, averaged)})")
    return _shown(made, labels)


def _shown(made: Any, labels: np.ndarray | None) -> Any:
    """Pictures as `Images`, whatever else as it is."""
    if isinstance(made, Mapping):
        return {name: _shown(values, labels) for name, values in made.items()}
    if isinstance(made, np.ndarray) and made.ndim == 4 and made.dtype.kind == "f":
        return Images.of(made, labels)
    return made


def _drawable(made: Any, source: Source) -> bool:
    """Whether samples are pictures, or points that may be drawn over the data's."""
    is_plotted = isinstance(made, np.ndarray) and made.ndim == 2 and source.points
    return is_plotted or (isinstance(made, np.ndarray) and made.ndim in (4, 5))


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
    shown = shown_channels(images.shape[-1]) if images.ndim in (4, 5) else ""
    shown = f", {shown}," if shown else ""
    if kind == ".png" or images.ndim != 4:
        name = "sheet.png" if images.ndim == 5 else "points.png"
        path = out if kind == ".png" else make_folder(out) / name
        write_atomically(path, encode_png(picture(images, reference)))
        count = len(images) if images.ndim != 5 else math.prod(images.shape[:2])
        return f"a picture of {count} examples{shown} to {path}"
    make_folder(out)
    for index, image in enumerate(to_uint8(images)):
        write_atomically(out / f"{index:06d}.png", encode_png(image))
    return f"{len(images)} pictures{shown} to {out}"


def _is_picture(field: str, values: np.ndarray) -> bool:
    return values.ndim in (4, 5) and values.dtype.kind == "f" and not is_mask(field)
