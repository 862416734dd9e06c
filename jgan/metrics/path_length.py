"""Perceptual path length: how far the features of an image move for a small step of its latent."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.latents import linear, spherical
from jgan.metrics.precision import at_highest_precision

PATHS = {"linear": linear, "spherical": spherical}


class PathLength(NamedTuple):
    """Mean and standard error of the kept squared slopes, and how many were kept."""

    mean: float
    error: float
    kept: int


def is_gaussian(
    prior: Callable[[jax.Array, int], jax.Array], key: jax.Array, count: int = 1024
) -> bool:
    """Whether latents look Gaussian: the fourth moment over the squared second is 3, within 5 standard errors.

    It is 1.8 for a uniform law and 2.4 for a Gaussian cut off at 2. Great circles stay within a Gaussian's
    shell and leave the support of other laws.

    Args:
      prior: ``(key, count) -> (count, d)``.
      key: of the draw.
      count: latents to look at.

    >>> from jgan.latents import normal, uniform
    >>> is_gaussian(normal(8), jax.random.key(0)), is_gaussian(uniform(8), jax.random.key(0))
    (True, False)
    """
    values = np.asarray(prior(key, count), np.float64)
    values = values - values.mean(axis=0)
    seconds, fourths = (values**2).mean(axis=0), (values**4).mean(axis=0)
    if (seconds == 0).any():
        return False
    error = np.sqrt(24 / values.size)
    return bool(abs((fourths / seconds**2).mean() - 3) < 5 * error)


def path_length(
    generate: Callable[..., jax.Array],
    prior: Callable[[jax.Array, int], jax.Array],
    features: Callable[[jax.Array], jax.Array],
    key: jax.Array,
    *,
    conditions: Any = None,
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
    identity as φ and straight paths between latents from N(0, I) it is 2‖A‖²_F. Generator and features run
    in float32 at the highest precision, since their rounding errors are divided by ε as the steps are.

    Args:
      generate: latents ``(B, d)`` to images; with conditions, latents and conditions ``(B, ...)``.
      prior: ``(key, B) -> (B, d)``; for lengths in W, latents after the mapping network.
      features: images to ``(B, D)``, or any array whose leading axis is B; continuous, so not those of
        images rounded to 8 bits.
      key: of latents and places on the paths.
      conditions: what each pair is made for, such as its label, one for both ends: a tree of arrays whose
        leading axis is ``pairs``; None for a generator that takes none.
      pairs: paths.
      path: "spherical" for Gaussian latents only (`is_gaussian`), "linear" for others and for W.
      at_ends: measure at t = 0 only (the "end" variants) and not at a uniform t.
      epsilon: the step; in single precision 1e-4 leaves about 1e-3 of relative error.
      trim: share dropped at either end before the mean, 0.01 in the reference code, 0 for none.
      batch_size: paths in a compiled batch.

    Raises:
      ValueError: for an unknown path, a trim outside [0, 0.5), or a generator or features that compute in
        half precision, which cannot resolve the step.
    """
    if path not in PATHS:
        raise ValueError(f"path is {path!r}, but must be one of {', '.join(PATHS)}.")
    if not 0 <= trim < 0.5:
        raise ValueError(f"trim is {trim}, but must lie in [0, 0.5).")

    @at_highest_precision
    def shown(latents: jax.Array, condition: Any) -> jax.Array:
        given = () if conditions is None else (condition,)
        return features(generate(latents, *given))

    def part_of(number: int) -> Any:
        rows = np.arange(number * batch_size, (number + 1) * batch_size) % pairs
        twice = np.concatenate([rows, rows])
        return jax.tree.map(lambda leaf: jnp.asarray(leaf)[twice], conditions)

    @jax.jit
    def slopes(key: jax.Array, condition: Any) -> jax.Array:
        first_key, second_key, place_key = jax.random.split(key, 3)
        ends = prior(first_key, batch_size), prior(second_key, batch_size)
        place = jax.random.uniform(place_key, (batch_size, 1)) * (0.0 if at_ends else 1.0)
        latents = [PATHS[path](*ends, place), PATHS[path](*ends, place + epsilon)]
        # Both ends in one batch, so that a generator with batch statistics uses the same for both.
        found = shown(jnp.concatenate(latents), condition)
        gaps = (found[:batch_size] - found[batch_size:]).reshape(batch_size, -1)
        return jnp.sum((gaps / epsilon) ** 2, axis=1)

    program = jax.make_jaxpr(slopes)(key, part_of(0))
    if re.search(r"\bb?f16\[", str(program)):
        raise ValueError(
            "the generator or the features compute in half precision, but a path length needs float32: its "
            "step is smaller than their rounding errors."
        )
    parts = [
        np.asarray(slopes(jax.random.fold_in(key, part), part_of(part)))
        for part in range(-(-pairs // batch_size))
    ]
    values = np.sort(np.concatenate(parts)[:pairs].astype(np.float64))
    dropped = int(trim * pairs)
    kept = values[dropped : pairs - dropped]
    return PathLength(float(kept.mean()), float(kept.std() / np.sqrt(len(kept))), len(kept))
