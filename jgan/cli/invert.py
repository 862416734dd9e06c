"""``jgan invert RUN [IMAGES...]``: latents from which the generator makes given pictures."""

import argparse
import io
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.analysis.inversion import (
    DISTANCES,
    Search,
    bound_of_prior,
    invert,
    mean_square,
)
from jgan.cli.common import at_least
from jgan.cli.examples import (
    Opened,
    add_picture_flags,
    add_run_flags,
    check_finite,
    examples,
    opened,
    report,
    table,
)
from jgan.cli.flags import MOST, Parser, rate
from jgan.errors import UserError
from jgan.files import write_atomically
from jgan.game import PyTree

WAYS = ("optimisation", "encoder", "both")


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_intermixed_args(words)  # flags may stand between RUN and IMAGES
    run = opened(options, "invert")
    encode = run.sampler.encode
    way = options.by or ("optimisation" if encode is None else "both")
    if way != "optimisation" and encode is None:
        raise UserError(
            f"--by is {way!r}, but this game has no encoder; use --by optimisation, or train one that "
            "has (BiGAN, VAE)."
        )
    targets = examples(options, run)
    began = time.perf_counter()
    images = targets.batch["image"]
    first = None
    if encode is not None and way != "optimisation":
        first = jax.jit(encode)(run.variables, images)
    limit = clip_limit(options, run, targets.batch)
    generate = jax.jit(run.sampler.for_batch)
    rows, columns = [np.asarray(images)], {}
    latent = first
    if first is not None:
        rows.append(np.asarray(generate(run.variables, targets.batch, first)))
        columns["encoder_l1"] = _l1(rows[-1], rows[0])
    if way != "encoder":
        found = _searched(options, run, targets.batch, first, limit)
        latent = found.latent
        rows.append(np.asarray(generate(run.variables, targets.batch, latent)))
        start = generate(run.variables, targets.batch, found.start)
        columns |= {"start_l1": _l1(np.asarray(start), rows[0]), "loss": np.asarray(found.loss)}
    check_finite(rows, "the generator's pictures")
    columns |= {
        "l1": _l1(rows[-1], rows[0]),
        "psnr": _psnr(rows[-1], rows[0]),
        "latent_rms": np.sqrt(np.asarray(mean_square(latent))),
    }
    rows.append(np.abs(rows[-1] - rows[0]) - 1)
    findings: dict[str, Any] = {
        "of": targets.origin,
        "by": way,
        "settings": _settings(options, limit) if way != "encoder" else {},
        "seconds": round(time.perf_counter() - began, 2),
        **table(targets.names, columns),
    }
    lines = report(options, run, rows, findings)
    if lines:
        out = options.out or options.run / f"{options.name}.png"
        lines.append(f"wrote the latents to {write_latents(out.with_suffix('.npz'), latent)}")
    if not options.json:
        mean = findings["mean"]
        made = " -> ".join(["pictures", *(["encoder"] if first is not None else [])])
        print(f"{targets.origin}, by {way}; rows: {made}, found, difference")
        for name in (
            n for n in ("start_l1", "encoder_l1", "l1", "psnr", "latent_rms") if n in mean
        ):
            print(f"  {name:<11} {mean[name]:.4g}")
        print("\n".join(lines))
    return 0


def parser() -> Parser:
    """The command's flags."""
    result = Parser(
        prog="jgan invert",
        description=f"{__doc__} L1 is the mean |difference| of values in [-1, 1]; the root mean square of "
        "the latent is about 1 for a draw of a normal prior, 0.58 of a uniform one.",
    )
    add_run_flags(result, "inversion")
    add_picture_flags(result, 8)
    result.add_argument(
        "--by",
        choices=WAYS,
        help="search by gradients, ask the game's encoder, or search from there (default: both, if "
        "there is an encoder)",
    )
    result.add_argument(
        "--distance",
        choices=sorted(DISTANCES),
        default="l1",
        help="what the search makes small (default: l1)",
    )
    add_search_flags(result, steps=500, learning_rate=0.1)
    result.add_argument(
        "--prior",
        type=rate,
        default=0.0,
        help="weight of mean z^2 / 2, against latents far from a normal prior (default: 0)",
    )
    return result


def add_search_flags(parser: Parser, *, steps: int, learning_rate: float) -> None:
    """Flags of a search for latents."""
    parser.add_argument(
        "--steps", type=at_least(1), default=steps, help=f"of Adam (default: {steps})"
    )
    parser.add_argument(
        "--restarts", type=at_least(1), default=4, help="searches for each picture (default: 4)"
    )
    parser.add_argument(
        "--lr",
        type=rate,
        default=learning_rate,
        help=f"learning rate, falling to 0 (default: {learning_rate})",
    )
    parser.add_argument(
        "--clip",
        type=rate,
        help="keep latents in [-CLIP, CLIP]; 0 for no limit (default: 1 for a prior that draws from "
        "[-1, 1], else no limit)",
    )


def clip_limit(
    options: argparse.Namespace, run: Opened, batch: dict[str, jax.Array]
) -> float | None:
    """The limit of the latents that the flags or the prior give.

    Raises:
      UserError: if the learning rate is 0.
    """
    if options.lr == 0:
        raise UserError("--lr is 0, but must be positive.")
    if options.clip is None:
        return bound_of_prior(run.sampler, batch, jax.random.key(options.seed))
    return options.clip or None


def search_key(seed: int) -> jax.Array:
    """The key of a search's starts, apart from those that samples of this seed are made from."""
    return jax.random.fold_in(jax.random.key(seed), MOST)


def write_latents(path: Path, latent: PyTree) -> Path:
    """Write a latent as the arrays of an ``.npz``: ``"latent"``, or ``"latent_0"``, ... in tree order."""
    leaves = jax.tree.leaves(latent)
    names = ["latent"] if len(leaves) == 1 else [f"latent_{i}" for i in range(len(leaves))]
    buffer = io.BytesIO()
    arrays: dict[str, Any] = dict(zip(names, map(np.asarray, leaves), strict=True))
    np.savez_compressed(buffer, **arrays)
    write_atomically(path, buffer.getvalue())
    return path


def _settings(options: argparse.Namespace, limit: float | None) -> dict[str, object]:
    names = ("distance", "steps", "restarts", "lr", "prior")
    return {name: getattr(options, name) for name in names} | {"clip": limit}


def _searched(
    options: argparse.Namespace,
    run: Opened,
    batch: dict[str, jax.Array],
    first: PyTree | None,
    limit: float | None,
) -> Search:
    search = jax.jit(
        lambda variables, batch, key, first: invert(
            run.sampler,
            variables,
            batch,
            key,
            first=first,
            restarts=options.restarts,
            steps=options.steps,
            learning_rate=options.lr,
            distance=options.distance,
            prior=options.prior,
            limit=limit,
        )
    )
    return search(run.variables, batch, search_key(options.seed), first)


def _l1(made: np.ndarray, images: np.ndarray) -> np.ndarray:
    return np.abs(made - images).mean(axis=(1, 2, 3))


def _psnr(made: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio in decibels, at most that of float32's rounding."""
    squares = np.maximum(
        np.square(made - images).mean(axis=(1, 2, 3)), jnp.finfo("float32").eps ** 2
    )
    return 10 * np.log10(4 / squares)
