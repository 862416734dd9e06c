import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage
from helpers import KEY, STEP, assert_same, differ

from jgan.convolution.pyramid import laplacian_pyramid
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.gans.lapgan import lapgan
from jgan.losses import least_squares
from jgan.networks.detail import beside, detail_generator
from jgan.networks.heads import generator_for, heads
from jgan.networks.network import Network
from jgan.rules.rule import gradient

X = np.random.default_rng(0).uniform(-0.4, 0.4, (3, 8, 8, 1)).astype(np.float32)
BATCH = {"image": jnp.asarray(X)}
PRIOR = lambda key, count: jax.random.normal(key, (count, 2))
TAPS = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256


def shrunk(images):
    smooth = [scipy.ndimage.convolve(x[..., 0], TAPS, mode="mirror") for x in images]
    return np.stack(smooth)[:, ::2, ::2, None]


def enlarged(images):
    sparse = np.zeros((len(images), 8, 8))
    sparse[:, ::2, ::2] = images[..., 0]
    return np.stack([scipy.ndimage.convolve(x, 4 * TAPS, mode="mirror") for x in sparse])[..., None]


def by_hand():
    """Details a z l, coarse images b z_0; judges mean(x l) and 3 mean(x)."""
    details = Network(
        lambda key, z, low: {"params": jnp.array(0.6)},
        lambda own, z, low, key=None, train=False: (own["params"] * z * low, {}),
    )
    coarse = Network(
        lambda key, z: {"params": jnp.array(0.3)},
        lambda own, z, key=None, train=False: (
            jnp.broadcast_to(own["params"] * z[:, :1, None, None], (len(z), 4, 4, 1)),
            {},
        ),
    )
    mean = lambda x: jnp.mean(x, axis=(1, 2, 3))
    fine_judge = Network(
        lambda key, x, low: {"params": jnp.array(1.0)},
        lambda own, x, low, key=None, train=False: (own["params"] * mean(x * low), {}),
    )
    judge = Network(
        lambda key, x: {"params": jnp.array(3.0)},
        lambda own, x, key=None, train=False: (own["params"] * mean(x), {}),
    )
    return lapgan([details, coarse], [fine_judge, judge], least_squares(), PRIOR)


@pytest.mark.full
def test_losses_by_hand():
    game = by_hand()
    variables = game.init(KEY, BATCH)
    noise, z = game.scene(variables, BATCH, KEY, STEP).latent
    assert noise.shape == (3, 8, 8, 1)
    low = enlarged(shrunk(X))
    mean = lambda x: x.mean(axis=(1, 2, 3))
    real = mean(X * low), 3 * mean(shrunk(X))
    fake = mean((low + 0.6 * noise * low) * low), 3 * 0.3 * np.asarray(z)[:, 0]
    halves = lambda terms: 0.5 * sum(np.mean(0.5 * np.square(term)) for term in terms)
    losses = jax.jit(
        lambda variables: {p: v[0] for p, v in game.losses(variables, BATCH, KEY, STEP).items()}
    )(variables)
    expected = halves([r - 1 for r in real]) + halves(fake)
    assert float(losses[DISCRIMINATOR]) == pytest.approx(float(expected), rel=1e-5)
    expected = halves([f - 1 for f in fake])
    assert float(losses[GENERATOR]) == pytest.approx(float(expected), rel=1e-5)


def small():
    judge = heads({"logit": 1}, body="mlp", width=1, norm="none")
    coarse = generator_for((4, 4, 1), body="mlp", width=1)
    details = detail_generator(width=2, size=3, layers=2)
    return lapgan([details, coarse], [beside(judge), judge], least_squares(), PRIOR)


@pytest.mark.parametrize("level", ["0", "1"])
def test_a_level_learns_from_itself_alone(level):
    game = small()
    states = [game.init(jax.random.key(seed), BATCH) for seed in (0, 1)]

    def exchanged(player):
        """The first state with the other level of both players taken from the second."""
        parts = [state[player]["params"] for state in states]
        return {name: parts[name != level][name] for name in parts[0]}

    mixed = {player: {**own, "params": exchanged(player)} for player, own in states[0].items()}
    for player in PLAYERS:
        slope = jax.jit(lambda v, player=player: gradient(game, player, v, BATCH, KEY, STEP)[2])
        slopes = [slope(variables) for variables in (states[0], mixed)]
        assert_same(slopes[0][level], slopes[1][level])
        other = "1" if level == "0" else "0"
        assert differ(slopes[0][other], slopes[1][other])


def test_true_details_give_the_image_back():
    pyramid = laplacian_pyramid(X, 2)
    fixed = lambda values: Network(
        lambda key, *inputs: {"params": jnp.zeros(())},
        lambda own, z, *low, key=None, train=False: (jnp.asarray(values[: len(z)]), {}),
    )
    judge = Network(
        lambda key, x, *low: {"params": jnp.zeros(())},
        lambda own, x, *low, key=None, train=False: (jnp.zeros(len(x)), {}),
    )
    game = lapgan([fixed(level) for level in pyramid], [judge, judge], least_squares(), PRIOR)
    variables = game.init(KEY, BATCH)
    sampler = game.sampler
    made = sampler.generate(variables, (), sampler.latent(KEY, BATCH))
    np.testing.assert_allclose(made, X, atol=1e-6)
    shown = np.asarray(game.views["levels"](variables, BATCH, KEY))
    np.testing.assert_allclose(shown[0, ::2, ::2], pyramid[1][0], atol=1e-6)
    np.testing.assert_allclose(shown[1], X[0], atol=1e-6)


@pytest.mark.parametrize("conditional", [True, False])
def test_details_follow_the_low_pass_image_if_they_are_told_of_it(conditional):
    network = detail_generator(width=2, size=3, layers=2, norm="none", conditional=conditional)
    low, noise = jnp.asarray(X), jnp.ones((3, 8, 8, 1))
    own = network.init(KEY, noise, low)
    found = [network.apply(own, noise, image)[0] for image in (low, -low)]
    assert differ(*found) == conditional
    assert differ(found[0], network.apply(own, -noise, low)[0])


def test_mistakes():
    with pytest.raises(ValueError, match="1 generators and 1 discriminators"):
        lapgan([None], [None], least_squares(), PRIOR)
    with pytest.raises(ValueError, match=r"shape \(3, 3, 1\), but 2 levels need images"):
        small().init(KEY, {"image": jnp.zeros((4, 3, 3, 1))})
