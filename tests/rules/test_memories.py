"""What rules do with states and memories: each advances once a move, at the iterates."""

import jax
import jax.numpy as jnp
import optax
from helpers import KEY, assert_close, differ, points

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, TERMS
from jgan.gans.began import began
from jgan.gans.gan import gan
from jgan.latents import normal, uniform
from jgan.losses import non_saturating
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.networks.network import Network
from jgan.rules import alternating, extragradient, simultaneous
from jgan.rules.joint_move import params_of
from jgan.terms.historical import historical_averages
from jgan.terms.regularizers import lecam

SGD = dict.fromkeys(PLAYERS, optax.sgd(0.1))
HALF = Network(
    lambda key, x: {"params": jnp.full(x.shape[1:], 0.5)},
    lambda own, x, key=None, train=False: (
        {"features": x, "reconstruction": own["params"] * x},
        {},
    ),
)


def full_of_memories():
    networks = (
        mlp_generator((2,), (4,), norm="batch"),
        mlp_discriminator((4,), norm="spectral"),
    )
    game = gan(*networks, non_saturating(), normal(3))
    return game.add(historical_averages(0.5), lecam(0.3))


def test_extragradient_advances_states_and_memories_once_an_update():
    game, batch = full_of_memories(), points()
    rule, plain = extragradient(game, SGD), simultaneous(game, SGD)
    state = rule.init(KEY, batch)
    after, _ = jax.jit(rule.update)(state, batch)
    once, _ = jax.jit(plain.update)(state, batch)
    for player in PLAYERS:
        own = {name: value for name, value in after.variables[player].items() if name != "params"}
        assert {"historical_average"} <= set(own[TERMS])
        assert_close(own, {name: once.variables[player][name] for name in own}, 1e-6)
        assert differ(own, {name: state.variables[player][name] for name in own})
        assert differ(after.variables[player]["params"], once.variables[player]["params"])


def test_the_historical_mean_of_extragradient_is_that_of_the_iterates():
    game, batch = full_of_memories(), points()
    rule = extragradient(game, SGD)
    state, update, total = rule.init(KEY, batch), jax.jit(rule.update), None
    for moves in range(1, 4):
        params = params_of(state.variables)
        total = params if total is None else jax.tree.map(jnp.add, total, params)
        state, _ = update(state, batch)
        for player in PLAYERS:
            memory = state.variables[player][TERMS]["historical_average"]
            assert float(memory["moves"]) == moves
            expected = jax.tree.map(lambda leaf, n=moves: leaf / n, total[player])
            assert_close(memory["mean"], expected, 1e-6)


def test_the_balance_of_began_moves_once_under_extragradient():
    game, batch = began(mlp_generator((2,), (4,)), HALF, uniform(3), rate=0.01), points()
    rule, plain = extragradient(game, SGD), simultaneous(game, SGD)
    state = rule.init(KEY, batch)
    k = lambda state: float(state.variables[DISCRIMINATOR][TERMS]["balance"]["k"])
    for _ in range(3):
        once, _ = jax.jit(plain.update)(state, batch)
        before, state = k(state), jax.jit(rule.update)(state, batch)[0]
        assert k(state) == k(once) != before


def test_every_move_of_its_player_advances_a_memory_and_no_other_does():
    game, batch = full_of_memories(), points(12)
    rule = alternating(game, SGD, discriminator_steps=3)
    state, _ = jax.jit(rule.update)(rule.init(KEY, batch), batch)
    moves = {p: state.variables[p][TERMS]["historical_average"]["moves"] for p in PLAYERS}
    assert moves == {GENERATOR: 1, DISCRIMINATOR: 3}
