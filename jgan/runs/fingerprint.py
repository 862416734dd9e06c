"""One number that changes when an array of a state is altered."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.rules import TrainState


def fingerprint(state: TrainState) -> jax.Array:
    """A sum over all bits of a state, uint32; an array element that is altered alters it.

    Every word is weighted with an odd number of its own, so no single change can vanish modulo 2³². A state
    that lies on one CPU is summed where it lies, for which nothing must be compiled; both ways give one number.
    """
    leaves = [_plain(leaf) for leaf in jax.tree.leaves(state)]
    devices = {device for leaf in leaves for device in leaf.devices()}
    if len(devices) == 1 and next(iter(devices)).platform == "cpu":
        words = [_words_on_host(np.asarray(leaf)) for leaf in leaves]
        return jax.device_put(_weighted(words, np), leaves[0].sharding)
    return _compiled(leaves)


def _plain(leaf: jax.Array) -> jax.Array:
    return jax.random.key_data(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else leaf


@jax.jit
def _compiled(leaves: list[jax.Array]) -> jax.Array:
    return _weighted([_words(leaf) for leaf in leaves], jnp)


def _weighted(words: list[Any], xp: Any) -> Any:
    total = xp.zeros(1, xp.uint32)  # of rank 1, since NumPy warns when a scalar wraps around
    for number, row in enumerate(words):
        weights = xp.arange(row.size, dtype=xp.uint32) * xp.uint32(0x9E3779B1)
        weights = xp.uint32(2) * (weights + xp.uint32(number)) + xp.uint32(1)
        total = total + xp.sum(row * weights, dtype=xp.uint32, keepdims=True)
    return total.reshape(())


def _words(leaf: jax.Array) -> jax.Array:
    if leaf.dtype == jnp.bool_:
        leaf = leaf.astype(jnp.uint8)
    bits = 8 * leaf.dtype.itemsize
    unsigned = jax.lax.bitcast_convert_type(leaf, jnp.uint32 if bits >= 32 else f"uint{bits}")
    return unsigned.astype(jnp.uint32).ravel()


def _words_on_host(leaf: np.ndarray) -> np.ndarray:
    bits = min(32, 8 * leaf.dtype.itemsize)
    return np.ascontiguousarray(leaf).reshape(-1).view(f"uint{bits}").astype(np.uint32)
