"""Pictures along paths between latents: a strip and an animation."""

import io
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from jgan.game import Batch, Sampler, Variables
from jgan.latents import linear, spherical
from jgan.runs.images import grid, scatter

PATHS: dict[str, Callable[..., jax.Array]] = {"linear": linear, "spherical": spherical}


def travel(
    sampler: Sampler,
    variables: Variables,
    batch: Batch,
    shares: np.ndarray,
    *,
    kind: str = "spherical",
    seed: int = 0,
) -> np.ndarray:
    """Examples on the paths between two latents each, ``(len(shares), rows, ...)``.

    Args:
      sampler: the game's.
      variables: of both players.
      batch: ``rows`` examples of the data; row i keeps the condition of example i.
      shares: where on the paths, 0 at their starts and 1 at their ends.
      kind: a name in `PATHS`. Numbers of a latent that are not floats, such as classes, stay.
      seed: of the latents.

    Raises:
      ValueError: if ``kind`` is no name in `PATHS`.
    """
    if kind not in PATHS:
        raise ValueError(f"kind is {kind!r}, but must be one of {', '.join(PATHS)}.")

    def between(start: jax.Array, end: jax.Array, share: jax.Array) -> jax.Array:
        floating = jnp.issubdtype(start.dtype, jnp.floating)
        return PATHS[kind](start, end, share) if floating else start

    @jax.jit
    def frames(variables: Variables, batch: Batch, shares: jax.Array) -> jax.Array:
        keys = jax.random.split(jax.random.key(seed))
        start, end = (sampler.latent(key, batch) for key in keys)

        def frame(share: jax.Array) -> jax.Array:
            latent = jax.tree.map(lambda a, b: between(a, b, share), start, end)
            return sampler.for_batch(variables, batch, latent)

        return jax.lax.map(frame, shares)

    return np.asarray(frames(variables, batch, jnp.asarray(shares, jnp.float32)))


def strip(frames: np.ndarray, reference: np.ndarray | None = None) -> np.ndarray:
    """Frames ``(steps, rows, H, W, C)`` as rows of a picture, from left to right; points as one scatter.

    Args:
      frames: as from `travel`.
      reference: data points, for frames of points ``(steps, rows, d)``.
    """
    if frames.ndim == 3:
        assert reference is not None
        return scatter(frames.reshape(-1, frames.shape[-1]), reference)
    across = np.swapaxes(frames, 0, 1).reshape(-1, *frames.shape[2:])
    return _enlarged(grid(across, columns=len(frames)), frames.shape[2])


def loop_shares(count: int) -> np.ndarray:
    """Shares of ``count`` frames that go to the end and back, slowing down there; the last leads to the first.

    >>> loop_shares(4).round(3).tolist()
    [0.0, 0.5, 1.0, 0.5]
    """
    return (1 - np.cos(2 * np.pi * np.arange(count) / count)) / 2


def animation(
    frames: np.ndarray, reference: np.ndarray | None = None, milliseconds: int = 50
) -> bytes:
    """A GIF that repeats for ever; each frame is a grid of all rows, or a scatter of them.

    Args:
      frames: as from `travel`, ``(count, rows, ...)``.
      reference: data points, for frames of points.
      milliseconds: that a frame stays.
    """
    if frames.ndim == 3:
        assert reference is not None
        sheets = [scatter(frame, reference) for frame in frames]
    else:
        sheets = [_enlarged(grid(frame), frames.shape[2]) for frame in frames]
    first, *others = (Image.fromarray(s[..., 0] if s.shape[-1] == 1 else s) for s in sheets)
    buffer = io.BytesIO()
    first.save(buffer, "gif", save_all=True, append_images=others, duration=milliseconds, loop=0)
    return buffer.getvalue()


def _enlarged(pixels: np.ndarray, height: int, least: int = 64) -> np.ndarray:
    """Pixels repeated until a tile of ``height`` has at least ``least``."""
    times = -(-least // height)
    return pixels.repeat(times, axis=0).repeat(times, axis=1)
