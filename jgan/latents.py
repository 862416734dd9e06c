"""Priors of the generator's latent, ways from one latent to another, and arithmetic with latents."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows
from jgan.players import Batch, PyTree
from jgan.threefry import unrolled

Prior = Callable[[jax.Array, int], jax.Array]
"""``(key, count) -> (count, dim)``."""


class LatentLike(NamedTuple):
    """Latents whose shapes depend on those of the data.

    Attributes:
      draw: ``(key, batch) -> latent``; only shapes of the batch may be looked at.
    """

    draw: Callable[[jax.Array, Batch], PyTree]


def normal(dim: int) -> Prior:
    """z ~ N(0, I) in ``dim`` dimensions."""
    return lambda key, count: draw_rows(
        lambda rows: jax.random.normal(unrolled(key), (rows, dim)), count
    )


def uniform(dim: int) -> Prior:
    """z ~ U(-1, 1) in each of ``dim`` dimensions (DCGAN, InfoGAN, compare_gan)."""
    return lambda key, count: draw_rows(
        lambda rows: jax.random.uniform(unrolled(key), (rows, dim), minval=-1.0, maxval=1.0), count
    )


def truncated_normal(dim: int, threshold: float) -> Prior:
    """z ~ N(0, 1) in each of ``dim`` dimensions, drawn anew while |z_i| > threshold (Brock et al. 2019, 3.1).

    Samples come nearer to the densest part of the data and vary less; 2 is a common threshold.

    Raises:
      ValueError: if the threshold is not positive.
    """
    if not threshold > 0:
        raise ValueError(f"threshold is {threshold}, but must be positive.")

    def draw(key: jax.Array, rows: int) -> jax.Array:
        # Inverting the distribution function between the bounds is the same as drawing anew.
        return jax.random.truncated_normal(key, -threshold, threshold, (rows, dim))

    return lambda key, count: draw_rows(lambda rows: draw(key, rows), count)


def truncated(prior: Prior, share: float, mean: jax.Array | float = 0.0) -> Prior:
    """``mean + share (z - mean)`` for z of the prior: the truncation of Karras et al. 2019, section B.

    Args:
      prior: of latents ``(count, dim)``.
      share: 1 leaves the prior as it is, 0 gives the mean alone.
      mean: latent ``(dim,)`` to draw towards; StyleGAN's is the average of mapped latents.
    """
    return lambda key, count: linear(jnp.asarray(mean), prior(key, count), jnp.asarray(share))


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


def analogy(plus: Sequence[jax.Array], minus: Sequence[jax.Array] = ()) -> jax.Array:
    """Vector arithmetic on latents: the sum of the means in ``plus`` less that of the means in ``minus``.

    "Smiling woman - neutral woman + neutral man" of Radford et al. 2016 (section 6.3.2) takes the mean of
    three latents for each, since single ones are unsteady.

    Args:
      plus: groups of latents, each ``(n, dim)`` with an n of its own.
      minus: likewise.

    Returns:
      ``(dim,)``.

    Raises:
      ValueError: if a group is not ``(n, dim)`` with at least one latent, or none is to be added.

    Examples:
      >>> smiling_woman, woman = jnp.array([[3.0, 1.0], [5.0, 1.0]]), jnp.array([[0.0, 1.0]])
      >>> man = jnp.zeros((3, 2))
      >>> analogy([smiling_woman, man], [woman]).tolist()
      [4.0, 0.0]
    """
    if not plus:
        raise ValueError("plus is empty, but arithmetic needs at least one group of latents.")
    for group in (*plus, *minus):
        if group.ndim != 2 or not len(group):
            raise ValueError(f"a group of latents has shape {group.shape}, but must be (n, dim).")
    means = [jnp.mean(group, axis=0) for group in plus]
    return sum(means[1:], start=means[0]) - sum(
        (jnp.mean(group, axis=0) for group in minus), start=jnp.zeros_like(means[0])
    )


def attribute_direction(
    latents: jax.Array, labels: jax.Array, *, method: str = "means", ridge: float = 1e-3
) -> jax.Array:
    """The direction of an attribute: adding it once takes the attribute from absent to present.

    "means" is the mean of the latents that have it less the mean of the others (Larsen et al. 2016, section
    4.2). "linear" fits ``label ≈ w·z + b`` by least squares and gives ``w / |w|²``, the shortest move that
    raises the fitted label by one; unlike the means it does not take along what merely goes with
    the attribute in these latents, and labels may be any numbers.

    Args:
      latents: ``(n, dim)``.
      labels: ``(n,)``; for "means" true and false, or 1 and 0.
      method: "means" or "linear".
      ridge: of the fit, relative to the mean variance of the latents; it decides where there are fewer
        latents than dimensions.

    Returns:
      ``(dim,)``.

    Raises:
      ValueError: if shapes do not fit, the method is unknown, or all labels are equal.

    Examples:
      >>> z = jnp.array([[0.0, 1.0], [2.0, 1.0], [0.0, -1.0], [2.0, -1.0]])
      >>> attribute_direction(z, jnp.array([0, 1, 0, 1])).tolist()
      [2.0, 0.0]
    """
    if latents.ndim != 2 or labels.shape != latents.shape[:1]:
        raise ValueError(
            f"latents have shape {latents.shape} and labels {labels.shape}, "
            "but must be (n, dim) and (n,)."
        )
    if method not in ("means", "linear"):
        raise ValueError(f"method is {method!r}, but must be one of means, linear.")
    label = labels.astype(latents.dtype)
    if not bool(jnp.any(label != label[0])):
        raise ValueError("all labels are equal, but a direction needs both kinds of latents.")
    if method == "means":
        if not bool(jnp.all((label == 0) | (label == 1))):
            raise ValueError("labels are not all 0 or 1, which means need; use method 'linear'.")
        return analogy([latents[label == 1]], [latents[label == 0]])
    centred = latents - jnp.mean(latents, axis=0)
    covariance = jnp.matmul(centred.T, centred, precision="highest") / len(latents)
    scale = jnp.trace(covariance) / len(covariance)
    moment = jnp.matmul(label - jnp.mean(label), centred, precision="highest") / len(latents)
    weights = jnp.linalg.solve(covariance + ridge * scale * jnp.eye(len(covariance)), moment)
    return weights / jnp.sum(jnp.square(weights))
