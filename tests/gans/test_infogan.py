import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.infogan import Codes, infogan
from jgan.losses import Loss
from jgan.networks.network import Network

NOTHING = Loss(lambda real, fake: 0 * real, lambda real, fake: 0 * fake)
CODES = Codes(categories=3, continuous=2, noise=1)
BATCH = {"image": jnp.zeros((5, 6))}


def game(weight=0.5, recognition=2.0):
    """The generator shows its whole latent; Q reads it as sharply as its parameter says."""
    generator = Network(
        lambda key, z: {"params": jnp.array(1.0)},
        lambda own, z, key=None, train=False: (own["params"] * z, {}),
    )

    def judge(own, x, key=None, train=False):
        return {"logit": x[:, 0], "code": own["params"] * x[:, :5]}, {}

    discriminator = Network(lambda key, x: {"params": jnp.array(2.0)}, judge)
    return infogan(generator, discriminator, NOTHING, CODES, weight=weight, recognition=recognition)


def test_the_bound_by_hand():
    made = game()
    variables = made.init(KEY, BATCH)
    latent = np.asarray(made.scene(variables, BATCH, KEY, STEP).latent)
    np.testing.assert_array_equal(np.sort(latent[:, :3]), [[0, 0, 1]] * 5)
    assert np.abs(latent[:, 3:]).max() <= 1
    # Logits are 2 for the true category and 0 for the two others; means are 2c, so errors are c².
    likelihood = 2 - np.log(np.exp(2) + 2)
    squares = np.square(latent[:, 3:5])
    value = 0.5 * squares.sum(1).mean() - likelihood
    for player, share in ((GENERATOR, 0.5), (DISCRIMINATOR, 2.0)):
        found, aux = made.losses(variables, BATCH, KEY, STEP)[player]
        assert float(found) == pytest.approx(share * value, rel=1e-5)
        assert float(aux.metrics["bound"]) == pytest.approx(np.log(3) + likelihood, rel=1e-5)
        assert float(aux.metrics["code_error"]) == pytest.approx(squares.mean(), rel=1e-5)


def test_a_perfect_reader_knows_the_entropy():
    made = game()
    variables = made.init(KEY, BATCH)
    variables = {**variables, DISCRIMINATOR: {"params": jnp.array(100.0)}}
    bound = made.losses(variables, BATCH, KEY, STEP)[DISCRIMINATOR][1].metrics["bound"]
    assert float(bound) == pytest.approx(np.log(3), rel=1e-6)


def test_codes_are_shown_in_order():
    shown = game().views["codes"](game().init(KEY, BATCH), {"image": jnp.zeros((6, 6))}, KEY)
    np.testing.assert_array_equal(shown[:, :3].argmax(1), [0, 0, 1, 1, 2, 2])
    np.testing.assert_array_equal(shown[:, 3:5], 0)


def test_categories_are_equally_likely():
    category, continuous = CODES.split(CODES.prior()(KEY, 30_000))
    np.testing.assert_allclose(category.mean(0), 1 / 3, atol=0.01)
    np.testing.assert_allclose(continuous.var(0), 1 / 3, atol=0.01)


def test_one_code_goes_along_a_row_while_all_else_stays():
    made = game()
    sheet = made.views["code-2"](made.init(KEY, BATCH), BATCH, KEY)
    assert sheet.shape == (3, 10, 6)
    for row, shown in enumerate(sheet):
        np.testing.assert_array_equal(shown[:, :3].argmax(1), row)
        np.testing.assert_allclose(shown[:, 4], np.linspace(-2, 2, 10), rtol=1e-6)
    others = np.asarray(sheet)[..., [3, 5]]
    assert np.all(others == others[0, 0])
