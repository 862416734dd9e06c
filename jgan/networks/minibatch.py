"""Minibatch discrimination."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.batch_axis import whole_batch


def closeness(own: jax.Array, batch: jax.Array) -> jax.Array:
    """o_b(i) = Σ_{j≠i} exp(-‖M_{i,b} - M_{j,b}‖₁) (Salimans et al. 2016, section 3.2).

    Args:
      own: M of the examples asked about, ``(b, kernels, dims)``.
      batch: M of the whole batch, ``(B, kernels, dims)``, which holds them.

    Returns:
      ``(b, kernels)``.

    >>> codes = jnp.array([0.0, 1.0, 3.0]).reshape(3, 1, 1)
    >>> [round(float(value), 5) for value in closeness(codes, codes)[:, 0]]
    [0.41767, 0.50321, 0.18512]
    """
    distances = jnp.sum(jnp.abs(own[:, None] - batch[None]), axis=-1)
    # Each example is found once in the batch, at distance 0.
    return jnp.sum(jnp.exp(-distances), axis=1) - 1


class MinibatchDiscrimination(nn.Module):
    """Features ``(B, F)`` joined by their closeness to the batch, ``(B, F + kernels)``.

    M = f(x)ᵀ T with T: F x kernels x dims. The authors' code has 100 kernels of 5 dimensions; its
    data-dependent initialisation and bias of -1 are left out.

    Attributes:
      kernels: B of the paper, values added for each example.
      dims: C of the paper.
    """

    kernels: int
    dims: int = 5

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Apply the layer."""
        init = nn.initializers.normal(0.05)
        table = self.param("kernel", init, (x.shape[-1], self.kernels * self.dims), jnp.float32)
        codes = (x @ table).reshape(-1, self.kernels, self.dims)
        return jnp.concatenate([x, closeness(codes, whole_batch(codes))], axis=1)
