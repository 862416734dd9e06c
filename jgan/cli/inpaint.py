"""``jgan inpaint RUN [IMAGES...]``: fill a hole with what the generator would put there."""

import argparse
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from jgan.analysis.blending import paste, poisson_blend
from jgan.analysis.inpainting import (
    MASKS,
    Inpainting,
    hole_psnr,
    inpaint,
    make_mask,
    mean_fill,
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
from jgan.cli.flags import Parser, rate
from jgan.cli.invert import add_search_flags, clip_limit, search_key
from jgan.data import gather
from jgan.data.pictures import convert, formats
from jgan.errors import UserError

BLENDS = {"poisson": poisson_blend, "paste": paste}
AVERAGED = 4096
PRIOR = 0.1


def main(words: list[str]) -> int:
    """Run the command; returns the exit code."""
    options = parser().parse_intermixed_args(words)  # flags may stand between RUN and IMAGES
    run = opened(options, "inpaint")
    mask = jnp.asarray(mask_of(options.mask, run.source.shape, options.seed))
    targets = examples(options, run)
    images = targets.batch["image"]
    began = time.perf_counter()
    if options.prior is None:
        options.prior = PRIOR if run.game.scene is not None else 0.0
    limit = clip_limit(options, run, targets.batch)
    found = _filled(options, run, targets.batch, mask, limit)
    check_finite((found.generated, found.context), "what the generator puts into the holes")
    blended = BLENDS[options.blend](images, found.generated, mask)
    fills = {
        "psnr": blended,
        "psnr_generated": found.generated,
        "psnr_mean_fill": mean_fill(images, mask),
        "psnr_mean_image": jnp.broadcast_to(_mean_image(run), images.shape),
    }
    columns = {
        "context_start": np.asarray(found.start),
        "context": np.asarray(found.context),
        **{name: _decibels(hole_psnr(fill, images, mask)) for name, fill in fills.items()},
    }
    names = ("steps", "restarts", "lr", "prior", "window", "blend")
    findings: dict[str, Any] = {
        "of": targets.origin,
        "mask": options.mask,
        "missing": float(jnp.mean(~mask)),
        "settings": {name: getattr(options, name) for name in names} | {"clip": limit},
        "seconds": round(time.perf_counter() - began, 2),
        **table(targets.names, columns),
    }
    hidden = paste(images, jnp.zeros_like(images), mask)
    rows = [np.asarray(row) for row in (images, hidden, found.generated, blended)]
    lines = report(options, run, rows, findings)
    if not options.json:
        print(
            f"{targets.origin}; rows: picture, with its hole, generated, filled ({options.blend})"
        )
        for name, value in findings["mean"].items():
            print(f"  {name:<15} {value:.4g}{' dB' if name.startswith('psnr') else ''}")
        print("\n".join(lines))
    return 0


def parser() -> Parser:
    """The command's flags."""
    result = Parser(
        prog="jgan inpaint",
        description=f"{__doc__} PSNR is that of the hole's pixels, against the whole picture; mean_fill is "
        "each picture's mean known colour, mean_image the training set's mean picture.",
    )
    add_run_flags(result, "inpainting")
    add_picture_flags(result, 8)
    result.add_argument(
        "--mask",
        default="center",
        help="center (the middle half of both sides), left (the left half), random (80%% of the pixels), "
        "or FILE.png, black where the hole is (default: center)",
    )
    add_search_flags(result, steps=300, learning_rate=0.05)
    result.add_argument(
        "--prior",
        type=rate,
        help=f"weight of log(1 - D(G(z))) (default: {PRIOR}, or 0 for a game without discriminator)",
    )
    result.add_argument(
        "--window",
        type=at_least(0),
        default=7,
        help="known pixels weigh by how much of this square around them is missing, odd; 0 weighs all alike "
        "(default: 7)",
    )
    result.add_argument(
        "--blend",
        choices=sorted(BLENDS),
        default="poisson",
        help="carry the generated gradients or the generated pixels into the hole (default: poisson)",
    )
    return result


def mask_of(name: str, shape: tuple[int, ...], seed: int, flag: str = "--mask") -> np.ndarray:
    """The mask ``(height, width)`` that a flag names for pictures of this shape, true where they are known.

    A file is cropped and resized as pictures are; what is darker than middle grey is hole.

    Raises:
      UserError: if there is no such mask, the file cannot be read, or it leaves nothing known or no hole.
    """
    height, width = shape[:2]
    if name in MASKS:
        return make_mask(name, height, width, seed)
    path = Path(name)
    if not path.suffix:
        raise UserError(f"{flag} is {name!r}, but must be {', '.join(MASKS)} or a picture's file.")
    if not path.is_file():
        raise UserError(f"{flag} is {name!r}, but there is no such file.")
    try:
        with Image.open(path, formats=formats()) as image:
            known = convert(image, (height, width, 1))[:, :, 0] >= 128
    except Exception as error:  # a damaged file fails in as many ways as there are formats
        raise UserError(f"{flag} {name!r} cannot be read: {str(error).rstrip('.')}.") from error
    if known.all() or not known.any():
        lacks = "black" if known.all() else "white"
        raise UserError(
            f"{flag} {name!r} has nothing {lacks} in it; black is hole and white is known."
        )
    return known


def _filled(
    options: argparse.Namespace,
    run: Opened,
    batch: dict[str, jax.Array],
    mask: jax.Array,
    limit: float | None,
) -> Inpainting:
    search = jax.jit(
        lambda variables, batch, key: inpaint(
            run.game,
            variables,
            batch,
            mask,
            key,
            restarts=options.restarts,
            steps=options.steps,
            learning_rate=options.lr,
            prior=options.prior,
            window=options.window,
            limit=limit,
        )
    )
    try:
        return search(run.variables, batch, search_key(options.seed))
    except ValueError as error:  # what this game or these numbers do not allow
        raise UserError(str(error)) from error


def _mean_image(run: Opened) -> np.ndarray:
    chosen = np.unique(np.linspace(0, run.source.size - 1, AVERAGED).astype(int))
    return np.asarray(gather({"image": run.source.arrays["image"]}, chosen)["image"]).mean(axis=0)


def _decibels(values: jax.Array) -> np.ndarray:
    """Decibels that JSON can say: a perfect fill counts 140, which is float32's rounding."""
    return np.minimum(np.asarray(values), 140.0)
