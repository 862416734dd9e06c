"""Images rounded to a few levels, and a likelihood of such levels."""

import jax
import jax.numpy as jnp

from jgan.arguments import check_count, check_number
from jgan.terms.reconstruction import SMALLEST_PROBABILITY, Likelihood


def to_levels(x: jax.Array, levels: int) -> jax.Array:
    """The nearest of ``levels`` equally spaced values from -1 to 1, as an index; beyond them the first or last.

    >>> to_levels(jnp.array([-1.2, -0.4, 0.1, 1.0]), 3).tolist()
    [0, 1, 1, 2]
    """
    return jnp.clip(jnp.round((x + 1) / 2 * (levels - 1)), 0, levels - 1).astype(jnp.int32)


def to_values(index: jax.Array, levels: int) -> jax.Array:
    """The value of a level, in [-1, 1]."""
    return 2 * index.astype(jnp.float32) / (levels - 1) - 1


def discretized_logistic(levels: int, scale: float = 0.1) -> Likelihood:
    """log of the probability that a logistic distribution around the decoded value gives to a pixel's level.

    σ((v + 1/(K-1) - μ)/s) - σ((v - 1/(K-1) - μ)/s) for the level of value v, with all that lies beyond the
    outermost values counted to them, as in Salimans et al. 2017 ("PixelCNN++", eq. 2), with one component
    and one scale. Unlike `bernoulli` of grey pixels and `gaussian`, it is a probability of the image that
    was rounded, so that the bound of a VAE is one on its code length in bits.

    Args:
      levels: K, to which images are rounded, at least 2.
      scale: s, of the logistic distribution, in units of images in [-1, 1].

    Raises:
      ValueError: if an argument is out of range.

    >>> log_p = discretized_logistic(4, 0.3)
    >>> every = to_values(jnp.arange(4), 4)[:, None]
    >>> round(float(jnp.sum(jnp.exp(log_p(every, jnp.full((4, 1), 0.2))))), 5)
    1.0
    """
    check_count("levels", levels, least=2)
    check_number("scale", scale, above=0)

    def log_p(x: jax.Array, decoded: jax.Array) -> jax.Array:
        index = to_levels(x, levels)
        value, half = to_values(index, levels), 1 / (levels - 1)
        below = jax.nn.sigmoid((value - half - decoded) / scale)
        above = jax.nn.sigmoid((value + half - decoded) / scale)
        first, last = index == 0, index == levels - 1
        probability = jnp.where(last, 1.0, above) - jnp.where(first, 0.0, below)
        each = jnp.log(jnp.maximum(probability, SMALLEST_PROBABILITY))
        return jnp.sum(each.reshape(each.shape[0], -1), axis=1)

    return log_p
