"""Declared constants: held fixed under every derivative, recorded and replayed."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP, critic_game, linear, points

from jgan.game import DISCRIMINATOR
from jgan.scene.constants import constant, recording, replaying, taped
from jgan.terms.regularizers import lecam


def function(x):
    return constant("square", x**2) * x + constant("cube", x**3)


def test_they_have_no_derivative():
    x = jnp.array(3.0)
    assert float(function(x)) == 27.0 + 27.0
    assert float(jax.grad(function)(x)) == 9.0
    _, tangent = jax.jvp(function, (x,), (jnp.array(1.0),))
    assert float(tangent) == 9.0
    assert float(jax.jit(jax.grad(jax.grad(function)))(x)) == 0.0


def test_what_is_recorded_is_replayed():
    with recording() as found:
        function(jnp.array(3.0))
    assert [(name, float(value)) for name, value in found] == [("square", 9.0), ("cube", 27.0)]
    with replaying(found):
        assert float(function(jnp.array(5.0))) == 9 * 5 + 27
    assert float(function(jnp.array(2.0))) == 16
    # So that finite differences hold what the gradient holds.
    values = []
    for shift in (0.5, -0.5):
        with replaying(found):
            values.append(float(function(jnp.array(3.0 + shift))))
    assert values[0] - values[1] == float(jax.grad(function)(jnp.array(3.0)))


def test_a_recording_inside_a_derivative_has_values():
    with recording() as found:
        jax.grad(function)(jnp.array(3.0))
    assert [float(value) for _, value in found] == [9.0, 27.0]


def test_tapes_end_with_their_blocks():
    assert not taped()
    with recording() as outer:
        assert taped()
        with recording() as inner:
            constant("a", 1.0)
        constant("b", 2.0)
    assert not taped()
    assert (inner, outer) == ([("a", 1.0)], [("b", 2.0)])
    with pytest.raises(RuntimeError), recording():
        raise RuntimeError
    assert not taped()


def test_replaying_something_else_is_told():
    with recording() as found:
        function(jnp.array(3.0))
    with replaying(found), pytest.raises(ValueError, match="'cube' is declared where 'square' was"):
        constant("cube", 1.0)
    with (
        replaying(found[:1]),
        pytest.raises(ValueError, match="'cube' is declared, but only 1 were"),
    ):
        function(jnp.array(3.0))


def test_a_term_declares_its_running_means():
    game = critic_game(linear, jnp.ones(2), theta=jnp.zeros(2)).add(lecam(decay=0.0))
    batch = points(4)
    variables = game.init(KEY, batch)
    with recording() as found:
        _, aux = game.losses(variables, batch, KEY, STEP)[DISCRIMINATOR]
    ((name, means),) = found
    assert name == "lecam"
    np.testing.assert_allclose(means["real"], batch["image"].sum(1).mean(), rtol=1e-6)
    moved = {**variables, DISCRIMINATOR: {**variables[DISCRIMINATOR], "params": 5 * jnp.ones(2)}}
    with replaying(found):
        _, again = game.losses(moved, batch, KEY, STEP)[DISCRIMINATOR]
    for side in ("real", "fake"):
        held = (each.state["terms"]["lecam"][side] for each in (aux, again))
        np.testing.assert_array_equal(*held)
