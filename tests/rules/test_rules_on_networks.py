"""Every game rule moves a small GAN of networks: in a loop, purely, inside projections."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS, Game, with_weight_clipping
from jgan.gans.gan import gan
from jgan.gans.unrolled import unrolled
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.rules import (
    Rule,
    alternating,
    competitive,
    consensus,
    drift_corrected,
    extragradient,
    lola,
    lookahead_minimax,
    negative_momentum,
    optimistic,
    past_extragradient,
    runge_kutta,
    simultaneous,
    symplectic,
)

ADAM = dict.fromkeys(PLAYERS, optax.adam(1e-2, b1=0.5))
RULES: dict[str, Callable[[Game], Rule]] = {
    "extragradient": lambda game: extragradient(game, ADAM),
    "past_extragradient": lambda game: past_extragradient(game, 1e-2),
    "optimistic": lambda game: optimistic(game, 1e-2),
    "negative_momentum": lambda game: negative_momentum(game, 1e-2),
    "consensus": lambda game: consensus(game, ADAM, 1.0),
    "symplectic": lambda game: symplectic(game, ADAM),
    "competitive": lambda game: competitive(game, 1e-2, max_iterations=20),
    "lola": lambda game: lola(game, ADAM, 0.1),
    "lookahead": lambda game: lookahead_minimax(alternating(game, ADAM, discriminator_steps=2), 3),
    "runge_kutta": lambda game: runge_kutta(game, 1e-2, regularization=0.1),
    "drift_corrected": lambda game: drift_corrected(game, {GENERATOR: 5e-3, DISCRIMINATOR: 1e-2}),
    "unrolled": lambda game: alternating(unrolled(game, 3, optax.adam(1e-2)), ADAM),
}


@pytest.fixture(scope="module")
def game() -> Game:
    networks = mlp_generator((2,), (4,)), mlp_discriminator((4,), activation="tanh")
    return gan(*networks, non_saturating(), normal(3))


def batch_for(rule: Rule) -> dict[str, jax.Array]:
    count = 16 * rule.minibatches
    return {"image": jax.random.normal(jax.random.key(1), (count, 2))}


# Those that take long to compile, whose derivatives law 9 compares in every run, in the full product only.
LARGE = (
    *("competitive", "lola", "unrolled", "drift_corrected", "extragradient", "symplectic"),
    *("consensus", "optimistic"),
)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.full] * (name in LARGE)) for name in RULES],
)
def test_trains_inside_a_loop_and_stays_projected(game: Game, name: str) -> None:
    rule = RULES[name](with_weight_clipping(game, 0.3))
    batch = batch_for(rule)
    state = rule.init(jax.random.key(0), batch)
    state = jax.tree.map(lambda leaf: jax.lax.convert_element_type(leaf, leaf.dtype), state)

    @jax.jit
    def run(state):
        return jax.lax.fori_loop(0, 4, lambda _, s: rule.update(s, batch)[0], state)

    end, again = run(state), run(state)
    assert int(end.step) == 4
    for player in PLAYERS:
        before, after = state.variables[player]["params"], end.variables[player]["params"]
        changes = jax.tree.map(lambda x, y: float(jnp.abs(x - y).max()), before, after)
        assert max(jax.tree.leaves(changes)) > 1e-4, player
    for one, other in zip(
        jax.tree.leaves(end.variables), jax.tree.leaves(again.variables), strict=True
    ):
        np.testing.assert_array_equal(one, other)
        assert np.isfinite(one).all()
    weights = jax.tree.leaves(end.variables[DISCRIMINATOR]["params"])
    assert max(float(jnp.abs(leaf).max()) for leaf in weights) <= 0.3 + 1e-6


@pytest.mark.parametrize("name", RULES)
def test_metrics_of_both_players(game: Game, name: str) -> None:
    rule = RULES[name](game)
    batch = batch_for(rule)
    shapes = jax.eval_shape(lambda: rule.update(rule.init(jax.random.key(0), batch), batch)[1])
    wanted = {f"{player}/{metric}" for player in PLAYERS for metric in ("loss", "gradient_norm")}
    assert wanted <= set(shapes)
    assert all(shape.shape == () for shape in shapes.values())


def test_extragradient_with_sgd_is_two_plain_gradients(game: Game) -> None:
    sgd = dict.fromkeys(PLAYERS, optax.sgd(0.1))
    rule, plain = extragradient(game, sgd), simultaneous(game, sgd)
    batch = batch_for(rule)
    state = rule.init(jax.random.key(0), batch)
    plain_update = jax.jit(plain.update)
    ahead, _ = plain_update(state, batch)
    there, _ = plain_update(ahead.replace(step=state.step), batch)
    step = jax.tree.map(lambda x, y: y - x, ahead.variables, there.variables)
    end, _ = jax.jit(rule.update)(state, batch)
    for player in PLAYERS:
        expected = jax.tree.map(jnp.add, state.variables[player]["params"], step[player]["params"])
        for x, y in zip(
            jax.tree.leaves(end.variables[player]["params"]), jax.tree.leaves(expected), strict=True
        ):
            np.testing.assert_allclose(x, y, atol=1e-6)


def test_bad_settings_are_named(game: Game) -> None:
    with pytest.raises(ValueError, match=r"order is 3, but must be one of 2, 4\."):
        runge_kutta(game, 0.1, 3)
    with pytest.raises(ValueError, match=r"every is 0, but must be at least 1\."):
        lookahead_minimax(simultaneous(game, ADAM), 0)
    with pytest.raises(ValueError, match=r"optimizers has the keys"):
        extragradient(game, {GENERATOR: optax.sgd(0.1)})
    with pytest.raises(ValueError, match=r"steps is -1, but must be at least 0\."):
        unrolled(game, -1, optax.sgd(0.1))
    with pytest.raises(ValueError, match=r"rates has the keys"):
        drift_corrected(game, {GENERATOR: 0.1})
