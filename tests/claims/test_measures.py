from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgan.claims import measures
from jgan.claims.claim_value import claim_value
from jgan.data import load
from jgan.errors import UserError
from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import Network, mlp_discriminator
from jgan.rules import alternating
from jgan.training.experiment import Experiment, Trained


def oracle(shares: np.ndarray) -> Trained:
    """A "trained" run on the ring whose samples are the data, with the given shares of the modes."""
    source = load("ring", size=5000)
    density = source.density

    def apply(own, z, *, key=None, train=False):
        label = jnp.searchsorted(jnp.cumsum(jnp.asarray(shares)), jax.scipy.stats.norm.cdf(z[:, 2]))
        return density.modes[label] + 0.01 * z[:, :2] + 0 * own["params"]["w"], {}

    generator = Network(lambda key, z: {"params": {"w": jnp.zeros(())}}, apply)
    game = gan(generator, mlp_discriminator((4,)), non_saturating(), normal(3))
    sgd = optax.sgd(0.1)
    rule = alternating(game, {GENERATOR: sgd, DISCRIMINATOR: sgd})
    state = rule.init(jax.random.key(0), {"image": jnp.zeros((2, 2))})
    history = [{"step": 1, "x": 1.0}, {"step": 2, "x": 2.0}, {"step": 3, "x": 4.0}]
    return Trained(Experiment(game, rule, source, 1), state, history)


def test_a_perfect_generator_covers_the_ring() -> None:
    trained = oracle(np.full(8, 1 / 8))
    assert measures.modes(trained) == 8
    assert measures.high_quality(trained) == pytest.approx(1 - np.exp(-4.5), abs=0.01)
    assert measures.reverse_kl(trained) < 0.01


def test_a_collapsed_generator_does_not() -> None:
    trained = oracle(np.array([0.5, 0.5, 0, 0, 0, 0, 0, 0]))
    assert measures.modes(trained) == 2
    found = claim_value(measures.reverse_kl, trained)
    assert found.value == pytest.approx(np.log(4), abs=0.01)
    # Whichever of the three is claimed, all of them are read with it.
    good = measures.high_quality(trained)
    kl = found.value
    assert found.beside == f"2 of 8 modes, high-quality share {good:.3f}, reverse KL {kl:.3f}"


def test_coverage_stands_beside_whatever_is_measured_on_a_mixture() -> None:
    trained = oracle(np.array([0.5, 0.5, 0, 0, 0, 0, 0, 0]))
    found = claim_value(measures.metric("x"), trained)
    assert found.value == 4
    assert found.beside == claim_value(measures.modes, trained).beside
    assert found.beside.startswith("2 of 8 modes, high-quality share 0.9")
    other = replace(trained.experiment, source=load("spiral", size=100))
    assert claim_value(measures.metric("x"), trained._replace(experiment=other)).beside == ""


def test_samples_are_as_many_as_asked() -> None:
    assert measures.samples(oracle(np.full(8, 1 / 8)), 777).shape == (777, 2)


def test_metric_averages_the_last_rows() -> None:
    trained = oracle(np.full(8, 1 / 8))
    assert measures.metric("x")(trained) == 4
    assert measures.metric("x", last=2)(trained) == 3


def test_measures_that_do_not_fit_the_data() -> None:
    trained = oracle(np.full(8, 1 / 8))
    with pytest.raises(UserError, match="image distance was asked of the source 'ring'"):
        measures.image_distance(trained)
    other = replace(trained.experiment, source=load("spiral", size=100))
    with pytest.raises(UserError, match="which is no mixture; use ring or grid"):
        measures.modes(trained._replace(experiment=other))


def test_optimal_discriminator_against_a_known_density() -> None:
    """With logit log p - log q the discriminator's loss is log 4 - 2 JSD, and no other is lower."""
    p, q = load("ring", size=10).density, load("grid", size=10).density
    wide = lambda density, std: density._replace(stds=jnp.full_like(density.stds, std))
    p, q = wide(p, 0.5), wide(q, 1.0)
    real, fake = p.sample(jax.random.key(0), 40_000), q.sample(jax.random.key(1), 40_000)
    logit = lambda x: p.log_density(x) - q.log_density(x)
    loss = non_saturating().discriminator
    best = float(jnp.mean(loss(logit(real), logit(fake))))
    axis = np.linspace(-9, 9, 361)
    mesh = jnp.asarray(np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2))
    log_p, log_q = np.asarray(p.log_density(mesh)), np.asarray(q.log_density(mesh))
    log_m = np.logaddexp(log_p, log_q) - np.log(2)
    cell = (axis[1] - axis[0]) ** 2
    kl = lambda log_a: cell * np.sum(np.exp(log_a) * (log_a - log_m))
    jsd = 0.5 * (kl(log_p) + kl(log_q))
    assert best == pytest.approx(np.log(4) - 2 * jsd, abs=0.01)
    for factor in (0.7, 1.5):
        assert float(jnp.mean(loss(factor * logit(real), factor * logit(fake)))) > best
