"""``jgan interpolate RUN``: what lies between latents, as a strip and an animation."""

import argparse

import jax
import jax.numpy as jnp
import numpy as np

from jgan.cli.common import (
    add_data_flags,
    at_least,
    checkpoint_words,
    data_of,
    trained_variables,
)
from jgan.cli.flags import Parser
from jgan.commands.paths import named_path, output
from jgan.data.conditions import blank, conditions
from jgan.errors import UserError
from jgan.evaluation.samples import fields_read
from jgan.files import make_folder, write_atomically
from jgan.runs.images import encode_png
from jgan.runs.interpolation import (
    PATHS,
    animation,
    loop_shares,
    strip,
    travel,
)
from jgan.runs.saved import Data, load_run, without_data


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_args(words)
    print(without_data(lambda data: _interpolate(options, data), data_of(options)))
    return 0


def _interpolate(options: argparse.Namespace, data: Data) -> str:
    """Write strip and animation; returns in words what was written."""
    saved = load_run(options.run, options.step, data)
    game, source = saved.experiment.game, saved.experiment.source
    variables, averaged = trained_variables(saved)
    sampler = game.sampler
    if sampler is None:
        raise UserError(
            f"{str(options.run)!r} has no latent to interpolate: its game generates from data alone."
        )
    out = make_folder(options.out or options.run / "interpolation")
    shares = np.concatenate([np.linspace(0, 1, options.steps), loop_shares(options.frames)])
    if not (source.pictures or source.points):
        raise UserError(
            f"{str(options.run)!r} generates {source.example!r} of shape {source.shape}, but jgan interpolate "
            "draws pictures (height, width, channels) or points."
        )
    given = conditions(source, options.seed)
    conditioned = jax.jit(
        lambda variables, batch, latent: sampler.for_batch(variables, batch, latent)
    )
    batch = blank(source, options.rows)
    latent = sampler.latent(jax.random.key(options.seed), batch)
    read = fields_read(conditioned, variables, batch, latent)
    batch = {
        name: jnp.asarray(rows) for name, rows in given.at(np.arange(options.rows), read).items()
    }
    frames = travel(sampler, variables, batch, shares, kind=options.kind, seed=options.seed)
    reference = source.example_of(given.at(np.arange(2048))) if source.points else None
    content = {
        "strip.png": encode_png(strip(frames[: options.steps], reference)),
        "loop.gif": animation(frames[options.steps :], reference),
    }
    for name, content_of in content.items():
        write_atomically(out / name, content_of)
    return (
        f"wrote {out / 'strip.png'} ({options.rows} {options.kind} paths of {options.steps} examples; "
        f"{checkpoint_words(saved.step, averaged)}) and {out / 'loop.gif'} ({options.frames} frames)"
    )


def parser() -> Parser:
    """The command's flags."""
    result = Parser(prog="jgan interpolate", description=__doc__)
    result.add_argument("run", type=named_path, help="run directory")
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
    result.add_argument(
        "--out", type=output(folder=True), help="folder (default: RUN/interpolation)"
    )
    add_data_flags(result)
    return result
