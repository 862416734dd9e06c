"""Priors of the generator's latent, and ways from one latent to another."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows

Prior = Callable[[jax.Array, int], jax.Array]
"""``(key, count) -> (count, dim)``."""


def normal(dim: int) -> Prior:
    """z ~ N(0, I) in ``dim`` dimensions."""
    return lambda key, count: draw_rows(lambda rows: jax.random.normal(key, (rows, dim)), count)


def uniform(dim: int) -> Prior:
    """z ~ U(-1, 1) in each of ``dim`` dimensions (DCGAN, InfoGAN, compare_gan)."""
    return lambda key, count: draw_rows(
        lambda rows: jax.random.uniform(key, (rows, dim), minval=-1.0, maxval=1.0), count
    )


def linear(start: jax.Array, end: jax.Array, share: jax.Array) -> jax.Array:
    """The straight line from ``start`` (share 0) to ``end`` (share 1); arrays ``(..., dim)``."""
    return start + share * (end - start)


def spherical(start: jax.Array, end: jax.Array, share: jax.Array) -> jax.Array:
    """The great-circle path from ``start`` to ``end`` (White 2016); it keeps the length of equally long ends.

    Args:
      start: ``(..., dim)``, not zero.
      end: ``(..., dim)``, not zero.
      share: broadcastable, 0 gives ``start``, 1 gives ``end``.

    Parallel latents, where the circle is not defined, fall back to `linear`.

    >>> z = spherical(jnp.array([1.0, 0.0]), jnp.array([0.0, 1.0]), jnp.array(0.5))
    >>> [round(float(value), 4) for value in z]
    [0.7071, 0.7071]
    """
    lengths = [jnp.linalg.norm(z, axis=-1, keepdims=True) for z in (start, end)]
    cosine = jnp.sum(start * end, axis=-1, keepdims=True) / (lengths[0] * lengths[1])
    angle = jnp.arccos(jnp.clip(cosine, -1.0, 1.0))
    sine = jnp.sin(angle)
    safe = jnp.where(sine > 1e-6, sine, 1.0)
    weights = jnp.sin((1 - share) * angle) / safe, jnp.sin(share * angle) / safe
    return jnp.where(sine > 1e-6, weights[0] * start + weights[1] * end, linear(start, end, share))
