"""Weights and pictures by a closed formula, so that another framework's outputs can be kept as numbers.

A kernel ``(..., in, out)`` is 1.5 s / sqrt(the product of all sides but the last), a scale 1 + 0.2 s, a bias
0.2 s, where s = sin(0.013 k² + n), k counts the elements in their order, and n is the sum of the bytes of the
parameter's path, such as ``"up_1/kernel"``. Pictures are sin(0.05 k^1.1).
"""

import math

import jax
import jax.numpy as jnp
import numpy as np


def _weights(path, leaf):
    name = "/".join(entry.key for entry in path)
    wave = np.sin(0.013 * np.arange(leaf.size, dtype=np.float64) ** 2 + sum(name.encode()))
    wave = wave.reshape(leaf.shape)
    if name.endswith("kernel"):
        return 1.5 * wave / math.sqrt(math.prod(leaf.shape[:-1]))
    return 0.2 * wave + name.endswith("scale")


def with_formula(collections):
    """Collections with the parameters of the formula, in float32."""
    params = jax.tree_util.tree_map_with_path(_weights, collections["params"])
    return {
        **collections,
        "params": jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float32), params),
    }


def pictures(*shape):
    """Pictures ``shape`` of the formula, in float32."""
    return jnp.asarray(np.sin(0.05 * np.arange(math.prod(shape)) ** 1.1), jnp.float32).reshape(
        shape
    )


def look(values, count=6):
    """``count`` of the values at equal distances, their mean, and the mean of their squares."""
    flat = np.asarray(values, np.float64).ravel()
    chosen = flat[np.linspace(0, flat.size - 1, count).astype(int)]
    return [*chosen, flat.mean(), np.square(flat).mean()]
