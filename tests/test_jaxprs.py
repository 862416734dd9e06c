"""That what the jaxpr is said to show is so, and that a changed output is noticed."""

import jax
import jax.numpy as jnp
import optax
import pytest
from helpers import KEY, mlp_game, points
from jaxprs import equations, primitives, unchanged_outputs

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.rules import alternating
from jgan.rules.rule import move

X = jnp.ones(3)


def swapped(x, y):
    return {"first": y, "second": x, "sum": x + y}


@pytest.mark.parametrize(
    "wrap", [lambda f: f, jax.jit, jax.checkpoint, lambda f: jax.jit(jax.jit(f))]
)
def test_outputs_that_are_inputs(wrap):
    found = unchanged_outputs(wrap(swapped), X, X)
    assert found == {"['first']": "[1]", "['second']": "[0]"}


@pytest.mark.parametrize(
    "touch",
    [
        lambda x: x + 0,
        lambda x: x * 1,
        lambda x: jnp.where(x > 2, x, x),
        lambda x: jnp.ones(3),
        lambda x: jax.lax.fori_loop(0, 2, lambda _, y: y + 1, x),
        lambda x: jax.lax.stop_gradient(x) - 0.0,
    ],
)
def test_a_computed_output_is_not_called_unchanged(touch):
    assert unchanged_outputs(touch, X) == {}
    assert unchanged_outputs(jax.jit(touch), X) == {}


def test_branches_must_agree():
    both = lambda flag, x, y: jax.lax.cond(
        flag, lambda x, y: (x, x, y), lambda x, y: (x, y, y + 1), x, y
    )
    assert unchanged_outputs(both, True, X, X + 1) == {"[0]": "[1]"}


def test_a_move_that_touches_the_other_player_is_noticed():
    game, sgd = mlp_game(norm="spectral"), optax.sgd(0.1)
    state = jax.eval_shape(alternating(game, dict.fromkeys(PLAYERS, sgd)).init, KEY, points())

    def wrong(state):
        variables = move(game, GENERATOR, sgd, state, points(), KEY)[0].variables
        decay = jax.tree.map(lambda leaf: 0.9 * leaf, variables[DISCRIMINATOR]["params"])
        other = variables[DISCRIMINATOR] | {"params": decay}
        return variables | {DISCRIMINATOR: other}

    found = unchanged_outputs(wrong, state)
    assert any(f"['{DISCRIMINATOR}']['spectral']" in path for path in found)
    assert not any(f"['{DISCRIMINATOR}']['params']" in path for path in found)


def test_operations_of_inner_programs_are_found():
    program = lambda x: jax.lax.fori_loop(0, 2, lambda _, y: jax.jit(jnp.sin)(y), x)
    assert "sin" in primitives(program, X)
    assert "cos" not in primitives(program, X)
    assert len(list(equations(jax.make_jaxpr(jnp.sin)(X)))) == 1
