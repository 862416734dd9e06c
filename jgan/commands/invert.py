"""Latents from which a trained generator makes given pictures."""

import time
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np

from jgan.analysis.inversion import Search, bound_of_prior, mean_square
from jgan.analysis.inversion import invert as search_latents
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
from jgan.commands.kinds import MOST, Count, NotNegative, Rate
from jgan.commands.paths import PngFile
from jgan.commands.saved_run import RunLike, opened_run
from jgan.display import task
from jgan.errors import UserError
from jgan.game import PyTree


@command
def invert(
    run: RunLike,
    *images: Picture,
    test: Count | None = None,
    train: Count | None = None,
    samples: Count | None = None,
    label: str | int | None = None,
    by: Literal["optimisation", "encoder", "both"] | None = None,
    distance: Literal["l1", "l2"] = "l1",
    steps: Count = 500,
    restarts: Count = 4,
    lr: Rate = 0.1,
    clip: Rate | None = None,
    prior: Rate = 0.0,
    seed: NotNegative = 0,
    out: PngFile | None = None,
) -> Findings:
    """Find latents from which a trained generator makes given pictures.

    The rows of the findings are the pictures, what the encoder's latents give if the game has an encoder,
    what the latents that were found give, and the difference. L1 is the mean |difference| of values in [-1,
    1]; the root mean square of the latent is about 1 for a draw of a normal prior, 0.58 of a uniform one.

    Args:
      run: Run directory, or the `Run` that `jgan.load` returns.
      *images: Pictures of your own, files of any size and format, which are cropped at the centre to the shape
        of the run's data and resized by Lanczos, or arrays ``(H, W, C)`` or ``(N, H, W, C)`` in [-1, 1].
      test: Work on this number of examples of the test set, chosen by the seed (default: 8, of the training
        set if there is none).
      train: Work on this number of training examples, chosen by the seed.
      samples: Work on this number of samples of the generator, those of `jgan sample --seed`.
      label: Class of your pictures, by name or number, if the game is conditioned on classes.
      by: Search by gradients, take the latents of the game's encoder, or search from there (default: both, if
        there is an encoder).
      distance: What the search minimises.
      steps: Number of steps of Adam.
      restarts: Number of searches for each picture, of which the best counts.
      lr: Learning rate of Adam, which falls to 0.
      clip: Keep latents in [-CLIP, CLIP]; 0 for no limit (default: 1 for a prior that draws from [-1, 1], else
        no limit).
      prior: Weight of mean z^2 / 2, which penalises latents that are unlikely under a normal prior.
      seed: Seed of the choice of examples and of the starts of the search.
      out: FILE.png for the rows of pictures; the numbers are written beside it as FILE.json, the latents as
        FILE.npz.

    Returns:
      The pictures, their numbers and the latents.

    Raises:
      UserError: If the run generates no pictures from latents, or the pictures cannot be read.
    """
    saved = opened_run(run)
    of = opened(saved, check_pictured(saved, "invert", with_data=True))
    encode = of.sampler.encode
    way = by or ("optimisation" if encode is None else "both")
    if way != "optimisation" and encode is None:
        raise UserError(
            f"--by is {way!r}, but this game has no encoder; use --by optimisation, or train one that "
            "has (BiGAN, VAE)."
        )
    targets = examples(of, Choice(images, test, train, samples, label, seed, 8))
    began = time.perf_counter()
    pictures = targets.batch["image"]
    first = None
    if encode is not None and way != "optimisation":
        first = jax.jit(encode)(of.variables, pictures)
    limit = clip_limit(of, targets.batch, lr, clip, seed)
    generate = jax.jit(of.sampler.for_batch)
    rows, columns = [np.asarray(pictures)], {}
    latent = first
    if first is not None:
        rows.append(np.asarray(generate(of.variables, targets.batch, first)))
        columns["encoder_l1"] = _l1(rows[-1], rows[0])
    chosen = {"restarts": restarts, "steps": steps, "distance": distance, "prior": prior}
    if way != "encoder":
        found = _searched(of, targets.batch, seed, first, learning_rate=lr, limit=limit, **chosen)
        latent = found.latent
        rows.append(np.asarray(generate(of.variables, targets.batch, latent)))
        start = generate(of.variables, targets.batch, found.start)
        columns |= {"start_l1": _l1(np.asarray(start), rows[0]), "loss": np.asarray(found.loss)}
    check_finite(rows, "the generator's pictures")
    columns |= {
        "l1": _l1(rows[-1], rows[0]),
        "psnr": _psnr(rows[-1], rows[0]),
        "latent_rms": np.sqrt(np.asarray(mean_square(latent))),
    }
    rows.append(np.abs(rows[-1] - rows[0]) - 1)
    numbers: dict[str, Any] = {
        **of.about(seed),
        "of": targets.origin,
        "by": way,
        "settings": {**chosen, "lr": lr, "clip": limit} if way != "encoder" else {},
        "seconds": round(time.perf_counter() - began, 2),
        **table(targets.names, columns),
    }
    made = " -> ".join(["pictures", *(["encoder"] if first is not None else [])])
    words = f"{targets.origin}, by {way}; rows: {made}, found, difference"
    findings = Findings([Images.of(row) for row in rows], words, numbers, latent)
    if out is not None:
        findings.save(out)
    return findings


def clip_limit(
    run: Opened, batch: dict[str, jax.Array], lr: float, clip: float | None, seed: int
) -> float | None:
    """The limit of the latents in a search: ``clip``, or by default that of the prior.

    Raises:
      UserError: if the learning rate is 0.
    """
    if lr == 0:
        raise UserError("--lr is 0, but must be positive.")
    if clip is None:
        return bound_of_prior(run.sampler, batch, jax.random.key(seed))
    return clip or None


def search_key(seed: int) -> jax.Array:
    """The key of a search's starts, apart from those that samples of this seed are made from."""
    return jax.random.fold_in(jax.random.key(seed), MOST)


def _searched(
    run: Opened, batch: dict[str, jax.Array], seed: int, first: PyTree | None, **settings: Any
) -> Search:
    search = jax.jit(
        lambda variables, batch, key, first: search_latents(
            run.sampler, variables, batch, key, first=first, **settings
        )
    )
    note = f"{settings['steps']:,} steps of {settings['restarts']} searches for each picture"
    with task("searching for latents", note=note, announced=True):
        return jax.block_until_ready(search(run.variables, batch, search_key(seed), first))


def _l1(made: np.ndarray, images: np.ndarray) -> np.ndarray:
    return np.abs(made - images).mean(axis=(1, 2, 3))


def _psnr(made: np.ndarray, images: np.ndarray) -> np.ndarray:
    """Peak signal-to-noise ratio in decibels, at most that of float32's rounding."""
    squares = np.maximum(
        np.square(made - images).mean(axis=(1, 2, 3)), jnp.finfo("float32").eps ** 2
    )
    return 10 * np.log10(4 / squares)
