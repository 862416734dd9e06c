"""Perceptual path length: how far the features of an image move for a small step of its latent."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.latents import linear, spherical

PATHS = {"linear": linear, "spherical": spherical}


class PathLength(NamedTuple):
    """Mean and standard error of the kept squared slopes, and how many were kept."""

    mean: float
    error: float
    kept: int


def path_length(
    generate: Callable[[jax.Array], jax.Array],
    prior: Callable[[jax.Array, int], jax.Array],
    features: Callable[[jax.Array], jax.Array],
    key: jax.Array,
    *,
    pairs: int = 10_000,
    path: str = "spherical",
    at_ends: bool = False,
    epsilon: float = 1e-4,
    trim: float = 0.01,
    batch_size: int = 64,
) -> PathLength:
    """E ‖φ(G(z_t)) - φ(G(z_{t+ε}))‖² / ε² along paths between two latents (Karras et al. 2019, section 4.1).

    The paper's φ is LPIPS of VGG, whose weights this package does not have: the number is in
    the given features and compares with others in the same features only. For a linear G = A z, the
    identity as φ and straight paths between latents from N(0, I) it is 2‖A‖²_F.

    Args:
      generate: latents ``(B, d)`` to images.
      prior: ``(key, B) -> (B, d)``; for lengths in W, latents after the mapping network.
      features: images to ``(B, D)``, or any array whose leading axis is B.
      key: of latents and places on the paths.
      pairs: paths.
      path: "spherical" for Gaussian latents, "linear" for W.
      at_ends: measure at t = 0 only (the "end" variants) and not at a uniform t.
      epsilon: the step; in single precision 1e-4 leaves about 1e-3 of relative error.
      trim: share dropped at either end before the mean, 0.01 in the reference code, 0 for none.
      batch_size: paths in a compiled batch.

    Raises:
      ValueError: for an unknown path or a trim outside [0, 0.5).
    """
    if path not in PATHS:
        raise ValueError(f"path is {path!r}, but must be one of {', '.join(PATHS)}.")
    if not 0 <= trim < 0.5:
        raise ValueError(f"trim is {trim}, but must lie in [0, 0.5).")

    @jax.jit
    def slopes(key: jax.Array) -> jax.Array:
        first_key, second_key, place_key = jax.random.split(key, 3)
        ends = prior(first_key, batch_size), prior(second_key, batch_size)
        place = jax.random.uniform(place_key, (batch_size, 1)) * (0.0 if at_ends else 1.0)
        latents = [PATHS[path](*ends, place), PATHS[path](*ends, place + epsilon)]
        # Both ends in one batch, so that a generator with batch statistics uses the same for both.
        found = features(generate(jnp.concatenate(latents)))
        gaps = (found[:batch_size] - found[batch_size:]).reshape(batch_size, -1)
        return jnp.sum((gaps / epsilon) ** 2, axis=1)

    parts = [
        np.asarray(slopes(jax.random.fold_in(key, part))) for part in range(-(-pairs // batch_size))
    ]
    values = np.sort(np.concatenate(parts)[:pairs].astype(np.float64))
    dropped = int(trim * pairs)
    kept = values[dropped : pairs - dropped]
    return PathLength(float(kept.mean()), float(kept.std() / np.sqrt(len(kept))), len(kept))
