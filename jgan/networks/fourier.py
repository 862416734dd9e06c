"""Fourier features: waves on the plane that a style places, in place of a learned constant."""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.networks.equalized import NORMAL, EqualizedDense
from jgan.networks.parameter import parameter


class FourierInput(nn.Module):
    """Styles ``(B, d)`` to feature maps ``(B, size, size, channels)``: StyleGAN3's input.

    sin(2π (f · x + φ)), mixed by a learned matrix, at the points x of the plane (Karras et al. 2021, section
    3.2 and appendix F). The frequencies f are drawn from a disc and the phases φ from a turn when the network
    is initialised, and stay; they are the collection ``"waves"``. The style turns and moves the plane by a
    learned affine layer, which begins as no motion, and so may the caller.

    Attributes:
      channels: waves, and maps.
      size: pixels of a side.
      rate: pixels of an image's side; with a ``size`` above it the maps reach beyond the image.
      bandwidth: radius of the disc, in cycles an image.
    """

    channels: int
    size: int
    rate: int
    bandwidth: float

    @nn.compact
    def __call__(
        self, w: jax.Array, shift: jax.Array | None = None, angle: jax.Array | None = None
    ) -> jax.Array:
        """Make the maps of each style.

        Args:
          w: styles.
          shift: how far what is shown is moved down and right, in sides of the image, ``(2,)`` or ``(B, 2)``.
          angle: how far it is turned counter-clockwise about the image's centre before that, in radians, ``()``
            or ``(B,)``.
        """
        frequencies, phases = self._waves(w.dtype)
        placed = EqualizedDense(4, start=0.0, bias=(1.0, 0.0, 0.0, 0.0), name="affine")(w)
        placed = placed / jnp.linalg.norm(placed[:, :2], axis=1, keepdims=True)
        turn, offset = _rotation(placed[:, 0], placed[:, 1]), -placed[:, 2:]
        if angle is not None:
            angles = jnp.broadcast_to(jnp.asarray(angle, w.dtype), (w.shape[0],))
            own = _rotation(jnp.cos(angles), jnp.sin(angles))
        else:
            own = jnp.eye(2, dtype=w.dtype)[None]
        # x becomes R (R' (x - t') - t), where a dash is the caller's; the points are (right, down).
        if shift is not None:
            shifts = jnp.broadcast_to(jnp.asarray(shift, w.dtype), (w.shape[0], 2))
            offset = offset - _apply(own, shifts[:, ::-1])
        phases = phases + jnp.sum(frequencies * _apply(turn, offset)[:, None], axis=2)
        whole = jnp.sum(turn[:, :, :, None] * own[:, None], axis=2)
        moved = jnp.sum(frequencies[:, :, :, None] * whole[:, None], axis=2)
        places = (jnp.arange(self.size, dtype=w.dtype) + 0.5 - self.size / 2) / self.rate
        right, down = (moved[:, None, None, :, axis] for axis in (0, 1))
        cycles = places[:, None] * right + places[:, None, None] * down + phases[:, None, None]
        mix = parameter(self, "kernel", NORMAL, (self.channels, self.channels))
        return jnp.sin(2 * math.pi * cycles) @ (mix.astype(w.dtype) / math.sqrt(self.channels))

    def _waves(self, dtype: jnp.dtype) -> tuple[jax.Array, jax.Array]:
        """Frequencies ``(1, channels, 2)`` in cycles an image, right and down, and phases ``(1, channels)``."""

        def disc() -> jax.Array:
            angle, area = jax.random.uniform(self.make_rng("params"), (2, self.channels))
            direction = 2 * math.pi * angle
            radius = self.bandwidth * jnp.sqrt(area)
            return radius[:, None] * jnp.stack([jnp.cos(direction), jnp.sin(direction)], axis=1)

        def turns() -> jax.Array:
            return jax.random.uniform(self.make_rng("params"), (self.channels,)) - 0.5

        frequencies = self.variable("waves", "frequencies", disc).value
        phases = self.variable("waves", "phases", turns).value
        return frequencies.astype(dtype)[None], phases.astype(dtype)[None]


def _rotation(cosine: jax.Array, sine: jax.Array) -> jax.Array:
    """The matrices ``(B, 2, 2)`` of rotations."""
    rows = jnp.stack([cosine, -sine], axis=-1), jnp.stack([sine, cosine], axis=-1)
    return jnp.stack(rows, axis=-2)


def _apply(matrix: jax.Array, vector: jax.Array) -> jax.Array:
    """``(B, 2, 2)`` times ``(B, 2)``, by additions, which are exact enough on every device."""
    return jnp.sum(matrix * vector[:, None], axis=2)
