"""``jgan interpolate RUN``: what lies between latents, as a strip and an animation."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np

from jgan.cli.common import at_least
from jgan.cli.flags import Parser
from jgan.cli.sample import trained_variables
from jgan.errors import UserError
from jgan.training.files import make_folder, write_atomically
from jgan.training.images import encode_png
from jgan.training.interpolation import (
    PATHS,
    animation,
    loop_shares,
    strip,
    travel,
)
from jgan.training.saved import experiment_of_run


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(words)
    experiment, _ = experiment_of_run(options.run, options.step)
    variables = trained_variables(experiment, options.run, options.step)
    batch = {
        name: jnp.asarray(rows) for name, rows in experiment.source.first(options.rows).items()
    }
    sampler = experiment.game.sampler
    if sampler is None:
        raise UserError(
            f"{str(options.run)!r} has no latent to interpolate: its game generates from data alone."
        )
    out = make_folder(options.out or options.run / "interpolation")
    shares = np.concatenate([np.linspace(0, 1, options.steps), loop_shares(options.frames)])
    frames = travel(sampler, variables, batch, shares, kind=options.kind, seed=options.seed)
    source = experiment.source
    if not (source.pictures or source.points):
        raise UserError(
            f"{str(options.run)!r} generates {source.example!r} of shape {source.shape}, but jgan interpolate "
            "draws pictures (height, width, channels) or points."
        )
    reference = source.example_of(source.first(2048))
    content = {
        "strip.png": encode_png(strip(frames[: options.steps], reference)),
        "loop.gif": animation(frames[options.steps :], reference),
    }
    for name, data in content.items():
        write_atomically(out / name, data)
    print(
        f"wrote {out / 'strip.png'} ({options.rows} {options.kind} paths of {options.steps} examples) "
        f"and {out / 'loop.gif'} ({options.frames} frames)"
    )
    return 0


def parser() -> Parser:
    """The command's flags."""
    result = Parser(prog="jgan interpolate", description=__doc__)
    result.add_argument("run", type=Path, help="run directory")
    result.add_argument(
        "--kind",
        choices=sorted(PATHS),
        default="spherical",
        help="straight lines, or arcs that keep a normal latent's length (default: spherical)",
    )
    result.add_argument("--rows", type=at_least(1), default=8, help="paths (default: 8)")
    result.add_argument(
        "--steps", type=at_least(2), default=9, help="examples a path in the strip (default: 9)"
    )
    result.add_argument(
        "--frames", type=at_least(2), default=60, help="of the animation (default: 60)"
    )
    result.add_argument("--seed", type=at_least(0), default=0, help="of the latents (default: 0)")
    result.add_argument("--step", type=at_least(0), help="checkpoint (default: the newest)")
    result.add_argument("--out", type=Path, help="folder (default: RUN/interpolation)")
    return result
