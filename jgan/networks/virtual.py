"""Virtual batch normalisation: statistics of a fixed reference batch and of the example itself."""

import math
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.networks.layers import Dense
from jgan.networks.network import Network, from_linen
from jgan.networks.parameter import parameter
from jgan.players import Collections

REFERENCE = "reference"


class VirtualNorm(nn.Module):
    """Normalise ``(R + B, ..., C)``, whose first R rows are the reference batch (Salimans et al. 2016, 3.5).

    An example is normalised by the moments of the reference batch and itself, R + 1 examples of equal
    weight; the reference batch by its own. So no example depends on another, in training neither.

    Attributes:
      reference: R.
      epsilon: added to the variance.
    """

    reference: int
    epsilon: float = 1e-5

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Normalise ``x``."""
        inner = tuple(range(1, x.ndim - 1))
        known, rest = x[: self.reference], x[self.reference :]
        known_mean = known.mean(axis=(0, *inner), keepdims=True)
        known_variance = jnp.square(known - known_mean).mean(axis=(0, *inner), keepdims=True)
        own_mean = rest.mean(axis=inner, keepdims=True)
        own_variance = jnp.square(rest - own_mean).mean(axis=inner, keepdims=True)
        # The moments of both together, from those of each about its own mean.
        share, apart = 1 / (self.reference + 1), own_mean - known_mean
        mean = known_mean + share * apart
        variance = (1 - share) * known_variance + share * own_variance
        variance += share * (1 - share) * jnp.square(apart)
        of_known = lambda moment: jnp.broadcast_to(moment, (self.reference, *moment.shape[1:]))
        mean = jnp.concatenate([of_known(known_mean), mean])
        variance = jnp.concatenate([of_known(known_variance), variance])
        scale = parameter(self, "scale", nn.initializers.ones_init(), (x.shape[-1],))
        bias = parameter(self, "bias", nn.initializers.zeros_init(), (x.shape[-1],))
        return (x - mean) * jax.lax.rsqrt(variance + self.epsilon) * scale + bias


def with_reference(
    network: Network, draw: Callable[[jax.Array, int], jax.Array], count: int
) -> Network:
    """The network that sees ``count`` reference rows in front of its input, and whose output drops theirs.

    Args:
      network: with `VirtualNorm` layers of ``reference=count``.
      draw: ``(key, count) -> (count, ...)``, the reference rows, such as a prior's latents; drawn once, in
        ``init``, and kept in the collection ``"reference"``.
      count: R.
    """

    def init(key: jax.Array, *inputs: Any) -> Collections:
        own_key, reference_key = jax.random.split(key)
        rows = draw(reference_key, count)
        own = network.init(own_key, jnp.concatenate([rows, inputs[0]]))
        return {**own, REFERENCE: {"rows": rows}}

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        inner = {name: value for name, value in collections.items() if name != REFERENCE}
        rows = jnp.concatenate([collections[REFERENCE]["rows"], inputs[0]])
        output, state = network.apply(inner, rows, key=key, train=train)
        return output[count:], {**state, REFERENCE: collections[REFERENCE]}

    return Network(init, apply)


class _Generator(nn.Module):
    shape: tuple[int, ...]
    width: int
    reference: int

    @nn.compact
    def __call__(self, z: jax.Array, *, train: bool) -> jax.Array:
        for _ in range(2):
            layer = Dense(8 * self.width, kernel_init=nn.initializers.he_normal())
            z = nn.relu(VirtualNorm(self.reference)(layer(z, train=train)))
        x = Dense(math.prod(self.shape))(z, train=train).reshape(-1, *self.shape)
        return jnp.tanh(x) if len(self.shape) == 3 else x


def virtual_generator(
    shape: tuple[int, ...],
    prior: Callable[[jax.Array, int], jax.Array],
    *,
    width: int = 32,
    reference: int = 64,
) -> Network:
    """Latents ``(B, d)`` to ``(B, *shape)``: two dense layers of ``8 width`` with `VirtualNorm`.

    Args:
      shape: of one example.
      prior: the reference latents are drawn from it.
      width: an eighth of the layers' width.
      reference: R.
    """
    return with_reference(from_linen(_Generator(tuple(shape), width, reference)), prior, reference)
