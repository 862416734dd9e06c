"""Rules against iterations written out by hand, on games known in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import (
    DIRAC_BATCH,
    KEY,
    bilinear_game,
    critic_game,
    dirac_game,
    linear,
    params_of,
    quadratic,
)

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.losses import wasserstein
from jgan.rules import alternating, simultaneous
from jgan.rules.rule import gradient, minibatch
from jgan.terms.penalties import r1

M = np.array([[1.0, -0.5, 0.3], [0.2, 0.8, -1.1]])


def sgd(generator, discriminator=None):
    rates = (generator, generator if discriminator is None else discriminator)
    return {player: optax.sgd(rate) for player, rate in zip(PLAYERS, rates, strict=True)}


def run(rule, batch, steps, **start):
    """The state after so many updates, from given parameters if any."""
    state = rule.init(KEY, batch)
    for player, params in start.items():
        variables = {**state.variables, player: {"params": jnp.asarray(params)}}
        state = state.replace(variables=variables)
    go = jax.jit(
        lambda state: jax.lax.fori_loop(0, steps, lambda _, s: rule.update(s, batch)[0], state)
    )
    return go(state)


# A bilinear game.


@pytest.mark.parametrize("first", PLAYERS)
@pytest.mark.parametrize(("n_d", "n_g"), [(1, 1), (3, 1), (1, 2), (2, 3)])
def test_alternating_on_a_bilinear_game(n_d, n_g, first, double):
    # Two time scales: a rate for each player.
    h_g, h_d = 0.1, 0.25
    rule = alternating(
        bilinear_game(M),
        sgd(h_g, h_d),
        discriminator_steps=n_d,
        generator_steps=n_g,
        first=first,
    )
    state = run(rule, {}, 5)
    x, y = np.ones(2), np.ones(3)
    for _ in range(5):
        for player in (first, *(p for p in PLAYERS if p != first)):
            if player == GENERATOR:
                for _ in range(n_g):
                    x = x - h_g * M @ y
            else:
                for _ in range(n_d):
                    y = y + h_d * M.T @ x
    np.testing.assert_allclose(params_of(state)[GENERATOR], x, rtol=1e-6)
    np.testing.assert_allclose(params_of(state)[DISCRIMINATOR], y, rtol=1e-6)
    assert int(state.step) == 5


def test_simultaneous_on_a_bilinear_game(double):
    h_g, h_d = 0.1, 0.25
    state = run(simultaneous(bilinear_game(M), sgd(h_g, h_d)), {}, 5)
    x, y = np.ones(2), np.ones(3)
    for _ in range(5):
        x, y = x - h_g * M @ y, y + h_d * M.T @ x
    np.testing.assert_allclose(params_of(state)[GENERATOR], x, rtol=1e-6)
    np.testing.assert_allclose(params_of(state)[DISCRIMINATOR], y, rtol=1e-6)


# The Dirac-GAN. Papers count a large D as "fake": their psi is minus ours.


@pytest.mark.parametrize(("n_d", "n_g"), [(1, 1), (5, 1), (2, 3)])
def test_alternating_operator_on_the_dirac_gan(n_d, n_g):
    h = 0.2
    rule = alternating(
        dirac_game(wasserstein()),
        sgd(h),
        discriminator_steps=n_d,
        generator_steps=n_g,
        first=GENERATOR,
    )
    batch = {"image": jnp.zeros((2 * n_d, 1))}
    operator = np.array([[1, -n_g * h], [n_d * h, 1 - n_g * n_d * h**2]])
    found = params_of(run(rule, batch, 7))
    theta, psi = np.linalg.matrix_power(operator, 7) @ [1.0, 1.0]
    assert float(found[GENERATOR]) == pytest.approx(theta, rel=1e-5)
    assert float(found[DISCRIMINATOR]) == pytest.approx(-psi, rel=1e-5)


def test_simultaneous_descent_spirals_outwards():
    state = run(simultaneous(dirac_game(), sgd(0.2)), DIRAC_BATCH, 500)
    theta, psi = (float(params_of(state)[player]) for player in PLAYERS)
    assert np.hypot(theta, psi) == pytest.approx(3.09695, rel=1e-5)


def test_growth_law_of_simultaneous_descent(double):
    h, theta, psi = 0.2, 0.7, -1.3
    state = run(
        simultaneous(dirac_game(), sgd(h)), DIRAC_BATCH, 1, generator=theta, discriminator=psi
    )
    after = np.hypot(*(float(params_of(state)[player]) for player in PLAYERS)) ** 2
    slope = 1 / (1 + np.exp(-theta * psi))
    assert after == pytest.approx((theta**2 + psi**2) * (1 + h**2 * slope**2), rel=1e-6)


@pytest.mark.parametrize("gamma", [0.3, 1.5])
@pytest.mark.parametrize("kind", ["alternating", "simultaneous"])
def test_linearised_update_with_r1(kind, gamma, double):
    h, a = 0.2, 0.5
    game = dirac_game().add(r1(gamma))
    rule = (
        alternating(game, sgd(h), first=GENERATOR)
        if kind == "alternating"
        else simultaneous(game, sgd(h))
    )
    state = rule.init(KEY, DIRAC_BATCH)

    def update(point):
        variables = {p: {"params": point[i]} for i, p in enumerate(PLAYERS)}
        found = params_of(rule.update(state.replace(variables=variables), DIRAC_BATCH)[0])
        return jnp.stack([found[p] for p in PLAYERS])

    jacobian = np.asarray(jax.jacfwd(update)(jnp.zeros(2)), np.float64)
    alternates = kind == "alternating"
    determinant = 1 - gamma * h + (0 if alternates else (a * h) ** 2)
    trace = 2 - gamma * h - ((a * h) ** 2 if alternates else 0)
    assert np.linalg.det(jacobian) == pytest.approx(determinant, rel=1e-6)
    assert np.trace(jacobian) == pytest.approx(trace, rel=1e-6)


# Minibatches.


def test_minibatches_stride_through_the_batch():
    batch = {"image": jnp.arange(12.0).reshape(6, 2), "label": jnp.arange(6)}
    for index in range(3):
        cut = minibatch(batch, index, 3)
        np.testing.assert_array_equal(cut["label"], np.arange(6)[index::3])
        np.testing.assert_array_equal(cut["image"], np.arange(12.0).reshape(6, 2)[index::3])
        np.testing.assert_array_equal(
            jax.jit(minibatch, static_argnums=2)(batch, jnp.asarray(index), 3)["label"],
            cut["label"],
        )


def test_batches_must_divide():
    with pytest.raises(ValueError, match="batch has 7 examples, but must have a multiple of 2"):
        minibatch({"image": jnp.zeros((7, 1))}, 0, 2)


def test_each_discriminator_step_takes_a_fresh_minibatch(double):
    # A quadratic critic, so that the order of the minibatches counts.
    game = critic_game(quadratic, (np.eye(2), np.ones(2)), wasserstein(), theta=np.zeros(2)).add(
        r1(0.5)
    )
    rule = alternating(game, sgd(0.0, 0.1), discriminator_steps=3)
    assert rule.minibatches == 3
    batch = {"image": np.random.default_rng(0).normal(size=(12, 2))}
    found = params_of(rule.update(rule.init(KEY, batch), batch)[0])[DISCRIMINATOR]
    a, b = np.eye(2), np.ones(2)
    for index in range(3):
        x = batch["image"][index::3]
        g = x @ ((a + a.T) / 2) + b
        mixed = np.einsum("bi,bj->ij", g, x) / len(x)
        a, b = (
            a + 0.1 * (np.einsum("bi,bj->ij", x, x) / 2 / len(x) - 0.25 * (mixed + mixed.T)),
            b + 0.1 * (x.mean(0) - 0.5 * g.mean(0)),
        )
    np.testing.assert_allclose(found[0], a, rtol=1e-6)
    np.testing.assert_allclose(found[1], b, rtol=1e-6)


def test_every_step_draws_fresh_latents():
    # Under the Wasserstein loss w moves by the mean of the fakes, which are the latents here.
    game = critic_game(
        linear,
        jnp.zeros(1),
        wasserstein(),
        latent=lambda key, image: jax.random.normal(key, image.shape),
    )
    rule = alternating(game, sgd(0.0, 1.0), discriminator_steps=4)
    batch = {"image": jnp.zeros((4, 1))}

    @jax.jit
    def moves(state):
        def one(state, _):
            after, _ = rule.update(state, batch)
            return after, params_of(after)[DISCRIMINATOR][0] - params_of(state)[DISCRIMINATOR][0]

        return jax.lax.scan(one, state, length=400)[1]

    found = np.asarray(moves(rule.init(KEY, batch)))
    # Four independent draws of variance 1 add to variance 4; one draw four times would have 16.
    assert np.var(found) == pytest.approx(4.0, rel=0.3)
    assert len(set(found.tolist())) == 400


def test_metrics_are_means_over_the_steps_of_a_player():
    game = critic_game(linear, jnp.ones(1), wasserstein())
    rule = alternating(game, sgd(0.0), discriminator_steps=2)
    batch = {"image": jnp.array([[1.0], [5.0]])}
    _, metrics = rule.update(rule.init(KEY, batch), batch)
    assert float(metrics["discriminator/real_logit"]) == 3.0
    assert float(metrics["discriminator/loss"]) == -3.0
    assert float(metrics["discriminator/gradient_norm"]) == 3.0
    assert float(metrics["generator/loss"]) == 0.0
    assert float(metrics["generator/gradient_norm"]) == 1.0


def test_simultaneous_takes_the_two_separate_gradients(double):
    game = dirac_game().add(r1(0.3))
    rule = simultaneous(game, sgd(0.1, 0.3))
    state = rule.init(KEY, DIRAC_BATCH)
    after = params_of(rule.update(state, DIRAC_BATCH)[0])
    for player, rate in zip(PLAYERS, (0.1, 0.3), strict=True):
        slope = gradient(game, player, state.variables, DIRAC_BATCH, KEY, state.step)[2]
        expected = float(state.variables[player]["params"]) - rate * float(slope)
        assert float(after[player]) == pytest.approx(expected, rel=1e-6)


# Mistakes.


def test_rules_refuse_what_they_cannot_do():
    game = dirac_game()
    with pytest.raises(ValueError, match="discriminator_steps is 0, but must be at least 1"):
        alternating(game, sgd(0.1), discriminator_steps=0)
    with pytest.raises(ValueError, match="generator_steps is -1"):
        alternating(game, sgd(0.1), generator_steps=-1)
    with pytest.raises(ValueError, match="player is 'G'"):
        alternating(game, sgd(0.1), first="G")
    for rule in (alternating, simultaneous):
        with pytest.raises(ValueError, match=r"optimizers has the keys \['generator'\]"):
            rule(game, {GENERATOR: optax.sgd(0.1)})
