"""Normalisation in networks that turn pictures into pictures: of each picture by itself, or of the batch."""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.networks.layers import Norm
from jgan.networks.parameter import parameter

IMAGE_NORMS = ("instance", "batch", "none")


def check_image_norm(norm: str) -> None:
    """Raise ValueError unless ``norm`` is one of `IMAGE_NORMS`."""
    if norm not in IMAGE_NORMS:
        raise ValueError(f"norm is {norm!r}, but must be one of {', '.join(IMAGE_NORMS)}.")


def scales(key: jax.Array, shape: Sequence[int], dtype: Any = jnp.float32) -> jax.Array:
    """N(1, 0.02) for the scales of normalisations, as in pix2pix's code."""
    return 1 + 0.02 * jax.random.normal(key, tuple(shape), dtype)


def instance_norm(x: jax.Array, epsilon: float) -> jax.Array:
    """Each map of ``(B, H, W, C)`` with mean 0 and variance 1.

    Args:
      x: feature maps.
      epsilon: added to the variance.

    >>> instance_norm(jnp.array([1.0, 3.0]).reshape(1, 1, 2, 1), 1e-8).ravel().tolist()
    [-1.0, 1.0]
    """
    centred = x - jnp.mean(x, axis=(1, 2), keepdims=True)
    variance = jnp.mean(jnp.square(centred), axis=(1, 2), keepdims=True)
    return centred * jax.lax.rsqrt(variance + epsilon)


class InstanceNorm(nn.Module):
    """Each channel of each picture ``(B, H, W, C)`` to mean 0 and variance 1 over its pixels.

    Ulyanov, Vedaldi & Lempitsky 2016. Nothing is remembered: training and use are the same. It is batch
    normalisation of a batch of one example. A map of one pixel becomes its bias.

    Attributes:
      affine: whether it has scales and biases of its own.
      epsilon: added to the variance.
    """

    affine: bool = True
    epsilon: float = 1e-5

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Normalise ``x``."""
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        normed = instance_norm(wide, self.epsilon)
        if self.affine:
            shape = (x.shape[-1],)
            normed = normed * parameter(self, "scale", scales, shape)
            normed = normed + parameter(self, "bias", nn.initializers.zeros_init(), shape)
        return normed.astype(x.dtype)


class ImageNorm(nn.Module):
    """The normalisation called ``kind``, one of `IMAGE_NORMS`.

    Attributes:
      kind: "instance", "batch" or "none".
      affine: whether instance normalisation has scales and biases; batch normalisation always has.
    """

    kind: str
    affine: bool = True

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Normalise ``x``."""
        if self.kind == "instance":
            return InstanceNorm(self.affine)(x)
        return Norm(self.kind, scale_init=scales)(x, train=train)
