"""What lies between latents, as a strip and an animation."""

from pathlib import Path
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.commands.command import command
from jgan.commands.kinds import Count, NotNegative, Several
from jgan.commands.notebook import embedded
from jgan.commands.paths import Folder
from jgan.commands.saved_run import RunLike, SavedRun, opened_run
from jgan.data.conditions import blank, conditions
from jgan.errors import UserError
from jgan.evaluation.samples import fields_read
from jgan.files import make_folder, write_atomically
from jgan.reports.html import tag
from jgan.runs.images import encode_png
from jgan.runs.interpolation import animation, loop_shares, strip, travel
from jgan.runs.saved import Saved


class Interpolation(NamedTuple):
    """Examples on paths between latents.

    Attributes:
      strip: at equal distances on each path, ``(steps, rows, ...)``: pictures ``(H, W, C)`` in [-1, 1], or
      points. loop: there and back, slowing down at the ends, ``(frames, rows, ...)``. reference: points of
      the data, behind points.
    """

    strip: np.ndarray
    loop: np.ndarray
    reference: np.ndarray | None = None

    def save(self, folder: str | Path) -> list[Path]:
        """Write strip.png, a row for each path, and the animation loop.gif into a folder.

        Raises:
          UserError: if they cannot be written.
        """
        content = {"strip.png": self._strip_png(), "loop.gif": self._loop_gif()}
        paths = [make_folder(folder) / name for name in content]
        for path, content_of in zip(paths, content.values(), strict=True):
            write_atomically(path, content_of)
        return paths

    def _strip_png(self) -> bytes:
        return encode_png(strip(self.strip, self.reference))

    def _loop_gif(self) -> bytes:
        return animation(self.loop, self.reference)

    def _repr_html_(self) -> str:
        return tag("div", embedded(self._strip_png()), embedded(self._loop_gif(), "gif"))


@command
def interpolate(
    run: RunLike,
    *,
    kind: Literal["linear", "spherical"] = "spherical",
    rows: Count = 8,
    steps: Several = 9,
    frames: Several = 60,
    seed: NotNegative = 0,
    out: Folder | None = None,
) -> Interpolation:
    """Make the examples that lie on paths between latents.

    Args:
      run: Run directory, or the `Run` that `jgan.load` returns.
      kind: Straight lines, or arcs that keep the length of a normal latent.
      rows: Number of paths.
      steps: Number of examples of a path in the strip.
      frames: Number of frames of the animation.
      seed: Seed of the latents.
      out: Folder for strip.png and loop.gif.

    Returns:
      The examples of the strip and of the animation.

    Raises:
      UserError: If the run has no latents, or generates neither pictures nor points.
    """
    opened = opened_run(run)

    def look(saved: Saved) -> Interpolation:
        return _interpolated(opened, saved, kind, rows, steps, frames, seed)

    found = opened.look(look)
    if out is not None:
        found.save(out)
    return found


def _interpolated(
    run: SavedRun, saved: Saved, kind: str, rows: int, steps: int, frames: int, seed: int
) -> Interpolation:
    source, sampler = saved.experiment.source, saved.experiment.game.sampler
    if sampler is None:
        raise UserError(
            f"{str(run.path)!r} has no latent to interpolate: its game generates from data alone."
        )
    if not (source.pictures or source.points):
        raise UserError(
            f"{str(run.path)!r} generates {source.example!r} of shape {source.shape}, but jgan interpolate "
            "draws pictures (height, width, channels) or points."
        )
    shares = np.concatenate([np.linspace(0, 1, steps), loop_shares(frames)])
    given = conditions(source, seed)
    conditioned = jax.jit(
        lambda variables, batch, latent: sampler.for_batch(variables, batch, latent)
    )
    batch = blank(source, rows)
    latent = sampler.latent(jax.random.key(seed), batch)
    read = fields_read(conditioned, run.variables, batch, latent)
    batch = {name: jnp.asarray(values) for name, values in given.at(np.arange(rows), read).items()}
    made = travel(sampler, run.variables, batch, shares, kind=kind, seed=seed)
    reference = source.example_of(given.at(np.arange(2048))) if source.points else None
    return Interpolation(made[:steps], made[steps:], reference)
