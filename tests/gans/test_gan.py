import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP, images, mlp_game, points

from jgan.game import GENERATOR
from jgan.gans.gan import gan
from jgan.latents import linear, normal, spherical, uniform
from jgan.losses import get_loss
from jgan.networks import Network, dcgan_generator, mlp, mlp_discriminator, mlp_generator

LOSS = get_loss("hinge")


def test_the_scene_shows_data_and_samples():
    game = mlp_game()
    batch = points(6)
    variables = game.init(KEY, batch)
    scene = game.scene(variables, batch, KEY, STEP)
    np.testing.assert_array_equal(scene.meeting["real"].values, batch["image"])
    assert scene.latent.shape == (6, 3)
    fake = scene.meeting["fake"].values
    np.testing.assert_allclose(scene.make(scene.latent), fake, rtol=1e-6)
    np.testing.assert_allclose(scene.meet(scene.latent)["fake"].values, fake, rtol=1e-6)


def test_samples_follow_their_key_and_the_running_statistics():
    game = gan(dcgan_generator((8, 8, 1), width=4), mlp_discriminator((4,)), LOSS, normal(3))
    variables = game.init(KEY, images())
    shown = game.views["samples"](variables, images(), KEY)
    assert shown.shape == (8, 8, 8, 1)
    assert float(jnp.abs(shown).max()) <= 1
    np.testing.assert_array_equal(shown, game.views["samples"](variables, images(), KEY))
    # Evaluation does not look at the batch: the first samples do not depend on the others.
    stats = jax.tree.map(lambda leaf: leaf + 0.5, variables[GENERATOR]["batch_stats"])
    moved = {**variables, GENERATOR: {**variables[GENERATOR], "batch_stats": stats}}
    assert float(jnp.abs(game.views["samples"](moved, images(), KEY) - shown).max()) > 1e-3


def test_shapes_that_do_not_fit_are_told_before_training():
    wrong = gan(mlp_generator((3,)), mlp_discriminator(), LOSS, normal(2))
    with pytest.raises(
        ValueError, match=r"makes examples of shape \(3,\), but the data's are \(2,\)"
    ):
        wrong.init(KEY, points())
    # Logits of any shape will do, as long as each example has its own.
    assert gan(mlp_generator((2,)), mlp((4,), 1), LOSS, normal(2)).init(KEY, points())
    for judge, shape in ((lambda x: x.reshape(-1), r"\(4,\)"), (jnp.sum, r"\(\)")):
        wrong = Network(
            lambda key, x: {"params": {}}, lambda own, x, judge=judge, **_: (judge(x), {})
        )
        game = gan(mlp_generator((2,)), wrong, LOSS, normal(2))
        with pytest.raises(ValueError, match=rf"logits of shape {shape} for 2 examples"):
            game.init(KEY, points())


def test_dropout_gets_its_key():
    keys = []

    def apply(collections, x, key=None, train=False):
        keys.append(key)
        return x[:, 0] * collections["params"], {}

    judge = Network(lambda key, x: {"params": jnp.ones(())}, apply)
    game = gan(mlp_generator((2,)), judge, LOSS, normal(2))
    variables = game.init(KEY, points())
    keys.clear()
    game.losses(variables, points(), KEY, STEP)
    numbers = {tuple(np.asarray(jax.random.key_data(key))) for key in keys}
    assert len(numbers) == len(keys) == 2


def test_priors_have_their_moments():
    z = normal(4)(KEY, 20_000)
    assert z.shape == (20_000, 4)
    np.testing.assert_allclose(np.cov(z.T), np.eye(4), atol=0.05)
    u = uniform(3)(KEY, 20_000)
    assert u.shape == (20_000, 3)
    assert -1 <= u.min() < -0.99
    assert 0.99 < u.max() < 1
    np.testing.assert_allclose(u.var(0), 1 / 3, atol=0.01)


def test_ways_between_latents():
    a, b = jnp.array([3.0, 0.0]), jnp.array([0.0, 3.0])
    np.testing.assert_allclose(linear(a, b, 0.25), [2.25, 0.75])
    for share in (0.0, 0.3, 1.0):
        angle = share * np.pi / 2
        np.testing.assert_allclose(
            spherical(a, b, share), [3 * np.cos(angle), 3 * np.sin(angle)], atol=1e-5
        )
    np.testing.assert_allclose(spherical(a, 2 * a, 0.5), [4.5, 0.0], rtol=1e-6)
