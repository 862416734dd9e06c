"""The groups of arguments that experiments share: what their optimizers do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.game import DISCRIMINATOR, GENERATOR
from jgan.training.usual_groups import Adam, LinearAdam, TwoRateAdam


@pytest.mark.parametrize("horizon", [0, 20])
def test_rates_fall_to_zero_over_the_horizon_or_stay(horizon: int) -> None:
    """Adam's step under a gradient that is always 1 is its learning rate."""
    optimizers = TwoRateAdam(lr=0.1, generator_lr=0.3, horizon=horizon).optimizers()
    assert Adam(horizon=horizon).optimizers().keys() == optimizers.keys()
    for player, rate in ((DISCRIMINATOR, 0.1), (GENERATOR, 0.3)):
        optimizer = optimizers[player]

        def step(state, _, optimizer=optimizer):
            update, state = optimizer.update(jnp.ones(()), state)
            return state, update

        updates = jax.lax.scan(step, optimizer.init(jnp.zeros(())), length=25)[1]
        steps = np.arange(25)
        falling = 0.5 * (1 + np.cos(np.pi * np.minimum(steps, 20) / 20))
        expected = -rate * (falling if horizon else np.ones(25))
        np.testing.assert_allclose(updates, expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("horizon", [0, 20])
def test_linear_rates_stay_for_one_half_and_fall_in_the_other(horizon: int) -> None:
    optimizer = LinearAdam(lr=0.1, horizon=horizon).optimizers()[GENERATOR]

    def step(state, _):
        update, state = optimizer.update(jnp.ones(()), state)
        return state, update

    updates = jax.lax.scan(step, optimizer.init(jnp.zeros(())), length=25)[1]
    falling = np.clip((20 - np.arange(25)) / 10, 0, 1)
    expected = -0.1 * (falling if horizon else np.ones(25))
    np.testing.assert_allclose(updates, expected, rtol=1e-3, atol=1e-6)
