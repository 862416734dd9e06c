"""Holes in pictures, filled with what a trained generator would put there."""

import time
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from jgan.analysis.blending import paste, poisson_blend
from jgan.analysis.inpainting import MASKS, Inpainting, hole_psnr, make_mask, mean_fill
from jgan.analysis.inpainting import inpaint as fill_hole
from jgan.commands.command import command
from jgan.commands.examples import (
    Choice,
    Opened,
    Picture,
    check_finite,
    check_pictured,
    examples,
    opened,
    table,
)
from jgan.commands.findings import Findings
from jgan.commands.images import Images
from jgan.commands.invert import clip_limit, search_key
from jgan.commands.kinds import Count, NotNegative, Rate
from jgan.commands.paths import PngFile
from jgan.commands.saved_run import RunLike, opened_run
from jgan.data import gather
from jgan.data.pictures import convert, formats
from jgan.display import task
from jgan.errors import UserError

BLENDS = {"poisson": poisson_blend, "paste": paste}
AVERAGED = 4096
PRIOR = 0.1


@command
def inpaint(
    run: RunLike,
    *images: Picture,
    test: Count | None = None,
    train: Count | None = None,
    samples: Count | None = None,
    label: str | int | None = None,
    mask: str = "center",
    steps: Count = 300,
    restarts: Count = 4,
    lr: Rate = 0.05,
    clip: Rate | None = None,
    prior: Rate | None = None,
    window: NotNegative = 7,
    blend: Literal["paste", "poisson"] = "poisson",
    seed: NotNegative = 0,
    out: PngFile | None = None,
) -> Findings:
    """Fill a hole in pictures with what a trained generator would put there.

    The rows of the findings are the pictures, the pictures with the hole, what was generated, and the
    pictures with the hole filled. PSNR is that of the hole's pixels, against the whole picture; mean_fill is
    each picture's mean known colour, mean_image the training set's mean picture.

    Args:
      run: Run directory, or the `Run` that `jgan.load` returns.
      *images: Pictures of your own, files of any size and format, which are cropped at the centre to the shape
        of the run's data and resized by Lanczos, or arrays ``(H, W, C)`` or ``(N, H, W, C)`` in [-1, 1].
      test: Work on this number of examples of the test set, chosen by the seed (default: 8, of the training
        set if there is none).
      train: Work on this number of training examples, chosen by the seed.
      samples: Work on this number of samples of the generator, those of `jgan sample --seed`.
      label: Class of your pictures, by name or number, if the game is conditioned on classes.
      mask: The hole: center (the middle half of both sides), left (the left half), random (80% of the pixels),
        or FILE.png, black where the hole is.
      steps: Number of steps of Adam.
      restarts: Number of searches for each picture, of which the best counts.
      lr: Learning rate of Adam, which falls to 0.
      clip: Keep latents in [-CLIP, CLIP]; 0 for no limit (default: 1 for a prior that draws from [-1, 1], else
        no limit).
      prior: Weight of log(1 - D(G(z))) (default: 0.1, or 0 for a game without discriminator).
      window: Side of the square around a known pixel whose missing share is the pixel's weight, an odd number;
        0 weighs all pixels alike.
      blend: Carry the generated gradients (poisson) or the generated pixels (paste) into the hole.
      seed: Seed of the choice of examples, of the random mask and of the starts of the search.
      out: FILE.png for the rows of pictures; the numbers are written beside it as FILE.json.

    Returns:
      The pictures and their numbers.

    Raises:
      UserError: If the run generates no pictures from latents, or the pictures or the mask cannot be read.
    """
    saved = opened_run(run)
    of = opened(saved, check_pictured(saved, "inpaint", with_data=True))
    known = jnp.asarray(mask_of(mask, of.source.shape, seed))
    targets = examples(of, Choice(images, test, train, samples, label, seed, 8))
    pictures = targets.batch["image"]
    began = time.perf_counter()
    if prior is None:
        prior = PRIOR if of.game.scene is not None else 0.0
    limit = clip_limit(of, targets.batch, lr, clip, seed)
    chosen = {"steps": steps, "restarts": restarts, "prior": prior, "window": window}
    found = _filled(of, targets.batch, known, seed, learning_rate=lr, limit=limit, **chosen)
    check_finite((found.generated, found.context), "what the generator puts into the holes")
    blended = BLENDS[blend](pictures, found.generated, known)
    fills = {
        "psnr": blended,
        "psnr_generated": found.generated,
        "psnr_mean_fill": mean_fill(pictures, known),
        "psnr_mean_image": jnp.broadcast_to(_mean_image(of), pictures.shape),
    }
    columns = {
        "context_start": np.asarray(found.start),
        "context": np.asarray(found.context),
        **{name: _decibels(hole_psnr(fill, pictures, known)) for name, fill in fills.items()},
    }
    numbers: dict[str, Any] = {
        **of.about(seed),
        "of": targets.origin,
        "mask": mask,
        "missing": float(jnp.mean(~known)),
        "settings": {**chosen, "lr": lr, "blend": blend, "clip": limit},
        "seconds": round(time.perf_counter() - began, 2),
        **table(targets.names, columns),
    }
    hidden = paste(pictures, jnp.zeros_like(pictures), known)
    rows = [Images.of(row) for row in (pictures, hidden, found.generated, blended)]
    words = f"{targets.origin}; rows: picture, with its hole, generated, filled ({blend})"
    findings = Findings(rows, words, numbers)
    if out is not None:
        findings.save(out)
    return findings


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
    run: Opened, batch: dict[str, jax.Array], mask: jax.Array, seed: int, **settings: Any
) -> Inpainting:
    search = jax.jit(
        lambda variables, batch, key: fill_hole(run.game, variables, batch, mask, key, **settings)
    )
    try:
        jax.eval_shape(search, run.variables, batch, search_key(seed))  # where mistakes are found
        note = f"{settings['steps']:,} steps of {settings['restarts']} searches for each picture"
        with task("searching for latents", note=note, announced=True):
            return jax.block_until_ready(search(run.variables, batch, search_key(seed)))
    except ValueError as error:  # what this game or these numbers do not allow
        raise UserError(str(error)) from error


def _mean_image(run: Opened) -> np.ndarray:
    chosen = np.unique(np.linspace(0, run.source.size - 1, AVERAGED).astype(int))
    return np.asarray(gather({"image": run.source.arrays["image"]}, chosen)["image"]).mean(axis=0)


def _decibels(values: jax.Array) -> np.ndarray:
    """Decibels that JSON can say: a perfect fill counts 140, which is float32's rounding."""
    return np.minimum(np.asarray(values), 140.0)
