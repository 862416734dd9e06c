import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP, central_differences

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.began import began
from jgan.gans.ebgan import ebgan
from jgan.networks.autoencoder import autoencoder
from jgan.networks.network import Network
from jgan.terms.balance import controlled
from jgan.terms.pull_away import mean_squared_cosine

BATCH = {"image": jnp.array([[1.0, 2.0], [-3.0, 0.5], [0.0, 4.0]])}
LATENT = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
GENERATOR_NETWORK = Network(
    lambda key, z: {"params": jnp.array(1.5)},
    lambda own, z, key=None, train=False: (own["params"] * z, {}),
)
# The code is the input and the reconstruction half of it, so ‖AE(x) - x‖ = ‖x‖/2.
HALF = Network(
    lambda key, x: {"params": jnp.array(0.5)},
    lambda own, x, key=None, train=False: (
        {"features": x, "reconstruction": own["params"] * x},
        {},
    ),
)
PRIOR = lambda key, count: jnp.asarray(LATENT[:count])


def test_ebgan_by_hand():
    game = ebgan(GENERATOR_NETWORK, HALF, PRIOR, margin=2.0, pull=0.3)
    variables = game.init(KEY, BATCH)
    real = np.linalg.norm(BATCH["image"], axis=1) / 2
    fake = 1.5 * np.linalg.norm(LATENT, axis=1) / 2
    found, _ = game.losses(variables, BATCH, KEY, STEP)[DISCRIMINATOR]
    assert float(found) == pytest.approx(np.mean(real + np.maximum(0, 2 - fake)), rel=1e-6)
    found, aux = game.losses(variables, BATCH, KEY, STEP)[GENERATOR]
    # Pairs of (1, 0), (0, 1), (1, 1): squared cosines 0, 1/2, 1/2.
    assert float(found) == pytest.approx(fake.mean() + 0.3 / 3, rel=1e-6)
    assert float(aux.metrics["cosine_squared"]) == pytest.approx(1 / 3, rel=1e-6)
    shown = game.views["reconstructions"](variables, BATCH, KEY)
    np.testing.assert_allclose(shown, BATCH["image"] / 2)


def test_the_pull_away_term_is_squared_and_differentiable(double):
    codes = np.random.default_rng(0).normal(size=(5, 3))
    unit = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    pairs = [(unit[i] @ unit[j]) ** 2 for i in range(5) for j in range(5) if i != j]
    term = lambda codes: mean_squared_cosine(jnp.asarray(codes), jnp.asarray(codes))
    assert float(term(codes)) == pytest.approx(np.mean(pairs), rel=1e-12)
    slopes = jax.grad(lambda codes: mean_squared_cosine(codes, codes))(jnp.asarray(codes))
    np.testing.assert_allclose(slopes, central_differences(term, codes), atol=1e-8)
    same = np.ones((4, 2))
    assert float(term(same)) == pytest.approx(1.0)


def test_the_pull_away_term_of_zeros_and_of_one_code_is_finite():
    codes = jnp.array([[1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    value, slopes = jax.value_and_grad(lambda codes: mean_squared_cosine(codes, codes))(codes)
    assert float(value) == pytest.approx(1 / 3)
    np.testing.assert_array_equal(slopes, 0)
    value, slopes = jax.value_and_grad(lambda codes: mean_squared_cosine(codes, codes))(codes[:1])
    assert float(value) == 0
    np.testing.assert_array_equal(slopes, 0)


def test_began_by_hand():
    game = began(GENERATOR_NETWORK, HALF, PRIOR, gamma=0.7, rate=0.25)
    variables = game.init(KEY, BATCH)
    assert float(variables[DISCRIMINATOR]["terms"]["balance"]["k"]) == 0
    variables[DISCRIMINATOR]["terms"] = {"balance": {"k": jnp.array(0.4)}}
    real = np.abs(BATCH["image"]).mean() / 2
    fake = 1.5 * LATENT.mean() / 2
    found, aux = game.losses(variables, BATCH, KEY, STEP)[DISCRIMINATOR]
    assert float(found) == pytest.approx(real - 0.4 * fake, rel=1e-6)
    expected = {
        "k": 0.4 + 0.25 * (0.7 * real - fake),
        "measure": real + abs(0.7 * real - fake),
        "ratio": fake / real,
    }
    for name, value in expected.items():
        assert float(aux.metrics[name]) == pytest.approx(value, rel=1e-5)
    assert float(aux.state["terms"]["balance"]["k"]) == pytest.approx(expected["k"], rel=1e-6)
    assert float(game.losses(variables, BATCH, KEY, STEP)[GENERATOR][0]) == pytest.approx(fake)


@pytest.mark.parametrize(("real", "fake", "expected"), [(9.0, 0.0, 1.0), (0.0, 9.0, 0.0)])
def test_k_stays_between_zero_and_one(real, fake, expected):
    k, measure = controlled(jnp.array(0.5), jnp.array(real), jnp.array(fake), 0.5, 1.0)
    assert float(k) == expected
    assert float(measure) == real + abs(0.5 * real - fake)


@pytest.mark.parametrize("shape", [(7, 10, 3), (28, 28, 1), (2,)])
@pytest.mark.parametrize("body", ["dcgan", "mlp"])
def test_autoencoders_keep_the_shape(shape, body):
    network = autoencoder(code=3, width=2, body=body)
    x = jnp.zeros((2, *shape))
    answers = jax.eval_shape(lambda: network.apply(network.init(KEY, x), x)[0])
    assert answers["reconstruction"].shape == x.shape
    assert answers["features"].shape == (2, 3)


def test_without_a_rate_k_stays_as_it_starts():
    game = began(GENERATOR_NETWORK, HALF, PRIOR, gamma=0.7, rate=0.0, start=0.5)
    variables = game.init(KEY, BATCH)
    assert float(variables[DISCRIMINATOR]["terms"]["balance"]["k"]) == 0.5
    _, aux = game.losses(variables, BATCH, KEY, STEP)[DISCRIMINATOR]
    assert float(aux.state["terms"]["balance"]["k"]) == 0.5
    with pytest.raises(ValueError, match=r"start is 2\.0, but must lie in \[0, 1\]"):
        began(GENERATOR_NETWORK, HALF, PRIOR, start=2.0)
