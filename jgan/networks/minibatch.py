"""What a discriminator is shown of the other examples of a batch."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows, whole_batch
from jgan.networks.parameter import parameter


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
        table = parameter(self, "kernel", init, (x.shape[-1], self.kernels * self.dims))
        codes = (x @ table).reshape(-1, self.kernels, self.dims)
        return jnp.concatenate([x, closeness(codes, whole_batch(codes))], axis=1)


def group_deviation(x: jax.Array, group: int = 4, epsilon: float = 1e-8) -> jax.Array:
    """How much each example's group varies, ``(B, ...)`` to ``(B,)`` (Karras et al. 2018, section 3).

    The standard deviation over the examples of a group, averaged over all features and positions. Of a batch
    of B examples every (B / group)-th belongs to one group, as in the authors' code.

    Args:
      x: features of the whole batch.
      group: examples in a group; the largest divisor of B up to this number is taken.
      epsilon: added to the variances.

    >>> group_deviation(jnp.array([[0.0], [5.0], [2.0], [5.0]]), 2).round(3).tolist()
    [1.0, 0.0, 1.0, 0.0]
    """
    count = x.shape[0]
    size = max(number for number in range(1, min(group, count) + 1) if count % number == 0)
    grouped = x.reshape(size, count // size, -1)
    variance = jnp.mean(jnp.square(grouped - jnp.mean(grouped, axis=0)), axis=0)
    return jnp.tile(jnp.mean(jnp.sqrt(variance + epsilon), axis=1), size)


def with_group_deviation(x: jax.Array, group: int = 4) -> jax.Array:
    """Feature maps ``(B, H, W, C)`` with `group_deviation` as one more constant map, ``(B, H, W, C + 1)``."""
    # Groups are those of the whole batch, also where devices share it.
    found = draw_rows(lambda rows: group_deviation(whole_batch(x), group), x.shape[0])
    return jnp.concatenate(
        [x, jnp.broadcast_to(found[:, None, None, None], (*x.shape[:3], 1))], axis=3
    )
