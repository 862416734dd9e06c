"""Masks that come from a picture itself, where no network that segments is at hand.

They say where a picture is bright or dark, has a colour or an edge; a thing is not what they find. All are
pixel by pixel, from thirds of the range or from differences, and need no training.
"""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp

LUMA = (0.299, 0.587, 0.114)
MARGIN = 0.25
STEP = 0.5


def luma(images: jax.Array) -> jax.Array:
    """Brightness in [-1, 1] (ITU-R 601) of images ``(n, H, W, 1 or 3)``, ``(n, H, W)``."""
    return images[..., 0] if images.shape[-1] == 1 else images @ jnp.asarray(LUMA, images.dtype)


def _edge(images: jax.Array) -> jax.Array:
    bright = jnp.pad(luma(images), ((0, 0), (1, 1), (1, 1)), mode="edge")
    down = bright[:, 2:, 1:-1] - bright[:, :-2, 1:-1]
    across = bright[:, 1:-1, 2:] - bright[:, 1:-1, :-2]
    return jnp.sqrt(jnp.square(down) + jnp.square(across)) / 2 > STEP


def _colour(channel: int) -> Callable[[jax.Array], jax.Array]:
    def segment(images: jax.Array) -> jax.Array:
        others = jnp.maximum(images[..., channel - 1], images[..., channel - 2])
        return images[..., channel] - others > MARGIN

    return segment


SEGMENTS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "bright": lambda images: luma(images) > 1 / 3,
    "middle": lambda images: jnp.abs(luma(images)) <= 1 / 3,
    "dark": lambda images: luma(images) < -1 / 3,
    "edge": _edge,
}
"""Images to masks ``(n, H, W)``: thirds of the brightness, and a brightness that changes by more than half
a unit a pixel."""
COLOURS = {name: _colour(channel) for channel, name in enumerate(("red", "green", "blue"))}
"""Where one channel is larger than both others by a quarter of a unit; for images of three channels."""


def segment_names(channels: int) -> tuple[str, ...]:
    """The segments that images of so many channels have."""
    return (*SEGMENTS, *(COLOURS if channels == 3 else ()))


def segment(images: jax.Array, names: Sequence[str]) -> jax.Array:
    """Masks ``(n, H, W, len(names))`` of images ``(n, H, W, 1 or 3)`` in [-1, 1].

    Raises:
      ValueError: for a name that images of so many channels do not have.

    Examples:
      >>> segment(jnp.asarray([-1.0, 0.0, 0.9]).reshape(1, 1, 3, 1), ("bright", "dark")).tolist()
      [[[[False, True], [False, False], [True, False]]]]
    """
    known = segment_names(images.shape[-1])
    for name in names:
        if name not in known:
            raise ValueError(f"segment is {name!r}, but must be one of {', '.join(known)}.")
    return jnp.stack([(SEGMENTS | COLOURS)[name](images) for name in names], axis=-1)
