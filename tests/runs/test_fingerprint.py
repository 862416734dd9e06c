"""The fingerprint of a state: every element counts, on the host and compiled alike."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, mlp_game, points
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jgan.rules import averaged, simultaneous
from jgan.rules.joint_move import descent
from jgan.runs.fingerprint import fingerprint


def test_the_fingerprint_sees_every_element():
    state = averaged(simultaneous(mlp_game(norm="spectral"), descent(0.1))).init(KEY, points())
    before, rng = int(fingerprint(state)), np.random.default_rng(0)
    leaves, structure = jax.tree.flatten(state.replace(key=jax.random.key_data(state.key)))
    assert any(leaf.dtype == jnp.int32 for leaf in leaves)
    for number, leaf in enumerate(leaves):
        bits = np.asarray(leaf).copy().reshape(-1).view(np.uint32)
        bits[rng.integers(len(bits))] ^= np.uint32(1 << int(rng.integers(32)))
        changed = jnp.asarray(bits.view(leaf.dtype).reshape(leaf.shape))
        altered = structure.unflatten([*leaves[:number], changed, *leaves[number + 1 :]])
        altered = altered.replace(key=jax.random.wrap_key_data(altered.key))
        assert int(fingerprint(altered)) != before
    swapped = jax.tree.map(lambda leaf: leaf[::-1] if leaf.ndim else leaf, state.variables)
    assert int(fingerprint(state.replace(variables=swapped))) != before


@pytest.mark.parametrize("x64", [False, True])
def test_the_host_and_the_device_give_one_number(x64):
    with jax.enable_x64(x64):
        rng = np.random.default_rng(0)
        state = {
            "key": jax.random.key(3),
            "floats": jnp.asarray(rng.normal(size=(3, 5))),
            "halves": jnp.asarray(rng.normal(size=7), jnp.bfloat16),
            "flags": jnp.asarray([True, False, True]),
            "pixels": jnp.asarray(rng.integers(0, 256, (2, 4)), jnp.uint8),
            "count": jnp.asarray(-7),
            "none": jnp.zeros((0, 2)),
        }
        mesh = NamedSharding(Mesh(jax.devices()[:2], "x"), PartitionSpec())
        spread = jax.device_put(state, mesh)
        assert len(spread["count"].devices()) == 2
        assert int(fingerprint(spread)) == int(fingerprint(state))
