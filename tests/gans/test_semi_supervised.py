"""The semi-supervised GAN against its formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.semi_supervised import certain, semi_supervised
from jgan.networks.network import Network
from jgan.scene import Inputs

BATCH = {"image": jnp.array([[1.0, 2.0], [-3.0, 0.5], [0.0, 4.0]])}
LATENT = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
PRIOR = lambda key, count: jnp.asarray(LATENT[:count])
SHIFT = Network(
    lambda key, z: {"params": jnp.array(0.5)},
    lambda own, z, key=None, train=False: (z + own["params"], {}),
)
# Class logits (x_0, x_1).
JUDGE = Network(
    lambda key, x: {"params": jnp.array(1.0)},
    lambda own, x, key=None, train=False: ({"class": own["params"] * x, "features": x}, {}),
)
LABELLED = {"image": np.array([[2.0, -1.0]], np.float32), "label": np.array([1], np.int32)}
softplus = lambda t: np.log1p(np.exp(t))


@pytest.mark.parametrize("unsupervised", [1.0, 0.3, 0.0])
def test_losses_by_hand(unsupervised):
    game = semi_supervised(SHIFT, JUDGE, PRIOR, LABELLED, unsupervised=unsupervised)
    variables = game.init(KEY, BATCH)
    real = np.log(np.exp(np.asarray(BATCH["image"])).sum(1))
    fake = np.log(np.exp(LATENT + 0.5).sum(1))
    # -½ E lse + ½ E sp(lse) + ½ E sp(lse_fake), and -log p(1 | (2, -1)) = sp(3).
    unlabelled = 0.5 * np.mean(-real + softplus(real) + softplus(fake))
    found, aux = game.losses(variables, BATCH, KEY, STEP)[DISCRIMINATOR]
    assert float(found) == pytest.approx(unsupervised * unlabelled + softplus(3.0), rel=1e-6)
    assert float(aux.metrics["labelled_accuracy"]) == 0
    gap = np.asarray(BATCH["image"]).mean(0) - (LATENT + 0.5).mean(0)
    found, _ = game.losses(variables, BATCH, KEY, STEP)[GENERATOR]
    assert float(found) == pytest.approx(np.sum(gap**2), rel=1e-6)


def test_an_unspoken_class_has_the_logit_zero():
    ask = lambda x: JUDGE.apply(JUDGE.init(KEY, None), x)[0]
    answers = certain(ask, Inputs(BATCH["image"]), "real")
    z = np.exp(np.asarray(BATCH["image"])).sum(axis=1)
    np.testing.assert_allclose(jax.nn.sigmoid(answers["logit"]), z / (z + 1), rtol=1e-5)
    # The same as a softmax over K + 1 classes of which the last is "fake".
    padded = jnp.pad(answers["class"], ((0, 0), (0, 1)))
    np.testing.assert_allclose(1 - jax.nn.softmax(padded, axis=1)[:, -1], z / (z + 1), rtol=1e-5)


def test_labels_of_batches_are_not_looked_at():
    game = semi_supervised(SHIFT, JUDGE, PRIOR, LABELLED)
    variables = game.init(KEY, BATCH)
    values = [
        game.losses(variables, {**BATCH, "label": label}, KEY, STEP)[DISCRIMINATOR][0]
        for label in (jnp.zeros(3, jnp.int32), jnp.ones(3, jnp.int32))
    ]
    assert float(values[0]) == float(values[1])


def test_labelled_examples_are_drawn_evenly():
    labelled = {
        "image": np.array([[0.0, 0.0], [10.0, 0.0]], np.float32),
        "label": np.array([0, 0], np.int32),
    }
    game = semi_supervised(SHIFT, JUDGE, PRIOR, labelled)
    variables = game.init(KEY, BATCH)
    loss = lambda key: game.losses(variables, BATCH, key, STEP)[DISCRIMINATOR][1]
    losses = jax.vmap(lambda key: loss(key).metrics["supervised"])(jax.random.split(KEY, 300))
    # Three draws, each of loss log 2 or almost 0.
    assert float(losses.mean()) == pytest.approx(0.5 * np.log(2), abs=0.04)
