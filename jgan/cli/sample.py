"""``jgan sample RUN``: pictures or arrays from a trained run."""

import io
from collections.abc import Iterator
from pathlib import Path

import jax
import numpy as np

from jgan.cli.common import at_least, experiment_of_run, shape_of_state
from jgan.cli.flags import Parser
from jgan.data import gather
from jgan.errors import UserError
from jgan.game import Variables
from jgan.training.checkpoint import Checkpoints
from jgan.training.experiment import Experiment
from jgan.training.files import make_folder, write_atomically
from jgan.training.images import encode_png, picture, to_uint8

AT_ONCE = 256


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    parser = Parser(prog="jgan sample", description=__doc__)
    parser.add_argument("run", type=Path, help="run directory")
    parser.add_argument("--count", type=at_least(1), default=64, help="how many (default: 64)")
    parser.add_argument("--seed", type=at_least(0), default=0, help="of the latents (default: 0)")
    parser.add_argument("--step", type=at_least(0), help="checkpoint (default: the newest)")
    parser.add_argument(
        "--view", default="samples", help="which view of the game (default: samples)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        help="FILE.png for one grid, FILE.npz for arrays, anything else is a folder of single "
        "pictures (default: RUN/grid.png)",
    )
    ema = parser.add_mutually_exclusive_group()
    ema.add_argument(
        "--ema", dest="ema", action="store_true", default=None, help="averaged generator"
    )
    ema.add_argument("--no-ema", dest="ema", action="store_false", help="the generator itself")
    options = parser.parse_args(words)
    experiment, _ = experiment_of_run(options.run)
    out = options.out or options.run / "grid.png"
    make_folder(out.parent)
    variables = trained_variables(experiment, options.run, options.step, options.ema)
    images = np.concatenate(
        list(views(experiment, variables, options.view, options.count, options.seed))
    )
    print(f"wrote {write(images, out, experiment.source.first(2048)['image'])}")
    return 0


def trained_variables(
    experiment: Experiment, run: Path, step: int | None = None, ema: bool | None = None
) -> Variables:
    """Variables of a run's checkpoint; averaged ones if ``ema``, or if None and there are any.

    Raises:
      UserError: if there is no such checkpoint, or no average though it is asked for.
    """
    like = shape_of_state(experiment)
    if not (run / "checkpoints").is_dir():
        raise UserError(f"{str(run)!r} holds no checkpoint; train the run first.")
    with Checkpoints(run / "checkpoints") as checkpoints:
        state = checkpoints.load(like, step)
    if ema and not state.averages:
        raise UserError(
            "--ema was given, but this run keeps no average of its generator; use --no-ema."
        )
    return state.variables if ema is False else state.averaged_variables()


def views(
    experiment: Experiment, variables: Variables, name: str, count: int, seed: int
) -> Iterator[np.ndarray]:
    """``count`` examples of the view called ``name``, at most `AT_ONCE` at a time.

    Example i depends on the seed and on i alone, whatever the count.

    Raises:
      UserError: if the game has no such view.
    """
    if name not in experiment.game.views:
        allowed = ", ".join(experiment.game.views)
        raise UserError(f"--view is {name!r}, but this experiment has only {allowed}.")
    view = jax.jit(experiment.game.views[name])
    source = experiment.source
    for start in range(0, count, AT_ONCE):
        batch = gather(source.arrays, (start + np.arange(AT_ONCE)) % source.size)
        key = jax.random.fold_in(jax.random.key(seed), start // AT_ONCE)
        yield np.asarray(view(variables, batch, key))[: count - start]


def write(images: np.ndarray, out: Path, reference: np.ndarray) -> str:
    """Write images or points as ``out``'s name asks; returns what was written, in words."""
    make_folder(out.parent)
    if out.suffix == ".npz":
        buffer = io.BytesIO()
        stored = to_uint8(images) if images.ndim == 4 else images
        np.savez_compressed(buffer, image=stored)
        write_atomically(out, buffer.getvalue())
        return f"{len(images)} examples as 'image' to {out}"
    if out.suffix == ".png" or images.ndim != 4:
        path = out if out.suffix == ".png" else make_folder(out) / "points.png"
        write_atomically(path, encode_png(picture(images, reference)))
        return f"a picture of {len(images)} examples to {path}"
    make_folder(out)
    for index, image in enumerate(to_uint8(images)):
        write_atomically(out / f"{index:06d}.png", encode_png(image))
    return f"{len(images)} pictures to {out}"
