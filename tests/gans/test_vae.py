"""VAE, autoencoder and VAE-GAN against closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, STEP, points
from scipy import integrate, stats

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Aux
from jgan.gans.autoencoder import plain_autoencoder
from jgan.gans.single_player import single_player
from jgan.gans.vae import vae
from jgan.gans.vae_gan import vae_gan
from jgan.losses import minimax
from jgan.networks import mlp_generator
from jgan.networks.combined import answer_of
from jgan.networks.heads import heads
from jgan.networks.infogan import infogan_generator
from jgan.networks.linear import linear_decoder, linear_encoder
from jgan.networks.network import Network
from jgan.networks.parts import join, part
from jgan.networks.variational import encoder, infogan_encoder, mlp_encoder
from jgan.rules import simultaneous
from jgan.terms.kl import divergence
from jgan.terms.reconstruction import bernoulli, gaussian

RNG = np.random.default_rng(0)
DIM, LATENT, STD = 4, 2, 0.3
# Orthogonal columns, so that the exact posterior of the linear model has a diagonal covariance.
AXES = np.linalg.qr(RNG.normal(size=(DIM, LATENT)))[0] * [1.5, 0.7]
CENTRE = RNG.normal(size=DIM)
DECODER = Network(
    lambda key, z: {"params": {"axes": jnp.asarray(AXES), "centre": jnp.asarray(CENTRE)}},
    lambda own, z, key=None, train=False: (
        z @ own["params"]["axes"].T + own["params"]["centre"],
        {},
    ),
)


def linear_gaussian(shift=0.0, factor=1.0):
    """The linear model's exact posterior, or another one."""
    precision = np.sum(AXES**2, axis=0) / STD**2 + 1

    def apply(own, x, key=None, train=False):
        mean = (x - CENTRE) @ AXES / STD**2 / precision + shift
        std = jnp.broadcast_to(factor / np.sqrt(precision), mean.shape)
        return {"mean": mean, "std": std}, {}

    return Network(lambda key, x: {"params": {}}, apply)


def bound(network, x, count=4000):
    game = vae(network, DECODER, LATENT, likelihood=gaussian(STD))
    batch = {"image": jnp.repeat(jnp.asarray(x, jnp.float32), count, axis=0)}
    _, aux = jax.jit(game.losses)(game.init(KEY, batch), batch, KEY, STEP)[GENERATOR]
    return -float(aux.metrics["reconstruction"] + aux.metrics["kl"])


def test_the_bound_is_the_likelihood_at_the_exact_posterior_and_below_it_elsewhere():
    x = CENTRE + np.array([[0.5, -1.0, 0.2, 0.9], [-0.3, 0.1, 1.2, 0.0], [2.0, 0.4, -0.6, 0.3]])
    exact = stats.multivariate_normal(CENTRE, AXES @ AXES.T + STD**2 * np.eye(DIM)).logpdf(x)
    assert abs(bound(linear_gaussian(), x) - exact.mean()) < 0.02
    # What is missing is KL(q || p(z|x)), here of Gaussians that differ in one respect.
    variance = 1 / (np.sum(AXES**2, axis=0) / STD**2 + 1)
    shifted = np.sum(0.2**2 / (2 * variance))
    wider = LATENT * (0.5 * (1.5**2 - 1) - np.log(1.5))
    assert abs(bound(linear_gaussian(shift=0.2), x) - (exact.mean() - shifted)) < 0.05
    assert abs(bound(linear_gaussian(factor=1.5), x) - (exact.mean() - wider)) < 0.05


def test_the_divergence_by_quadrature():
    mean, std = np.array([[0.7, -1.2]]), np.array([[0.4, 1.8]])

    def one(m, s):
        q, p = stats.norm(m, s), stats.norm(0, 1)
        return integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), -20, 20)[0]

    expected = sum(one(m, s) for m, s in zip(mean[0], std[0], strict=True))
    np.testing.assert_allclose(divergence(jnp.array(mean), jnp.array(std)), [expected], rtol=1e-5)


def test_likelihoods_against_scipy():
    x, y = RNG.normal(size=(3, 2, 2, 1)), RNG.normal(size=(3, 2, 2, 1))
    expected = stats.norm(y, 0.5).logpdf(x).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(gaussian(0.5)(jnp.array(x), jnp.array(y)), expected, rtol=1e-5)
    bits, p = RNG.integers(0, 2, (3, 4)), RNG.uniform(0.05, 0.95, (3, 4))
    expected = stats.bernoulli(p).logpmf(bits).sum(axis=1)
    scaled = jnp.array(2.0 * bits - 1), jnp.array(2 * p - 1)
    np.testing.assert_allclose(bernoulli(*scaled), expected, rtol=1e-5)
    certain = bernoulli(jnp.ones((1, 1)), -jnp.ones((1, 1)))
    np.testing.assert_allclose(certain, np.log(1e-6), rtol=1e-6)
    with pytest.raises(ValueError, match="std is 0"):
        gaussian(0)


def test_beta_weighs_the_divergence_alone():
    batch = points(6, DIM)

    def look(beta):
        game = vae(linear_gaussian(), DECODER, LATENT, likelihood=gaussian(STD), beta=beta)
        return game.losses(game.init(KEY, batch), batch, KEY, STEP)[GENERATOR]

    (one, aux), (four, _) = look(1.0), look(4.0)
    np.testing.assert_allclose(four - one, 3 * aux.metrics["kl"], rtol=1e-5)
    summands = aux.metrics["reconstruction"] + aux.metrics["kl"]
    np.testing.assert_allclose(one, summands, rtol=1e-6)
    assert set(aux.terms) == {"reconstruction", "kl"}


def test_reconstructions_start_from_the_mean_and_the_sampler_encodes_it():
    game = vae(linear_gaussian(), DECODER, LATENT)
    batch = points(6, DIM)
    variables = game.init(KEY, batch)
    codes = game.sampler.encode(variables, batch["image"])
    expected = np.linalg.solve(
        AXES.T @ AXES + STD**2 * np.eye(LATENT), AXES.T @ (np.asarray(batch["image"]) - CENTRE).T
    ).T
    np.testing.assert_allclose(codes, expected, rtol=1e-4)
    shown = game.views["reconstructions"](variables, batch, KEY)
    np.testing.assert_allclose(shown, expected @ AXES.T + CENTRE, rtol=1e-4, atol=1e-5)


def test_the_networks_of_compare_gan_fit_each_other():
    batch = {"image": jnp.zeros((3, 8, 8, 1))}
    game = vae(infogan_encoder(5), infogan_generator((8, 8, 1)), 5)
    variables = jax.eval_shape(game.init, KEY, batch)
    layers = part(variables[GENERATOR], "encoder")["params"]
    shapes = [layers[name]["kernel"].shape for name in ("Conv_0", "Conv_1", "Dense_0", "Dense_1")]
    assert shapes == [(4, 4, 1, 64), (4, 4, 64, 128), (512, 1024), (1024, 10)]
    loss, aux = jax.eval_shape(game.losses, variables, batch, KEY, STEP)[GENERATOR]
    assert loss.shape == ()
    assert set(aux.state["batch_stats"]) == {"encoder", "decoder"}


def test_standard_deviations_are_softplus_of_the_second_half():
    network, x = mlp_encoder(2, ()), jnp.ones((1, 3))
    own = network.init(KEY, x)
    kernel = RNG.normal(size=(3, 4))
    own["params"]["Dense_0"] = {"kernel": jnp.array(kernel), "bias": jnp.zeros(4)}
    q, _ = network.apply(own, x)
    np.testing.assert_allclose(q["mean"][0], kernel.sum(axis=0)[:2], rtol=1e-5)
    expected = 1e-6 + np.log1p(np.exp(kernel.sum(axis=0)[2:]))
    np.testing.assert_allclose(q["std"][0], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ((3, 2, DIM), r"codes of shape \(3,\), but latent is 2"),
        ((2, 2, DIM + 1), r"examples of shape \(5,\), but the data's are \(4,\)"),
    ],
)
def test_networks_that_do_not_fit_are_refused(sizes, message):
    coded, latent, made = sizes
    pair = mlp_encoder(coded, (3,)), mlp_generator((made,), (3,))
    judge = heads({"logit": 1}, body="mlp", width=1, norm="none")
    plain = linear_encoder(coded), pair[1]
    for game in (
        vae(*pair, latent),
        plain_autoencoder(*plain, latent),
        vae_gan(*pair, judge, minimax(), latent),
    ):
        with pytest.raises(ValueError, match=message):
            game.init(KEY, points(4, DIM))


def test_a_linear_autoencoder_finds_the_principal_components():
    x = RNG.normal(size=(200, DIM)) @ np.diag([2.0, 1.0, 0.5, 0.3]) + 1.0
    batch = {"image": jnp.array(x, jnp.float32)}
    game = plain_autoencoder(linear_encoder(2), linear_decoder((DIM,)), 2)
    rule = simultaneous(game, dict.fromkeys(PLAYERS, optax.adam(0.02)))
    run = lambda state: jax.lax.scan(lambda s, _: rule.update(s, batch), state, length=1500)
    _, metrics = jax.jit(run)(rule.init(KEY, batch))
    best = np.linalg.eigvalsh(np.cov(x.T, bias=True))[:2].sum() / DIM
    assert 0.9999 * best < float(metrics["generator/loss"][-1]) < 1.005 * best


def test_the_player_without_a_task_has_nothing():
    game = single_player(
        lambda key, batch: {"params": jnp.ones(2)}, lambda *arguments: (jnp.ones(()), Aux())
    )
    variables = game.init(KEY, {})
    assert variables[DISCRIMINATOR] == {"params": {}}
    assert float(game.losses(variables, {}, KEY, STEP)[DISCRIMINATOR][0]) == 0
    assert game.views == {}


class TestVaeGan:
    """Against gradients written out by hand, on networks of one weight each."""

    x = jnp.array([[0.5], [-1.0], [2.0], [0.1]])
    start = (0.8, 1.3, 0.6)  # encoder, decoder, discriminator

    def build(self, gamma):
        scale = lambda value: lambda key, x: {"params": jnp.array(value)}
        encoder = Network(
            scale(self.start[0]),
            lambda own, x, key=None, train=False: (
                {"mean": own["params"] * x, "std": 0.5 * jnp.ones_like(x)},
                {},
            ),
        )
        decoder = Network(
            scale(self.start[1]), lambda own, z, key=None, train=False: (own["params"] * z, {})
        )
        judge = Network(
            scale(self.start[2]),
            lambda own, x, key=None, train=False: (
                {"logit": own["params"] * x[:, 0], "features": jnp.sin(own["params"] * x)},
                {},
            ),
        )
        return vae_gan(encoder, decoder, judge, minimax(), 1, gamma=gamma)

    @pytest.mark.parametrize("gamma", [0.0, 0.3])
    def test_who_learns_from_what(self, gamma):
        game, batch = self.build(gamma), {"image": self.x}
        variables = game.init(KEY, batch)
        scene = game.scene(variables, batch, KEY, STEP)
        e, d, w = self.start
        noise = np.asarray(scene.latent)
        code = e * np.asarray(self.x) + 0.5 * noise
        # Samples and reconstructions in turn.
        fakes = np.where([[False], [True]] * 2, code, noise)
        np.testing.assert_allclose(scene.meeting["fake"].values, d * fakes, rtol=1e-5)

        def total(e, d, shares):
            z = e * self.x + 0.5 * noise
            gaps = jnp.sin(w * self.x) - jnp.sin(w * d * z)
            likeness = 0.5 * jnp.mean(jnp.sum(gaps**2, axis=1))
            kl = jnp.mean(divergence(e * self.x, 0.5 * jnp.ones_like(self.x)))
            fooled = -jnp.mean(jax.nn.softplus(w * d * fakes[:, 0]))
            return shares[0] * kl + shares[1] * likeness + shares[2] * fooled

        grads = jax.grad(
            lambda params: game.losses(
                {**variables, GENERATOR: {"params": params}}, batch, KEY, STEP
            )[GENERATOR][0]
        )(variables[GENERATOR]["params"])
        expected = jax.grad(total, argnums=0)(e, d, (1.0, 1.0, 0.0))
        np.testing.assert_allclose(grads["encoder"], expected, rtol=1e-4)
        expected = jax.grad(total, argnums=1)(e, d, (0.0, gamma, 1.0))
        np.testing.assert_allclose(grads["decoder"], expected, rtol=1e-4)
        value, aux = game.losses(variables, batch, KEY, STEP)[GENERATOR]
        np.testing.assert_allclose(value, total(e, d, (1.0, 1.0, 1.0)), rtol=1e-5)
        assert {"kl", "likeness"} <= set(aux.metrics)

    def test_the_discriminator_does_not_learn_from_likeness(self):
        results = []
        for gamma in (0.0, 1.0):
            game, batch = self.build(gamma), {"image": self.x}
            variables = game.init(KEY, batch)
            results.append(game.losses(variables, batch, KEY, STEP)[DISCRIMINATOR][0])
        assert float(results[0]) == float(results[1])


def test_parts_come_apart_as_they_were_joined():
    own = {"a": {"params": 1, "batch_stats": 2}, "b": {"params": 3}}
    assert {name: part(join(own), name) for name in own} == own


def test_trunk_encoders_answer_with_a_gaussian():
    for body, shape in (("mlp", (3,)), ("dcgan", (8, 8, 1))):
        network, x = encoder(2, body=body, width=2), jnp.ones((5, *shape))
        q, _ = network.apply(network.init(KEY, x), x)
        assert q["mean"].shape == q["std"].shape == (5, 2)
        assert float(q["std"].min()) > 0
    network = answer_of(heads({"code": 2}, body="mlp", width=1, norm="none"), "code")
    assert network.apply(network.init(KEY, x), x)[0].shape == (5, 2)
