import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, STEP, bilinear_game, critic_game, linear, mlp_game, points

from jgan.game import (
    DISCRIMINATOR,
    GENERATOR,
    PLAYERS,
    with_projection,
    with_weight_clipping,
)
from jgan.losses import minimax, wasserstein
from jgan.rules import alternating, simultaneous
from jgan.rules.rule import gradient
from jgan.terms import adversarial, pool
from jgan.terms.historical import historical_averages
from jgan.terms.penalties import r1

SGD = {player: optax.sgd(1.0) for player in PLAYERS}


def test_logits_are_reported_with_their_accuracy():
    game = critic_game(linear, jnp.ones(1), theta=-2.0)
    batch = {"image": jnp.array([[3.0], [1.0], [-1.0], [-1.0]])}
    _, aux = game.losses(game.init(KEY, batch), batch, KEY, STEP)[DISCRIMINATOR]
    assert {name: float(value) for name, value in aux.metrics.items()} == {
        "real_logit": 0.5,
        "fake_logit": -2.0,
        "accuracy": 0.75,
        "adversarial": 0.0,
    }


def test_the_loss_is_the_mean_over_the_batch():
    game = critic_game(linear, jnp.ones(1), wasserstein(), theta=2.0)
    batch = {"image": jnp.array([[3.0], [5.0]])}
    variables = game.init(KEY, batch)
    assert float(game.losses(variables, batch, KEY, STEP)[DISCRIMINATOR][0]) == 2.0 - 4.0
    assert float(game.losses(variables, batch, KEY, STEP)[GENERATOR][0]) == -2.0


def test_both_players_see_the_same_fakes_and_logits():
    # Both losses of a zero-sum game use one key, so they cancel exactly only on the same fakes.
    game = mlp_game("minimax")
    variables, batch = game.init(KEY, points()), points()
    slopes = {
        player: jax.grad(
            lambda own, player=player: game.losses(
                {**variables, GENERATOR: {"params": own}}, batch, KEY, STEP
            )[player][0]
        )(variables[GENERATOR]["params"])
        for player in PLAYERS
    }
    for mine, other in zip(*(jax.tree.leaves(slopes[p]) for p in PLAYERS), strict=True):
        np.testing.assert_allclose(mine, -other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("rule", [alternating, simultaneous])
def test_clipping_follows_every_move_exactly(rule):
    game = with_weight_clipping(mlp_game("wasserstein"), 0.01)
    made = rule(game, {player: optax.sgd(0.5) for player in PLAYERS})
    state = made.init(KEY, points())
    largest = lambda state: max(
        float(jnp.abs(leaf).max())
        for leaf in jax.tree.leaves(state.variables[DISCRIMINATOR]["params"])
    )
    assert largest(state) == np.float32(0.01), "a run starts inside the projection"
    update = jax.jit(made.update)
    for _ in range(3):
        state, _ = update(state, points())
        assert largest(state) <= np.float32(0.01)
    assert max(jnp.abs(leaf).max() for leaf in jax.tree.leaves(state.variables[GENERATOR])) > 0.1


def test_clipping_follows_inner_steps_too():
    # Minibatches of mean 10 and -0.5 move w by as much: 0 -> clip(10) = 1 -> 0.5. Clipped only after
    # the last step it would be clip(9.5) = 1.
    game = with_weight_clipping(critic_game(linear, jnp.zeros(1), wasserstein()), 1.0)
    rule = alternating(game, SGD, discriminator_steps=2)
    batch = {"image": jnp.array([[10.0], [-0.5], [10.0], [-0.5]])}
    state, _ = rule.update(rule.init(KEY, batch), batch)
    np.testing.assert_allclose(state.variables[DISCRIMINATOR]["params"], [0.5])


def test_projections_compose_in_the_order_added():
    game = with_projection(bilinear_game(np.eye(2)), GENERATOR, lambda x: x + 1)
    game = with_projection(game, GENERATOR, lambda x: 10 * x)
    np.testing.assert_array_equal(game.projections[GENERATOR](jnp.ones(2)), [20, 20])
    assert DISCRIMINATOR not in game.projections


@pytest.mark.parametrize("limit", [0, -0.1])
def test_clipping_limits_are_positive(limit):
    with pytest.raises(ValueError, match=f"limit is {limit}"):
        with_weight_clipping(mlp_game(), limit)


def test_mistakes_are_told():
    with pytest.raises(ValueError, match="player is 'critic', but must be one of generator"):
        with_projection(mlp_game(), "critic", lambda x: x)
    for mistake, message in (
        (lambda: mlp_game().add("r1"), "was given 'r1' to add, but only terms and group makers"),
        (lambda: mlp_game().add(r1(1.0), [r1(2.0)]), "already has a term called 'r1'"),
        (lambda: mlp_game().add(adversarial(minimax())), "already has a term called 'adversarial'"),
        (lambda: mlp_game().add(pool(5)("fake"), pool(6)("fake")), "a term called 'past_fake'"),
    ):
        with pytest.raises(ValueError, match=message):
            mistake()
    # Each player has names of its own.
    assert mlp_game().add(historical_averages())


def test_a_players_gradient_is_in_its_own_parameters():
    game = bilinear_game([[2.0, 1.0], [0.0, 3.0]])
    variables = game.init(KEY, {})
    x, y = (
        gradient(game, player, variables, {}, KEY, STEP)[2] for player in (GENERATOR, DISCRIMINATOR)
    )
    np.testing.assert_allclose(x, [3.0, 3.0])
    np.testing.assert_allclose(y, [-2.0, -4.0])
