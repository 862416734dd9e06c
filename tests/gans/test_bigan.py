import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.bigan import bigan, mirrored
from jgan.gans.bigbigan import bigbigan
from jgan.losses import get_loss, hinge, non_saturating
from jgan.networks.network import Network

X = np.array([[1.0, 2.0], [-3.0, 0.5], [0.5, 4.0]])
Z = np.array([[1.0], [-2.0], [0.5]])
BATCH = {"image": jnp.asarray(X)}
PRIOR = lambda key, count: jnp.asarray(Z[:count])
# G(z) = a (z, z) and E(x) = b x_0.
MAKE = Network(
    lambda key, z: {"params": jnp.array(1.5)},
    lambda own, z, key=None, train=False: (own["params"] * jnp.concatenate([z, z], 1), {}),
)
READ = Network(
    lambda key, x: {"params": jnp.array(0.4)},
    lambda own, x, key=None, train=False: (own["params"] * x[:, :1], {}),
)


def scores(own, pair, key=None, train=False):
    joint = own["params"] * pair["image"][:, 1] * pair["latent"][:, 0]
    return {"logit": joint, "image": pair["image"][:, 0], "latent": 0.3 * pair["latent"][:, 0]}, {}


JUDGE = Network(lambda key, pair: {"params": jnp.array(0.7)}, scores)
REAL = {"image": X, "latent": 0.4 * X[:, :1]}
FAKE = {"image": 1.5 * np.concatenate([Z, Z], 1), "latent": Z}


def by_hand(pair):
    joint = 0.7 * pair["image"][:, 1] * pair["latent"][:, 0]
    return {"logit": joint, "image": pair["image"][:, 0], "latent": 0.3 * pair["latent"][:, 0]}


def softplus(t):
    return np.log1p(np.exp(t))


def test_bigan_by_hand():
    game = bigan(MAKE, READ, JUDGE, non_saturating(), PRIOR)
    variables = game.init(KEY, BATCH)
    assert variables[GENERATOR] == {"params": {"generator": 1.5, "encoder": jnp.float32(0.4)}}
    r, f = by_hand(REAL)["logit"], by_hand(FAKE)["logit"]
    found, _ = game.losses(variables, BATCH, KEY, STEP)[DISCRIMINATOR]
    assert float(found) == pytest.approx(np.mean(softplus(-r) + softplus(f)), rel=1e-6)
    # The labels exchanged, as in ALI's code.
    found, _ = game.losses(variables, BATCH, KEY, STEP)[GENERATOR]
    assert float(found) == pytest.approx(np.mean(softplus(r) + softplus(-f)), rel=1e-6)


def test_both_halves_of_the_generator_follow_its_loss(double):
    game = bigan(MAKE, READ, JUDGE, non_saturating(), PRIOR)
    variables = game.init(KEY, BATCH)

    def loss(a, b):
        own = {"params": {"generator": a, "encoder": b}}
        return game.losses({**variables, GENERATOR: own}, BATCH, KEY, STEP)[GENERATOR][0]

    slopes = jax.grad(loss, (0, 1))(1.5, 0.4)
    sigmoid = lambda t: 1 / (1 + np.exp(-t))
    r, f = 0.7 * 0.4 * X[:, 1] * X[:, 0], 0.7 * 1.5 * Z[:, 0] ** 2
    # d softplus(-f)/da = -σ(-f) f/a and d softplus(r)/db = σ(r) r/b.
    np.testing.assert_allclose(slopes[0], np.mean(-sigmoid(-f) * f / 1.5), rtol=1e-6)
    np.testing.assert_allclose(slopes[1], np.mean(sigmoid(r) * r / 0.4), rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("minimax", lambda r, f: -softplus(-r) - softplus(f)),
        ("hinge", lambda r, f: r - f),
        ("wasserstein", lambda r, f: r - f),
        ("relativistic", lambda r, f: softplus(r - f)),
    ],
)
def test_mirrored_losses(name, expected):
    r, f = np.array([0.3, -2.0, 1.0]), np.array([-0.7, 0.2, 2.5])
    loss = mirrored(get_loss(name))
    np.testing.assert_allclose(loss.generator(jnp.asarray(r), jnp.asarray(f)), expected(r, f), 1e-5)
    np.testing.assert_array_equal(loss.discriminator(r, f), get_loss(name).discriminator(r, f))


@pytest.mark.parametrize("unary", [1.0, 0.25])
def test_bigbigan_by_hand(unary):
    game = bigbigan(MAKE, READ, JUDGE, hinge(), PRIOR, unary=unary)
    variables = game.init(KEY, BATCH)
    real, fake = by_hand(REAL), by_hand(FAKE)
    shares = {"logit": 1.0, "image": unary, "latent": unary}
    expected = {DISCRIMINATOR: 0.0, GENERATOR: 0.0}
    for name, share in shares.items():
        r, f = real[name], fake[name]
        judged = np.maximum(0, 1 - r) + np.maximum(0, 1 + f)
        expected[DISCRIMINATOR] += share * judged.mean()
        expected[GENERATOR] += share * (r - f).mean()
    for player, value in expected.items():
        found, aux = game.losses(variables, BATCH, KEY, STEP)[player]
        assert float(found) == pytest.approx(value, rel=1e-5)
        if player == DISCRIMINATOR:
            right = (X[:, 0] > 0).mean() + (1.5 * Z[:, 0] < 0).mean()
            assert float(aux.metrics["image_accuracy"]) == pytest.approx(right / 2)


def test_encoding_and_reconstruction():
    game = bigan(MAKE, READ, JUDGE, non_saturating(), PRIOR)
    variables = game.init(KEY, BATCH)
    code = game.sampler.encode(variables, BATCH["image"])
    np.testing.assert_allclose(code, 0.4 * X[:, :1], rtol=1e-6)
    shown = game.views["reconstructions"](variables, BATCH, KEY)
    np.testing.assert_allclose(shown, 0.6 * np.stack([X[:, 0], X[:, 0]], 1), rtol=1e-6)


def test_codes_must_be_latents():
    two = lambda key, count: jnp.zeros((count, 2))
    game = bigan(MAKE, READ, JUDGE, non_saturating(), two)
    with pytest.raises(ValueError, match=r"codes of shape \(1,\), but latents have \(2,\)"):
        game.init(KEY, BATCH)
