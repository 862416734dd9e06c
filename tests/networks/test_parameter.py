"""Parameters are found at their shapes, and their initializers run where a network is initialised only."""

import jax
import jax.numpy as jnp
import pytest
from flax.errors import ScopeParamShapeError
from helpers import KEY, assert_same

from jgan.networks import from_linen
from jgan.networks.layers import Dense, Norm

X = jnp.ones((4, 3))
LAYERS = {"dense": Dense(2), "batch": Norm("batch"), "layer": Norm("layer")}


@pytest.mark.parametrize("name", LAYERS)
def test_another_shape_is_an_error(name):
    network = from_linen(LAYERS[name])
    own = jax.jit(network.init)(KEY, X)
    wrong = {**own, "params": jax.tree.map(lambda leaf: jnp.ones((5,)), own["params"])}
    with pytest.raises(ScopeParamShapeError):
        network.apply(wrong, X)


def test_initializers_run_once():
    calls = []

    def first(key, shape, dtype):
        calls.append(shape)
        return jnp.full(shape, 0.5, dtype)

    network = from_linen(Dense(2, kernel_init=first, bias_init=first))
    own = network.init(KEY, X)
    assert_same(own["params"], {"kernel": jnp.full((3, 2), 0.5), "bias": jnp.full(2, 0.5)})
    for train in (False, True):
        jax.eval_shape(lambda own, train=train: network.apply(own, X, train=train), own)
    assert calls == [(3, 2), (2,)]
