import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.cogan import cogan
from jgan.losses import least_squares
from jgan.networks.network import Network

FIRST = np.array([[1.0, 2.0], [-3.0, 0.5]])
SECOND = np.array([[0.3, -1.0], [2.0, 4.0]])
BATCH = {"image": jnp.asarray(FIRST), "other": jnp.asarray(SECOND)}
Z = np.array([[1.0, 0.0], [0.5, -2.0], [3.0, 1.0]])
GENERATOR_NETWORK = Network(
    lambda key, z: {"params": jnp.array(1.5)},
    lambda own, z, key=None, train=False: ({"image": own["params"] * z, "other": -z}, {}),
)


def judge(own, x, domain, key=None, train=False):
    """x_0 in the first domain, 2 x_1 in the second."""
    return jnp.where(domain == 0, x[:, 0], own["params"] * x[:, 1]), {}


GAME = cogan(
    GENERATOR_NETWORK,
    Network(lambda key, x, domain: {"params": jnp.array(2.0)}, judge),
    least_squares(),
    lambda key, count: jnp.asarray(Z[:count]),
)


def test_it_is_the_mean_of_two_games():
    variables = GAME.init(KEY, BATCH)
    real = [FIRST[:, 0], 2 * SECOND[:, 1]]
    fake = [1.5 * Z[:2, 0], -2 * Z[:2, 1]]
    halves = lambda terms: 0.5 * sum(np.mean(0.5 * term**2) for term in terms)
    found, aux = GAME.losses(variables, BATCH, KEY, STEP)[DISCRIMINATOR]
    expected = halves([r - 1 for r in real]) + halves(fake)
    assert float(found) == pytest.approx(expected, rel=1e-6)
    assert float(aux.metrics["real_logit"]) == pytest.approx(np.mean(real), rel=1e-6)
    found, _ = GAME.losses(variables, BATCH, KEY, STEP)[GENERATOR]
    assert float(found) == pytest.approx(halves([f - 1 for f in fake]), rel=1e-6)


def test_pairs_are_made_of_one_latent():
    variables = GAME.init(KEY, BATCH)
    pairs = GAME.views["pairs"](variables, {"image": jnp.zeros((5, 2))}, KEY)
    np.testing.assert_allclose(pairs, [1.5 * Z[0], -Z[0], 1.5 * Z[1], -Z[1], 1.5 * Z[2]])


@pytest.mark.parametrize(
    ("batch", "found"),
    [({"image": FIRST}, "no field 'other'"), ({"image": FIRST, "other": SECOND[:, :1]}, "(2, 1)")],
)
def test_a_second_domain_is_needed(batch, found):
    with pytest.raises(ValueError, match="needs 'other' images of the same shape") as error:
        GAME.init(KEY, batch)
    assert found in str(error.value)
