"""Labels that are classes or vectors of attributes, and what they mean to each network."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, assert_close, assert_same

from jgan.networks import mlp_discriminator, mlp_generator
from jgan.networks.conditional import (
    conditional_generator,
    labelled,
    projection_discriminator,
)

CLASSES, COUNT = 3, 5
LABEL = jnp.asarray([2, 0, 1, 1, 2], jnp.int32)
ATTRIBUTES = jnp.asarray(np.random.default_rng(0).normal(size=(COUNT, CLASSES)), jnp.float32)
X = jax.random.normal(KEY, (COUNT, 2))
NETWORKS = {
    "one-hot": lambda: labelled(mlp_discriminator((4,)), CLASSES),
    "embedding": lambda: labelled(mlp_generator((2,), (4,), norm="none"), CLASSES, 6),
    "normalisation": lambda: conditional_generator((2,), CLASSES, width=1, body="mlp"),
    "projection": lambda: projection_discriminator(CLASSES, width=1, body="mlp", norm="none"),
}


def varied(collections):
    """Parameters away from their first values, where gains are 1 and biases 0."""
    leaves, structure = jax.tree.flatten(collections)
    keys = jax.random.split(jax.random.key(1), len(leaves))
    moved = [
        leaf + 0.3 * jax.random.uniform(k, leaf.shape) for leaf, k in zip(leaves, keys, strict=True)
    ]
    return jax.tree.unflatten(structure, moved)


@pytest.mark.parametrize("train", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_one_hot_vector_means_its_class(name, train):
    network = NETWORKS[name]()
    collections = network.init(KEY, X, LABEL)
    vectors = jax.nn.one_hot(LABEL, CLASSES)
    assert_same(network.init(KEY, X, vectors), collections)
    collections = varied(collections)
    expected, _ = network.apply(collections, X, LABEL, train=train)
    for dtype in (jnp.float32, jnp.int32, bool):
        found, _ = network.apply(collections, X, vectors.astype(dtype), train=train)
        assert_close(found, expected)
    other, _ = network.apply(collections, X, jnp.roll(vectors, 1, axis=1), train=train)
    assert np.abs(np.asarray(other - expected)).max() > 1e-3


@pytest.mark.parametrize("name", NETWORKS)
def test_a_class_that_is_none_never_means_another(name):
    network = NETWORKS[name]()
    collections = network.init(KEY, X, LABEL)
    compiled = jax.jit(network.apply)
    for wrong in (-1, -CLASSES, CLASSES, 7):
        label = LABEL.at[1].set(wrong)
        with pytest.raises(ValueError, match=f"^label holds {wrong}; a class must be 0 to 2"):
            network.apply(collections, X, label)
        found = np.isnan(np.asarray(compiled(collections, X, label)[0])).reshape(COUNT, -1)
        assert found.all(axis=1).tolist() == [False, True, False, False, False]
        assert not found[0].any()


def test_attributes_are_joined_as_numbers():
    inner = mlp_discriminator((4,))
    network = labelled(inner, CLASSES)
    collections = network.init(KEY, X, ATTRIBUTES)
    found, _ = network.apply(collections, X, ATTRIBUTES)
    expected, _ = inner.apply(collections, jnp.concatenate([X, ATTRIBUTES], axis=1))
    assert_same(found, expected)


def test_the_projection_of_attributes_is_linear():
    network = NETWORKS["projection"]()
    collections = varied(network.init(KEY, X, LABEL))
    logit = lambda vectors: np.asarray(network.apply(collections, X, vectors)[0])
    none = logit(jnp.zeros((COUNT, CLASSES)))
    each = [logit(jnp.tile(row, (COUNT, 1))) - none for row in jnp.eye(CLASSES)]
    expected = none + sum(np.asarray(ATTRIBUTES[:, i]) * part for i, part in enumerate(each))
    np.testing.assert_allclose(logit(ATTRIBUTES), expected, rtol=1e-4, atol=1e-5)


def test_a_new_generator_ignores_its_attributes():
    network = NETWORKS["normalisation"]()
    collections = network.init(KEY, X, LABEL)
    found, _ = network.apply(collections, X, ATTRIBUTES, train=True)
    assert_close(found, network.apply(collections, X, LABEL, train=True)[0])


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    ("label", "found"),
    [
        (jnp.zeros((COUNT, 4), jnp.int32), "label has shape (5, 4) and dtype int32"),
        (jnp.zeros(COUNT), "label has shape (5,) and dtype float32"),
        (jnp.zeros((COUNT, 3, 1)), "label has shape (5, 3, 1) and dtype float32"),
    ],
)
def test_other_labels_are_refused(name, label, found):
    message = f"{found}; it must be (batch,) integers, or (batch, 3) for vectors of 3 attributes."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        NETWORKS[name]().init(KEY, X, label)
