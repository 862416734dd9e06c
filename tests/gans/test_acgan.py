import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.acgan import acgan
from jgan.losses import non_saturating
from jgan.networks.network import Network

BATCH = {"image": jnp.array([[1.0], [-2.0], [0.5]]), "label": jnp.array([1, 0, 1], jnp.int32)}


def test_losses_by_hand():
    # G(z, y) = z + theta y, D(x) = psi x and class logits (0, chi x).
    generator = Network(
        lambda key, z, label: {"params": jnp.array(0.7)},
        lambda own, z, label, key=None, train=False: (z + own["params"] * label[:, None], {}),
    )

    def judge(own, x, key=None, train=False):
        psi, chi = own["params"]
        return {
            "logit": psi * x[:, 0],
            "class": jnp.concatenate([jnp.zeros_like(x), chi * x], axis=1),
        }, {}

    discriminator = Network(lambda key, x: {"params": jnp.array([0.3, -1.5])}, judge)
    prior = lambda key, count: jnp.linspace(-1, 1, count)[:, None]
    game = acgan(
        generator,
        discriminator,
        non_saturating(),
        prior,
        discriminator_weight=2.0,
        generator_weight=0.1,
    )
    variables = game.init(KEY, BATCH)
    label = np.array([1, 0, 1])
    real = np.asarray(BATCH["image"])[:, 0]
    fake = np.linspace(-1, 1, 3) + 0.7 * label
    softplus = lambda t: np.log1p(np.exp(t))
    # -log P(y) with logits (0, t): softplus(-t) where y = 1, softplus(t) where y = 0.
    cross = lambda x: np.mean(softplus(np.where(label == 1, 1.5 * x, -1.5 * x)))
    expected = {
        DISCRIMINATOR: np.mean(softplus(-0.3 * real) + softplus(0.3 * fake))
        + 2.0 * (cross(real) + cross(fake)),
        GENERATOR: np.mean(softplus(-0.3 * fake)) + 0.1 * cross(fake),
    }
    for player, value in expected.items():
        found, aux = game.losses(variables, BATCH, KEY, STEP)[player]
        assert float(found) == pytest.approx(value, rel=1e-6)
    _, aux = game.losses(variables, BATCH, KEY, STEP)[DISCRIMINATOR]
    # -1.5 x is positive, class 1, only at the real example -2, whose label is 0.
    assert float(aux.metrics["class_accuracy"]) == 0.0
