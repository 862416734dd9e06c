"""JAX's random numbers, computed without a loop.

JAX's generator is Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as
1, 2, 3", section 4). On a CPU it runs the rounds in a loop of five turns, which compiles sooner and runs
slower. Here the rounds are written out, and the bits are
the same.
"""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import random as prng

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))


def unrolled(key: jax.Array) -> jax.Array:
    """The same key for the functions of `jax.random`, which then draw the same numbers sooner.

    Args:
      key: a typed key. One of another generator than JAX's default comes back as it is, and so does every
        key where ``jax_threefry_partitionable`` is off.

    >>> key = jax.random.key(0)
    >>> bool((jax.random.bits(unrolled(key), (3,)) == jax.random.bits(key, (3,))).all())
    True
    """
    default = str(jax.random.key_impl(key)) == "threefry2x32"
    if not default or not jax.config.jax_threefry_partitionable:
        return key
    return jax.random.wrap_key_data(jax.random.key_data(key), impl=_UNROLLED)


def _bits(key: jax.Array, bit_width: int, shape: Sequence[int]) -> jax.Array:
    """Random bits of one raw key, (2,) of uint32: element i hashes the number i."""
    shape = tuple(shape)
    count = math.prod(shape)
    if bit_width != 32 or count >= 2**32:
        return prng.threefry_prng_impl.random_bits(key, bit_width, shape)
    numbers = jnp.arange(count, dtype=jnp.uint32).reshape(shape)
    high, low = _hash(key[0], key[1], jnp.zeros_like(numbers), numbers)
    return high ^ low


def _hash(
    first: jax.Array, second: jax.Array, x: jax.Array, y: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Threefry-2x32-20 of the pairs (x, y)."""
    keys = (first, second, first ^ second ^ jnp.uint32(0x1BD11BDA))
    x, y = x + keys[0], y + keys[1]
    for turn in range(5):
        for amount in _ROTATIONS[turn % 2]:
            x = x + y
            y = x ^ ((y << jnp.uint32(amount)) | (y >> jnp.uint32(32 - amount)))
        x = x + keys[(turn + 1) % 3]
        y = y + keys[(turn + 2) % 3] + jnp.uint32(turn + 1)
    return x, y


_UNROLLED: Any = prng.define_prng_impl(
    key_shape=(2,),
    seed=prng.threefry_prng_impl.seed,
    split=prng.threefry_prng_impl.split,
    random_bits=_bits,
    fold_in=prng.threefry_prng_impl.fold_in,
    name="threefry2x32 without a loop",
    tag="fry1",
)
